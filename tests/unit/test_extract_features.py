"""Audio features: who is asked, in which order, and what becomes of what nobody knows."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.services.catalog import Catalog, an_id
from helpers.services.extracting import Extracting
from helpers.services.spotify import FakeSpotify
from soundlake.errors import UsageError

TRACKS = [an_id("track", number) for number in range(10)]


@pytest.fixture
def fake() -> Iterator[FakeSpotify]:
    with FakeSpotify(Catalog.of(10)) as server:
        yield server


def providers(extracting: Extracting) -> dict[str, str]:
    """Which provider each track's features came from."""
    return {r["payload"]["id"]: r["payload"]["provider"] for r in extracting.records("audio_features")}


def test_the_first_provider_that_knows_is_taken(fake: FakeSpotify, extracting: Extracting) -> None:
    del fake.catalog.features[TRACKS[0]]
    assert extracting.run("tracks", *TRACKS[1:], with_="features").is_well
    assert set(providers(extracting).values()) == {"spotify"}


def test_an_app_that_is_refused_is_not_asked_again(fake: FakeSpotify, extracting: Extracting) -> None:
    fake.generation = "new"
    extracting.run("tracks", *TRACKS[:5], with_="features")
    extracting.run("tracks", *TRACKS[5:], with_="features")
    assert len(fake.paths("^/v1/audio-features")) == 1
    assert providers(extracting) == dict.fromkeys(TRACKS, "reccobeats")


def test_answers_of_reccobeats_are_joined_on_the_id_in_their_address(fake: FakeSpotify, extracting: Extracting) -> None:
    fake.reccobeats_knows = {TRACKS[1], TRACKS[4]}
    extracting.run("tracks", *TRACKS, with_="features", sets=("extract.features=reccobeats",))
    records = extracting.records("audio_features")
    assert {r["payload"]["id"]: r["payload"]["reccobeats_id"] for r in records} == {
        track: f"own-{track}" for track in (TRACKS[1], TRACKS[4])
    }
    assert {r["source"] for r in records} == {"reccobeats"}


def test_what_nobody_knows_is_missing_and_no_failure(fake: FakeSpotify, extracting: Extracting) -> None:
    fake.reccobeats_knows = set(TRACKS[:7])
    fake.generation = "new"
    report = extracting.run("tracks", *TRACKS, with_="features")
    assert report.crawl.queues["audio_features"].count("missing") == 3
    assert any("3 missing: neither spotify nor reccobeats has them" in line for line in report.lines())
    assert report.is_well


def test_a_provider_that_fails_is_followed_by_the_next_and_what_is_left_is_tried_again(
    fake: FakeSpotify, extracting: Extracting
) -> None:
    fake.generation = "new"
    fake.fail("^/reccobeats", 500, times=2)
    report = extracting.run("tracks", *TRACKS, with_="features", sets=("extract.attempts=2",))
    assert report.crawl.queues["audio_features"].count("failed") == 10
    assert not report.is_well
    assert extracting.run("tracks", *TRACKS, with_="features").is_well
    assert providers(extracting) == dict.fromkeys(TRACKS, "reccobeats")


@pytest.mark.parametrize("status", [400, 403])
def test_a_provider_that_refuses_a_request_does_not_say_that_it_knows_no_track(
    fake: FakeSpotify, extracting: Extracting, status: int
) -> None:
    fake.fail("^/reccobeats", status, times=1)
    asked = ("extract.features=reccobeats",)
    report = extracting.run("tracks", *TRACKS, with_="features", sets=asked)
    assert report.crawl.queues["audio_features"].count("failed") == 10
    assert not report.is_well
    assert extracting.run("tracks", *TRACKS, with_="features", sets=asked).is_well
    assert providers(extracting) == dict.fromkeys(TRACKS, "reccobeats")


def test_nobody_is_asked_where_none_is_named(fake: FakeSpotify, extracting: Extracting) -> None:
    assert extracting.run("tracks", *TRACKS, with_="features", sets=("extract.features=none",)).is_well
    assert extracting.records("audio_features") == []
    assert fake.paths("features") == []


def test_features_are_not_asked_for_twice(fake: FakeSpotify, extracting: Extracting) -> None:
    for _ in range(2):
        extracting.run("tracks", *TRACKS, with_="features")
    assert len(fake.paths("features")) == 1
    assert len(extracting.records("audio_features")) == 20


@pytest.mark.parametrize("name", ["features.csv", "features.csv.gz", "features.parquet"])
def test_a_file_can_be_looked_up(extracting: Extracting, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rows = {"track_id": [TRACKS[2], "x"], "tempo": [99.5, 1.0], "key": [7, None], "artist": ["a", "b"]}
    if name.endswith(".parquet"):
        pq.write_table(pa.table(rows), path)
    else:
        text = f"track_id,tempo,key,artist\n{TRACKS[2]},99.5,7,a\nx,1.0,,b\n".encode()
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    sets = ("extract.features=lookup", f"extract.features_lookup={path}")
    extracting.run("tracks", *TRACKS, with_="features", sets=sets)
    (record,) = extracting.records("audio_features")
    assert record["payload"] == {"tempo": 99.5, "key": 7, "id": TRACKS[2], "provider": "lookup"}
    assert record["source"] == "lookup"


@pytest.mark.parametrize(
    ("sets", "problem"),
    [
        (("extract.features=spotify,nobody",), "extract.features: nobody: should be of"),
        (("extract.features=lookup",), "extract.features_lookup: needed"),
        (("extract.features=lookup", "extract.features_lookup=/nowhere.csv"), "cannot read /nowhere.csv"),
    ],
)
def test_wrong_settings_are_said_before_anything_is_asked(
    fake: FakeSpotify, extracting: Extracting, sets: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        extracting.run("tracks", *TRACKS, with_="features", sets=sets)
    assert fake.asked == []


def test_what_was_found_out_about_the_app_does_not_tell_its_id(fake: FakeSpotify, extracting: Extracting) -> None:
    fake.generation = "new"
    extracting.run("tracks", *TRACKS, with_="features")
    (facts,) = extracting.state.glob("app-*.json")
    assert set(json.loads(facts.read_text())["refused"]) == {"batch:track", "features:spotify"}
    assert "an-app" not in facts.name + facts.read_text()
