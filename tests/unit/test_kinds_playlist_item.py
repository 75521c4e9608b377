"""Playlist-item records."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from helpers.building import ARRIVAL, envelope, utc
from helpers.decoding import Read, read
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
def items() -> Read:
    records = {
        "before 2026": item(streams=1000),
        "after 2026": item(track=None, item=TRACK, streams=1000),
        "flag beside item": item(track=True, item=TRACK, streams=1000),
        "no entry": item(track=None),
        "local": item(track=LOCAL),
        "local with an id": item(track=LOCAL | {"id": "x"}),
        "episode": item(track=EPISODE),
        "episode as item": item(track=None, item=EPISODE),
        "types in capitals": item(track=TRACK | {"type": "Track"}),
        "episode in capitals": item(track={"id": "e1", "name": "Part 1", "type": "Episode"}),
        "uri of null": item(track=TRACK | {"id": None, "uri": "spotify:track:null"}),
        "id null as a text": item(track=TRACK | {"id": "null"}),
        "both": item(track={"id": "t1", "name": None}, item=TRACK | {"id": None}, streams=1000),
        "playlist id null as a text": item(playlist={"id": "null"}),
        "stamped in another zone": item() | {"fetched_at": "2026-03-01T17:00:00+09:00"},
        "stamped later": item() | {"fetched_at": "2026-03-01T08:00:01Z"},
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
    return read(KIND, records)


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


@pytest.mark.parametrize("name", ["after 2026", "flag beside item", "both"])
def test_since_2026_the_entry_is_called_item(items: Read, name: str) -> None:
    assert items.row(name) == items.row("before 2026")


def test_an_entry_whose_track_is_gone_keeps_its_row(items: Read) -> None:
    assert items.values("no entry", "position", "track_id", "track_name", "is_empty_marker") == (0, None, None, False)


@pytest.mark.parametrize("name", ["local", "local with an id"])
def test_a_local_file_keeps_its_row_without_a_track_id(items: Read, name: str) -> None:
    assert items.values(name, "track_id", "track_name", "artist_name") == (None, "Mine", None)


@pytest.mark.parametrize("name", ["episode", "episode as item", "episode in capitals"])
def test_an_episode_keeps_its_row_without_a_track_id(items: Read, name: str) -> None:
    assert items.values(name, "track_id", "track_name") == (None, "Part 1")


def test_a_track_in_capitals_is_a_track(items: Read) -> None:
    assert items.values("types in capitals", "track_id") == ("t1",)


@pytest.mark.parametrize("name", ["uri of null", "id null as a text"])
def test_an_entry_whose_id_is_null_has_no_track_id(items: Read, name: str) -> None:
    assert items.values(name, "track_id", "track_name") == (None, "A Title")


@pytest.mark.parametrize("name", ["no playlist", "playlist without id", "playlist id null as a text"])
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


def test_entries_of_one_stamp_belong_to_one_fetch(items: Read) -> None:
    fetches = [items.row(name)["fetch"] for name in ("before 2026", "stamped in another zone", "stamped later")]
    assert fetches[0] == fetches[1] != fetches[2]


def test_an_entry_is_one_value_as_a_whole(items: Read) -> None:
    assert items.marks["no entry"]["fields"] == items.marks["before 2026"]["fields"] == 0b11


def test_an_entry_is_known_by_its_place_in_its_fetch(items: Read) -> None:
    def ids(*names: str) -> int:
        return len({items.marks[name]["id"] for name in names})

    assert ids("before 2026", "after 2026", "stamped in another zone") == 1
    assert ids("before 2026", "stamped later", "no stamp") == 3


def test_an_entry_is_dated_by_the_day_of_its_fetch(items: Read) -> None:
    assert items.marks["before 2026"]["on_date"] == date(2026, 3, 1)
