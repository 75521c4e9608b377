"""The two streaming queries on real files, once; read back with another reader."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from helpers.reading import rows, silver
from helpers.records import envelope
from soundlake import stream
from soundlake.settings import Settings, load_settings
from soundlake.tables import BATCHES, EVENTS, PLAYLIST_ITEMS, PLAYS, REJECTED, TRACKS

TRACK = {"id": "t1", "name": "Song", "popularity": 40, "artists": [{"id": "a1", "name": "Singer"}]}
POLL = {
    "user_id": "user-001",
    "played_at": "2026-03-01T10:00:00.250Z",
    "track": {"id": "t1", "name": "Song", "uri": "spotify:track:t1", "type": "track"},
}
EXPORT = {
    "user_id": "user-001",
    "ts": "2026-03-01T10:00:00Z",
    "spotify_track_uri": "spotify:track:t1",
    "master_metadata_track_name": "Song",
    "ms_played": 1234,
    "ip_addr": "a personal field",
}


def entry(position: int, track: str, fetched_at: str, total: int = 2) -> dict[str, object]:
    playlist = {"id": "p1", "name": "List", "total": total}
    return envelope("playlist_item", {"playlist": playlist, "position": position, "track": {"id": track}}, fetched_at)


def land(folder: Path) -> None:
    """Files in every layout, some of them broken."""
    lines = [envelope("track", TRACK), envelope("track", {"id": "t2", "popularity": 150}), {"name": "no id"}]
    whole_fetch = [entry(0, "t1", "2026-03-01T06:00:00Z"), entry(1, "t2", "2026-03-01T06:00:00Z")]
    part_of_fetch = [entry(0, "t9", "2026-03-01T18:00:00Z")]
    concatenated = "".join(json.dumps(item) for item in whole_fetch + part_of_fetch)
    contents = {
        "tracks/lines.ndjson": "\n".join(json.dumps(line) for line in lines).encode(),
        "tracks/truncated.json": b'{"id": "t3", "name": "cut o',
        "tracks/picture.png": b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe",
        "plays/array.json.gz": gzip.compress(json.dumps([POLL, POLL, EXPORT], indent=1).encode()),
        "spotify.playlist_items/2026/firehose": concatenated.encode(),
    }
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("once")
    land(folder / "landed")
    return load_settings(sets=[f"source.files.path={folder / 'landed'}"], lake=str(folder / "lake"), env={})


@pytest.fixture(scope="module")
def lake(spark: SparkSession, settings: Settings) -> str:
    stream.run(spark, settings, once=True)
    return settings.lake.uri


def test_every_record_is_in_bronze_once(lake: str) -> None:
    places = Counter((row["partition"], row["position"]) for row in rows(lake, EVENTS))
    assert set(places.values()) == {1}
    assert Counter(partition for partition, _ in places) == {
        "lines.ndjson": 3,
        "truncated.json": 1,
        "picture.png": 1,
        "array.json.gz": 3,
        "2026/firehose": 3,
    }


def test_every_bronze_record_has_one_outcome(lake: str) -> None:
    batches = rows(lake, BATCHES)
    assert sum(batch["read"] for batch in batches) == len(rows(lake, EVENTS))
    for batch in batches:
        assert batch["read"] == batch["accepted"] + batch["duplicate"] + batch["stale"] + batch["rejected"]


def test_the_outcomes_of_each_kind_are_counted(lake: str) -> None:
    (batch,) = rows(lake, BATCHES)
    counts = {kind: tuple(count.values()) for kind, count in batch["by_kind"]}
    assert counts == {"track": (5, 2, 0, 0, 3), "play": (3, 2, 1, 0, 0), "playlist_item": (3, 3, 0, 0, 0)}


def test_broken_files_and_records_are_rejected_with_their_bytes(lake: str) -> None:
    rejected = {(row["partition"], row["position"]): (row["reason"], row["value"]) for row in rows(lake, REJECTED)}
    assert rejected == {
        ("lines.ndjson", "2"): ("missing_id", b'{"name": "no id"}'),
        ("truncated.json", "0"): ("not_json", b'{"id": "t3", "name": "cut o'),
        ("picture.png", "0"): ("not_utf8", b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe"),
    }


def test_an_impossible_value_is_nulled_and_the_record_kept(lake: str) -> None:
    assert {row["track_id"]: row["popularity"] for row in rows(lake, TRACKS)} == {"t1": 40, "t2": None}


def test_a_play_by_two_roads_is_one_play(lake: str) -> None:
    (play,) = rows(lake, PLAYS)
    assert play["played_at"] == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert (play["user_id"], play["track_id"], play["ms_played"]) == ("user-001", "t1", 1234)


def test_personal_fields_stay_in_bronze(lake: str) -> None:
    assert any(b"a personal field" in row["value"] for row in rows(lake, EVENTS))
    assert "a personal field" not in repr(silver(lake))


def test_the_days_last_complete_fetch_is_the_snapshot(lake: str) -> None:
    snapshot = {row["position"]: (row["snapshot_date"], row["track_id"]) for row in rows(lake, PLAYLIST_ITEMS)}
    assert snapshot == {0: (date(2026, 3, 1), "t1"), 1: (date(2026, 3, 1), "t2")}


def test_a_second_run_adds_nothing_and_a_new_file_is_taken(spark: SparkSession, settings: Settings, lake: str) -> None:
    before, read = silver(lake), len(rows(lake, EVENTS))
    stream.run(spark, settings, once=True)
    assert (silver(lake), len(rows(lake, EVENTS))) == (before, read)

    rest = entry(1, "t8", "2026-03-01T18:00:00Z")
    assert settings.source.files.path
    (Path(settings.source.files.path) / "spotify.playlist_items" / "rest.json").write_text(json.dumps(rest))
    stream.run(spark, settings, once=True)
    assert {row["position"]: row["track_id"] for row in rows(lake, PLAYLIST_ITEMS)} == {0: "t9", 1: "t8"}
    assert len(rows(lake, EVENTS)) == read + 1
