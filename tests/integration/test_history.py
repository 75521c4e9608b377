"""`history` as a user runs it: an export, a newer one, and another listener's, into one lake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers.listenings import Record, basic, extended
from helpers.reading import rows
from soundlake.catalog.query import ask, sql_of
from soundlake.settings import load_settings
from soundlake.tables import PLAYS

pytestmark = pytest.mark.slow

OLD = [extended(f"2026-09-{day:02} 10:00:00", f"t{day % 4}") for day in range(1, 11)]
NEW = [extended(f"2026-09-{day:02} 10:00:00", "new") for day in range(11, 14)]


@dataclass(frozen=True)
class Runs:
    """The lake, and what each run printed."""

    lake: Path
    first: str
    newer: str
    another: str


def package(path: Path, *plays: Record, name: str = "Streaming_History_Audio_2026_0") -> Path:
    with zipfile.ZipFile(path, "w") as written:
        written.writestr(f"my/{name}.json", json.dumps(plays))
    return path


def history(lake: Path, *words: str) -> str:
    command = [sys.executable, "-m", "soundlake.launch", "history", *words, "--lake", str(lake)]
    environment = {**os.environ, "COLUMNS": "120"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=lake.parent, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("history")
    lake = folder / "lake"
    first = history(lake, str(package(folder / "first.zip", *OLD)))
    newer = history(lake, str(package(folder / "newer.zip", *OLD, *NEW)))
    listened = [basic(f"2026-09-{day:02} 10:00", "hers") for day in range(1, 4)]
    named = package(folder / "another.zip", *listened, name="StreamingHistory_music_0")
    return Runs(lake, first, newer, history(lake, str(named), "--user", "ana"))


def test_an_export_becomes_plays_and_a_summary(runs: Runs) -> None:
    assert "The listening history of me" in runs.first
    assert "10 days, 2026-09-01 to 2026-09-10" in runs.first
    assert "Missing for more: how your music sounds (clusters); genres; recommendations" in runs.first
    assert f"soundlake dashboard --lake {runs.lake}" in runs.first.replace("\n", "")


def test_a_newer_export_adds_what_is_new(runs: Runs) -> None:
    assert "13 days, 2026-09-01 to 2026-09-13" in runs.newer
    assert sum(row["user_id"] == "me" for row in rows(runs.lake, PLAYS)) == len(OLD) + len(NEW)


def test_another_listener_has_a_history_in_the_same_lake(runs: Runs) -> None:
    assert "The listening history of ana" in runs.another
    assert sum(row["user_id"] == "ana" for row in rows(runs.lake, PLAYS)) == 3


def test_insights_are_built_of_it(runs: Runs) -> None:
    settings = load_settings(lake=str(runs.lake), env={})
    found = ask(settings, sql_of(settings, "listening_by_content_type"), None).rows.to_pylist()
    assert sum(row["plays"] for row in found) == len(OLD) + len(NEW) + 3
