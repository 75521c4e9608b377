"""A stream that is killed with SIGKILL anywhere, and started again, ends as one that was left in peace."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from faults.conftest import Told
from faults.dying_stream import POINTS
from faults.truth import Outcome
from helpers.reading import rows, silver
from helpers.records import envelope, stamp
from soundlake.tables import BATCHES, EVENTS, UNKNOWN_FIELDS

CHILD = Path(__file__).parent / "dying_stream.py"


def land(landed: Path, turn: int, records: list[dict[str, Any]]) -> None:
    for record in records:
        folder = landed / f"{record['kind']}s"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{turn}.ndjson").open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


def records(turn: int) -> list[dict[str, Any]]:
    """Tracks: some change, some are new, each turn has a field of its own; plays of which some come again."""
    tracks = [
        envelope(
            "track",
            {"id": f"t{number}", "name": f"{number} in {turn // (number % 2 + 1)}", f"new in {turn}": 1},
            stamp(turn),
        )
        for number in range(40 + 20 * turn)
    ]
    plays = [
        envelope("play", {"user_id": "u", "played_at": stamp(number % 24, 1 + number // 24), "track": {"id": "t1"}})
        for number in range(100 * turn, 150 + 100 * turn)
    ]
    return tracks + plays


def run(point: str, lake: Path, landed: Path) -> int:
    child = subprocess.Popen(
        [sys.executable, str(CHILD), point, str(lake), str(landed)],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ),
    )
    return child.wait(timeout=300)


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("landed")


@pytest.fixture(scope="module")
def first(landed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("first") / "lake"
    land(landed, 1, records(1))
    assert run("nowhere", lake, landed) == 0
    land(landed, 2, records(2))
    return lake


@pytest.fixture(scope="module")
def undisturbed(first: Path, landed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("undisturbed") / "lake"
    shutil.copytree(first, lake)
    assert run("nowhere", lake, landed) == 0
    return lake


def places(lake: Path) -> Counter[tuple[Any, ...]]:
    return Counter((row["stream"], row["partition"], row["position"], row["value"]) for row in rows(lake, EVENTS))


def accounts(lake: Path) -> list[tuple[Any, ...]]:
    counted = ("batch_id", "read", "accepted", "duplicate", "stale", "rejected")
    return sorted(tuple(row[name] for name in counted) for row in rows(lake, BATCHES))


def reported(lake: Path) -> list[tuple[str, ...]]:
    return sorted((row["kind"], row["field"], row["position"]) for row in rows(lake, UNKNOWN_FIELDS))


@pytest.mark.faults
@pytest.mark.parametrize("point", POINTS)
def test_killed_when(point: str, first: Path, undisturbed: Path, landed: Path, tmp_path: Path, told: Told) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(first, lake)
    assert run(point, lake, landed) == -signal.SIGKILL
    assert run("nowhere", lake, landed) == 0
    sent = Counter(value for turn in (1, 2) for value in _sent(landed, turn))
    found = Counter(place[-1] for place in places(lake).elements())
    told(f"`kill -9` when {point}", 1, Outcome(sent.total(), (sent - found).total(), (found - sent).total()))
    assert places(lake) == places(undisturbed)
    assert silver(lake) == silver(undisturbed)
    assert accounts(lake) == accounts(undisturbed)
    assert reported(lake) == reported(undisturbed)


def _sent(landed: Path, turn: int) -> list[bytes]:
    return [line for file in landed.glob(f"*/{turn}.ndjson") for line in file.read_bytes().splitlines()]
