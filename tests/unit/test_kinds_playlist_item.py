"""Playlist-item records."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession
from records import ARRIVAL, Read, envelope, read, utc

from soundlake.kinds.playlist_item import KIND

PLAYLIST = {"id": "p1", "name": "A List", "snapshot_id": "AAAA", "total": 3}
TRACK: dict[str, Any] = {
    "id": "t1",
    "name": "A Title",
    "uri": "spotify:track:t1",
    "type": "track",
    "is_local": False,
    "artists": [{"id": "a1", "name": "First"}, {"id": "a2", "name": "Second"}],
    "album": {"id": "b1", "name": "An Album"},
}
LOCAL: dict[str, Any] = {
    "id": None,
    "name": "Mine",
    "uri": "spotify:local:::Mine:61",
    "type": "track",
    "is_local": True,
    "artists": [],
}
EPISODE = {"id": "e1", "name": "Part 1", "uri": "spotify:episode:e1", "type": "episode"}


def item(**fields: object) -> dict[str, Any]:
    payload = {"playlist": PLAYLIST, "position": 0, "added_at": "2026-01-02T03:04:05Z", "track": TRACK}
    return envelope("playlist_item", payload | fields, market="JP")


@pytest.fixture(scope="module")
def items(spark: SparkSession) -> Read:
    records = {
        "before 2026": item(streams=1000),
        "after 2026": item(track=None, item=TRACK, streams=1000),
        "flag beside item": item(track=True, item=TRACK, streams=1000),
        "no entry": item(track=None),
        "local": item(track=LOCAL),
        "local with an id": item(track=LOCAL | {"id": "x"}),
        "episode": item(track=EPISODE),
        "episode as item": item(track=None, item=EPISODE),
        "no playlist": item(playlist=None),
        "playlist without id": item(playlist={"name": "A List"}),
        "playlist id as number": item(playlist={"id": 5}),
        "no position": item(position=None),
        "position as text": item(position="0"),
        "negative position": item(position=-1),
        "half position": item(position=0.5),
        "empty marker": item(playlist=PLAYLIST | {"total": 0}, position=None, track=None, added_at=None),
        "total 0 with a track": item(playlist=PLAYLIST | {"total": 0}),
        "negative streams": item(streams=-1),
        "added 1970": item(added_at="1970-01-01T00:00:00Z"),
        "added never": item(added_at="NA"),
        "no total": item(playlist={"id": "p1"}),
        "no stamp": item() | {"fetched_at": None},
        "unreadable stamp": item() | {"fetched_at": "NA"},
    }
    return read(spark, KIND, records)


def test_a_full_record_fills_every_column(items: Read) -> None:
    assert items.row("before 2026") == {
        "playlist_id": "p1",
        "playlist_name": "A List",
        "snapshot_date": date(2026, 3, 1),
        "position": 0,
        "track_id": "t1",
        "track_name": "A Title",
        "artist_id": "a1",
        "artist_name": "First",
        "album_id": "b1",
        "album_name": "An Album",
        "market": "JP",
        "streams": 1000,
        "added_at": utc("2026-01-02T03:04:05Z"),
        "fetched_at": utc("2026-03-01T08:00:00Z"),
        "source": "spotify-api",
        "fetch": items.row("before 2026")["fetch"],
        "total": 3,
        "is_empty_marker": False,
    }


@pytest.mark.parametrize("name", ["after 2026", "flag beside item"])
def test_since_2026_the_entry_is_called_item(items: Read, name: str) -> None:
    assert items.row(name) == items.row("before 2026")


def test_an_entry_whose_track_is_gone_keeps_its_row(items: Read) -> None:
    assert items.values("no entry", "position", "track_id", "track_name", "is_empty_marker") == (0, None, None, False)


@pytest.mark.parametrize("name", ["local", "local with an id"])
def test_a_local_file_keeps_its_row_without_a_track_id(items: Read, name: str) -> None:
    assert items.values(name, "track_id", "track_name", "artist_name") == (None, "Mine", None)


@pytest.mark.parametrize("name", ["episode", "episode as item"])
def test_an_episode_keeps_its_row_without_a_track_id(items: Read, name: str) -> None:
    assert items.values(name, "track_id", "track_name") == (None, "Part 1")


@pytest.mark.parametrize("name", ["no playlist", "playlist without id"])
def test_an_entry_without_playlist_is_rejected(items: Read, name: str) -> None:
    assert items.reason(name) == "missing_playlist"


def test_a_playlist_id_of_the_wrong_type_is_rejected(items: Read) -> None:
    assert items.reason("playlist id as number") == "wrong_type"


@pytest.mark.parametrize("name", ["no position", "position as text", "negative position", "half position"])
def test_an_entry_without_a_place_is_rejected(items: Read, name: str) -> None:
    assert items.reason(name) == "missing_position"


def test_total_0_without_a_track_says_that_the_playlist_is_empty(items: Read) -> None:
    assert items.values("empty marker", "playlist_id", "is_empty_marker", "total") == ("p1", True, 0)


def test_total_0_with_a_track_is_an_entry(items: Read) -> None:
    assert items.values("total 0 with a track", "is_empty_marker", "track_id") == (False, "t1")


def test_negative_streams_are_nulled(items: Read) -> None:
    assert items.values("negative streams", "track_id", "streams") == ("t1", None)


def test_an_entry_added_in_1970_is_kept(items: Read) -> None:
    assert items.values("added 1970", "added_at") == (utc("1970-01-01T00:00:00Z"),)


def test_an_unreadable_added_at_is_nulled(items: Read) -> None:
    assert items.values("added never", "track_id", "added_at") == ("t1", None)


def test_a_total_may_be_missing(items: Read) -> None:
    assert items.values("no total", "playlist_id", "total") == ("p1", None)


@pytest.mark.parametrize("name", ["no stamp", "unreadable stamp"])
def test_an_entry_without_a_stamp_belongs_to_its_arrival_date(items: Read, name: str) -> None:
    columns = ("snapshot_date", "fetched_at", "fetch")
    assert items.values(name, *columns) == (date(2026, 3, 2), ARRIVAL, "arrived 2026-03-02")
