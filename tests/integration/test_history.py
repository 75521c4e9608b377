"""`history` as a user runs it: an export, a newer one, and another listener's, into one lake."""

from __future__ import annotations

import json
import os
import shutil
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
class Run:
    """A lake, and what the last run printed."""

    lake: Path
    said: str


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
def first(tmp_path_factory: pytest.TempPathFactory) -> Run:
    lake = tmp_path_factory.mktemp("first") / "lake"
    return Run(lake, history(lake, str(package(lake.with_name("first.zip"), *OLD))))


@pytest.fixture(scope="module")
def newer(first: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A newer export, into a copy of the lake, for other tests read the first."""
    lake = shutil.copytree(first.lake, tmp_path_factory.mktemp("newer") / "lake")
    return Run(lake, history(lake, str(package(lake.with_name("newer.zip"), *OLD, *NEW))))


def test_an_export_becomes_plays_and_a_summary(first: Run) -> None:
    assert "The listening history of me" in first.said
    assert "10 days, 2026-09-01 to 2026-09-10" in first.said
    assert "Missing for more: how your music sounds (clusters); genres; recommendations" in first.said
    assert f"soundlake dashboard --lake {first.lake}" in first.said.replace("\n", "")


def test_insights_are_built_of_it(first: Run) -> None:
    assert played(first.lake) == len(OLD)


@pytest.mark.nightly
def test_a_newer_export_adds_what_is_new(newer: Run) -> None:
    assert "13 days, 2026-09-01 to 2026-09-13" in newer.said
    assert len(rows(newer.lake, PLAYS)) == played(newer.lake) == len(OLD) + len(NEW)


@pytest.mark.nightly
def test_another_listener_has_a_history_in_the_same_lake(newer: Run, tmp_path: Path) -> None:
    listened = [basic(f"2026-09-{day:02} 10:00", "hers") for day in range(1, 4)]
    named = package(tmp_path / "another.zip", *listened, name="StreamingHistory_music_0")
    before, said = played(newer.lake), history(newer.lake, str(named), "--user", "ana")
    assert "The listening history of ana" in said
    assert sum(row["user_id"] == "ana" for row in rows(newer.lake, PLAYS)) == 3
    assert played(newer.lake) == before + 3


def played(lake: Path) -> int:
    """The plays of an insight."""
    settings = load_settings(lake=str(lake), env={})
    found = ask(settings, sql_of(settings, "listening_by_content_type"), None).rows.to_pylist()
    return sum(row["plays"] for row in found)
