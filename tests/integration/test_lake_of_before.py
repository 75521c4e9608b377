"""A lake that version 0.1 wrote is refused, and taken over by a rebuild."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from helpers.building import envelope
from helpers.reading import rows
from helpers.tar import unpack
from soundlake import stream
from soundlake.errors import SoundlakeError
from soundlake.lake import Lake
from soundlake.ops.rebuild import rebuild
from soundlake.settings import Settings, load_settings
from soundlake.tables import ARTISTS, BATCHES, EVENTS, PLAYLIST_ITEMS, PLAYS, POPULARITY_HISTORY, TRACKS

KEPT = Path(__file__).parents[1] / "data" / "lake-0.1.tar.gz"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A lake of two runs: a track and an artist came twice, the second time with another name and popularity."""
    folder = tmp_path_factory.mktemp("before")
    unpack(KEPT, folder / "lake")
    (folder / "landed" / "tracks").mkdir(parents=True)
    sets = [f"source.files.path={folder / 'landed'}"]
    return load_settings(sets=sets, lake=str(folder / "lake"), env={})


def test_it_is_refused_with_what_to_do(spark: SparkSession, settings: Settings) -> None:
    before = rows(Path(settings.lake.uri), TRACKS)
    with pytest.raises(SoundlakeError, match=r"earlier version of Soundlake.*the job rebuild"):
        stream.run(spark, settings, once=True)
    assert rows(Path(settings.lake.uri), TRACKS) == before


@pytest.fixture(scope="module")
def rebuilt(spark: SparkSession, settings: Settings) -> Path:
    rebuild(spark, Lake(settings.lake.uri), settings, lambda: None, lambda _: None)
    return Path(settings.lake.uri)


def test_a_rebuild_makes_of_its_bronze_what_it_held(rebuilt: Path) -> None:
    assert {row["track_id"]: row["track_name"] for row in rows(rebuilt, TRACKS)} == {"t1": "One, renamed", "t2": "Two"}
    assert [(row["artist_name"], row["popularity"]) for row in rows(rebuilt, ARTISTS)] == [("Singer", 51)]
    assert [(row["user_id"], row["track_id"]) for row in rows(rebuilt, PLAYS)] == [("user-001", "t1")]
    assert [(row["position"], row["track_id"]) for row in rows(rebuilt, PLAYLIST_ITEMS)] == [(0, "t1")]
    assert len(rows(rebuilt, POPULARITY_HISTORY)) == 5
    assert len(rows(rebuilt, EVENTS)) == 12


def test_the_stream_goes_on_behind_it(spark: SparkSession, settings: Settings, rebuilt: Path) -> None:
    assert settings.source.files.path
    file = Path(settings.source.files.path) / "tracks" / "more.json"
    file.write_text(json.dumps(envelope("track", {"id": "t3", "name": "Three"})))
    stream.run(spark, settings, once=True)
    assert {row["track_id"] for row in rows(rebuilt, TRACKS)} == {"t1", "t2", "t3"}
    assert sum(row["read"] for row in rows(rebuilt, BATCHES) if row["query"] in ("rebuild", "refine")) == 12 + 12 + 1
