"""Playlist records."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.building import envelope
from helpers.decoding import Read, read
from soundlake.kinds.playlist import KIND

COMMON: dict[str, Any] = {
    "id": "p1",
    "name": "A List",
    "owner": {"id": "someone", "display_name": "Someone"},
    "description": "",
    "public": False,
    "snapshot_id": "AAAA",
}


@pytest.fixture(scope="module")
def playlists() -> Read:
    records = {
        "before 2026": envelope("playlist", COMMON | {"tracks": {"total": 50}, "followers": {"total": 7}}),
        "after 2026": envelope("playlist", COMMON | {"items": {"total": 50}}),
        "both": COMMON | {"items": {"total": 50}, "tracks": None},
        "with entries": COMMON | {"tracks": {"total": 1, "items": [{"track": {"id": "t1"}}]}},
        "only an id": {"id": "p1"},
        "no id": {"name": "A List"},
        "public as a text": COMMON | {"public": "yes"},
        "negative followers": COMMON | {"followers": {"total": -7}},
        "total as a text": COMMON | {"tracks": {"total": "50"}},
    }
    return read(KIND, records)


def test_a_full_record_fills_every_column(playlists: Read) -> None:
    assert playlists.row("before 2026") == {
        "playlist_id": "p1",
        "playlist_name": "A List",
        "owner_id": "someone",
        "description": "",
        "public": False,
        "followers": 7,
        "total_tracks": 50,
        "snapshot_id": "AAAA",
        "source": "spotify-api",
    }


def test_since_2026_the_entries_are_called_items(playlists: Read) -> None:
    assert playlists.row("after 2026") == playlists.row("before 2026") | {"followers": None}


@pytest.mark.parametrize(("name", "total"), [("both", 50), ("with entries", 1)])
def test_the_total_is_read_from_whichever_shape_has_it(playlists: Read, name: str, total: int) -> None:
    assert playlists.values(name, "total_tracks") == (total,)


def test_every_field_but_the_id_may_be_missing(playlists: Read) -> None:
    assert playlists.row("only an id") == dict.fromkeys(playlists.row("before 2026")) | {"playlist_id": "p1"}


def test_a_record_without_id_is_rejected(playlists: Read) -> None:
    assert playlists.reason("no id") == "missing_id"


@pytest.mark.parametrize(
    ("name", "column"),
    [("public as a text", "public"), ("negative followers", "followers"), ("total as a text", "total_tracks")],
)
def test_an_impossible_value_is_nulled(playlists: Read, name: str, column: str) -> None:
    assert playlists.values(name, "playlist_name", column) == ("A List", None)
