"""The Lambda function: its archive alone, in a clean interpreter, against the fake Spotify."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from helpers.services.catalog import Catalog
from helpers.services.extracting import APP, Extracting
from helpers.services.spotify import FakeSpotify
from soundlake.errors import SoundlakeError, UsageError
from soundlake.launch import lambda_archive
from soundlake.launch.lambda_archive import LIBRARIES, build, from_index

TRACKS = 120

# What Lambda does: it puts the archive on the path, imports the handler by its name, and tells it what time is left.
INVOCATION = """
import json, sys
sys.path.insert(0, sys.argv[1])
from importlib import import_module
handler = import_module("soundlake.extract.scheduled").handler

class Context:
    def get_remaining_time_in_millis(self):
        return int(sys.argv[3])

report = handler(json.loads(sys.argv[2]), Context())
foreign = sorted({"pyspark", "delta", "duckdb", "deltalake", "pandas"} & set(sys.modules))
print(json.dumps({"report": report, "foreign": foreign, "path": sys.path}))
"""


def from_here(names: Sequence[str], folder: Path) -> None:
    """Gather libraries from the running environment instead of the index: those named, and what they ask for."""
    for name in sorted(closure(names)):
        for file in distribution(name).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).symlink_to(file.locate())


def closure(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            needs = map(Requirement, distribution(name).requires or ())
            waiting += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lambda")
    archive = build(folder / "soundlake-extract.zip", from_here, level=1)
    with zipfile.ZipFile(archive.path) as file:
        file.extractall(folder / "task")
    return folder / "task"


@pytest.fixture
def fake() -> Iterator[FakeSpotify]:
    with FakeSpotify(Catalog.of(TRACKS)) as server:
        yield server


def invoke(unpacked: Path, extracting: Extracting, event: dict[str, Any], seconds: float = 300) -> dict[str, Any]:
    """One invocation, in an interpreter that sees the archive and the standard library only."""
    told = [one.partition("=") for one in extracting.sets]
    settings = {f"SOUNDLAKE_{key.upper().replace('.', '__')}": value for key, _, value in told}
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", INVOCATION, str(unpacked), json.dumps(event), str(int(seconds * 1000))],
        env={**APP, **settings, "PATH": "/usr/bin:/bin"},
        cwd=unpacked.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return answer


def test_the_archive_alone_extracts_a_playlist(unpacked: Path, extracting: Extracting, playlist: str) -> None:
    event = {"command": "playlists", "ids": [playlist], "with": "tracks,features"}
    answer = invoke(unpacked, extracting, event)
    assert answer["report"]["is_well"]
    assert len(extracting.ids("track")) == TRACKS
    assert len(extracting.records("playlist_item")) == TRACKS


def test_neither_spark_nor_what_is_installed_here_is_used(
    unpacked: Path, extracting: Extracting, playlist: str
) -> None:
    answer = invoke(unpacked, extracting, {"ids": [playlist], "with": "none"})
    assert answer["foreign"] == []
    assert not [path for path in answer["path"] if "site-packages" in path]
    assert not (unpacked / "pyspark").exists()


def test_a_crawl_stops_in_time_and_the_next_invocation_goes_on(
    unpacked: Path, extracting: Extracting, fake: FakeSpotify, playlist: str
) -> None:
    event = {"command": "playlists", "ids": [playlist], "with": "none"}
    fake.before = lambda asked: time.sleep(1.5) if asked.path.endswith(("/tracks", "/items")) else None
    first = invoke(unpacked, extracting, event, seconds=31)["report"]
    assert first["stages"]["playlist"]["left"] == 1
    assert 0 < len(extracting.records("playlist_item")) < TRACKS
    fake.before = lambda asked: None
    second = invoke(unpacked, extracting, event)["report"]
    assert (second["stopped"], second["is_well"]) == (None, True)
    assert second["fetched_at"] == first["fetched_at"]
    positions = [record["payload"]["position"] for record in extracting.records("playlist_item")]
    assert sorted(set(positions)) == list(range(TRACKS))


@pytest.mark.parametrize("module", ["soundlake.publishers.kafka", "soundlake.publishers.kinesis", "boto3"])
def test_all_ways_out_are_in_the_archive(unpacked: Path, module: str) -> None:
    code = f"import sys; sys.path.insert(0, sys.argv[1]); import {module}"
    subprocess.run([sys.executable, "-I", "-S", "-c", code, str(unpacked)], check=True, timeout=60)


def nothing(names: Sequence[str], folder: Path) -> None:
    """A gathering of no library."""


def test_equal_files_make_an_equal_archive(tmp_path: Path) -> None:
    first, second = (build(tmp_path / name, nothing).path.read_bytes() for name in ("first.zip", "second.zip"))
    assert first == second


def test_an_archive_that_lambda_would_refuse_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_archive, "MOST_BYTES", 1000)
    with pytest.raises(SoundlakeError, match="Lambda takes 1,000"):
        build(tmp_path / "x.zip", nothing)
    assert list(tmp_path.iterdir()) == []


def test_more_libraries_may_be_put_in(tmp_path: Path) -> None:
    asked: list[str] = []
    build(tmp_path / "x.zip", lambda names, folder: asked.extend(names), ["pyarrow"])
    assert asked == [*LIBRARIES, "pyarrow"]


def test_a_library_that_pip_does_not_get_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(SoundlakeError, match=r"pip could not gather orjson for Python 3\.13 on arm64"):
        from_index("3.13", "arm64")(["orjson"], tmp_path)


def test_a_version_of_python_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="should be a version"):
        from_index("python3", "arm64")
