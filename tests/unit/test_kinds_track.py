"""Track records."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from helpers.building import envelope
from helpers.decoding import Read, read
from soundlake.kinds.track import KIND

BEFORE_2026: dict[str, Any] = {
    "id": "t1",
    "name": "A Title",
    "uri": "spotify:track:t1",
    "is_local": False,
    "type": "track",
    "artists": [{"id": "a1", "name": "First"}, {"id": "a2", "name": "Second"}],
    "album": {"id": "b1", "name": "An Album", "release_date": "1981-12", "release_date_precision": "month"},
    "available_markets": ["JP"],
    "duration_ms": 204053,
    "explicit": True,
    "external_ids": {"isrc": "JPA012345678"},
    "popularity": 57,
}
AFTER_2026 = {k: v for k, v in BEFORE_2026.items() if k not in ("popularity", "available_markets", "external_ids")}


@pytest.fixture(scope="module")
def tracks() -> Read:
    records = {
        "before 2026": envelope("track", BEFORE_2026),
        "after 2026": envelope("track", AFTER_2026),
        "bare": BEFORE_2026,
        "only an id": {"id": "t1"},
        "all null": dict.fromkeys(BEFORE_2026) | {"id": "t1"},
        "no id": {"name": "A Title"},
        "id null": {"id": None, "name": "A Title"},
        "id blank": {"id": " ", "name": "A Title"},
        "id null as a text": {"id": "null", "name": "A Title", "uri": "spotify:track:null"},
        "ids null as texts": {"id": "t1", "artists": [{"id": "null", "name": "Mine"}], "album": {"id": "null"}},
        "local file": {"id": None, "name": "Mine", "is_local": True, "uri": "spotify:local:::Mine:61"},
        "local uri": {"id": "x", "name": "Mine", "uri": "spotify:local:::Mine:61"},
        "no artists": {"id": "t1", "artists": []},
        "artist without id": {"id": "t1", "artists": [{"id": None, "name": "Mine"}, {"id": "a2", "name": "B"}]},
        "popularity of 101": {"id": "t1", "name": "A Title", "popularity": 101},
        "negative duration": {"id": "t1", "name": "A Title", "duration_ms": -1},
        "year 0": {"id": "t1", "album": {"id": "b1", "release_date": "0000", "release_date_precision": "year"}},
        "blank album id": {"id": "t1", "album": {"id": "", "name": "An Album"}},
    }
    return read(KIND, records)


def test_a_full_record_fills_every_column(tracks: Read) -> None:
    assert tracks.row("before 2026") == {
        "track_id": "t1",
        "track_name": "A Title",
        "artist_id": "a1",
        "artist_name": "First",
        "artist_ids": ["a1", "a2"],
        "artist_names": ["First", "Second"],
        "album_id": "b1",
        "album_name": "An Album",
        "duration_ms": 204053,
        "explicit": True,
        "popularity": 57,
        "isrc": "JPA012345678",
        "release_date": date(1981, 12, 1),
        "release_date_precision": "month",
        "source": "spotify-api",
    }


def test_what_the_api_no_longer_gives_is_null(tracks: Read) -> None:
    full = tracks.row("before 2026")
    assert tracks.row("after 2026") == full | {"popularity": None, "isrc": None}


def test_a_bare_object_is_read_like_one_in_an_envelope(tracks: Read) -> None:
    assert tracks.row("bare") == tracks.row("before 2026") | {"source": None}


@pytest.mark.parametrize("name", ["only an id", "all null"])
def test_every_field_but_the_id_may_be_missing_or_null(tracks: Read, name: str) -> None:
    assert tracks.row(name) == dict.fromkeys(tracks.row("before 2026")) | {"track_id": "t1"}


@pytest.mark.parametrize("name", ["no id", "id null", "id blank", "id null as a text"])
def test_a_record_without_id_is_rejected(tracks: Read, name: str) -> None:
    assert tracks.reason(name) == "missing_id"


@pytest.mark.parametrize("name", ["local file", "local uri"])
def test_a_local_file_is_rejected(tracks: Read, name: str) -> None:
    assert tracks.reason(name) == "local_file"


def test_an_empty_list_of_artists_is_a_value(tracks: Read) -> None:
    assert tracks.values("no artists", "artist_id", "artist_ids", "artist_names") == (None, [], [])


def test_a_first_artist_without_id_keeps_its_place(tracks: Read) -> None:
    columns = ("artist_id", "artist_name", "artist_ids", "artist_names")
    assert tracks.values("artist without id", *columns) == (None, "Mine", [None, "a2"], ["Mine", "B"])


def test_an_impossible_popularity_is_nulled(tracks: Read) -> None:
    assert tracks.values("popularity of 101", "track_name", "popularity") == ("A Title", None)


def test_a_negative_duration_is_nulled(tracks: Read) -> None:
    assert tracks.values("negative duration", "track_name", "duration_ms") == ("A Title", None)


def test_a_release_before_year_1_is_nulled_with_its_precision(tracks: Read) -> None:
    columns = ("album_id", "release_date", "release_date_precision")
    assert tracks.values("year 0", *columns) == ("b1", None, None)


def test_a_blank_album_id_is_null(tracks: Read) -> None:
    assert tracks.values("blank album id", "album_id", "album_name") == (None, "An Album")


def test_an_id_that_is_the_text_null_is_null(tracks: Read) -> None:
    assert tracks.values("ids null as texts", "artist_id", "artist_ids", "album_id") == (None, [None], None)
