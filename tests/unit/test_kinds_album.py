"""Album records."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from helpers.building import envelope
from helpers.decoding import Read, read
from soundlake.kinds.album import KIND

BEFORE_2026: dict[str, Any] = {
    "id": "b1",
    "name": "An Album",
    "album_type": "compilation",
    "artists": [{"id": "a1", "name": "First"}, {"id": "a2", "name": "Second"}],
    "release_date": "1981",
    "release_date_precision": "year",
    "total_tracks": 9,
    "popularity": 40,
    "label": "A Label",
    "genres": [],
    "images": [{"url": f"https://i.scdn.co/image/{width}", "width": width} for width in (640, 300, 64)],
}

HOST = "https://i.scdn.co/image"
# The images of a record, and which of them is the cover: on pages it is small.
COVERS: dict[str, tuple[Any, str | None]] = {
    "three sizes": (
        [{"url": f"{HOST}/{width}", "width": width, "height": width} for width in (640, 300, 64)],
        f"{HOST}/300",
    ),
    "no width": ([{"url": f"{HOST}/first", "width": None}, {"url": f"{HOST}/second"}], f"{HOST}/first"),
    "one that is small": ([{"url": f"{HOST}/64", "width": 64}], f"{HOST}/64"),
    "not over TLS": ([{"url": "http://i.scdn.co/image/640", "width": 640}], None),
    "no address": ([{"width": 640}, {"url": 7}, None], None),
    "no images": ([], None),
    "images as a text": ("none", None),
}


@pytest.fixture(scope="module")
def albums() -> Read:
    records = {
        "before 2026": envelope("album", BEFORE_2026),
        "after 2026": envelope("album", {k: v for k, v in BEFORE_2026.items() if k not in ("popularity", "label")}),
        "only an id": {"id": "b1"},
        "no id": {"name": "An Album"},
        "american date": {"id": "b1", "name": "An Album", "release_date": "12/8/2017", "release_date_precision": "day"},
        "date without precision": {"id": "b1", "release_date": "2017-08"},
        "negative total": {"id": "b1", "name": "An Album", "total_tracks": -1},
        "total beyond int": {"id": "b1", "name": "An Album", "total_tracks": 2**31},
        "popularity of 101": {"id": "b1", "name": "An Album", "popularity": 101},
        **{name: {"id": "b1", "images": images} for name, (images, _) in COVERS.items()},
    }
    return read(KIND, records)


def test_a_full_record_fills_every_column(albums: Read) -> None:
    assert albums.row("before 2026") == {
        "album_id": "b1",
        "album_name": "An Album",
        "album_type": "compilation",
        "artist_id": "a1",
        "artist_name": "First",
        "artist_ids": ["a1", "a2"],
        "artist_names": ["First", "Second"],
        "release_date": date(1981, 1, 1),
        "release_date_precision": "year",
        "total_tracks": 9,
        "popularity": 40,
        "label": "A Label",
        "genres": [],
        "cover_url": f"{HOST}/300",
        "source": "spotify-api",
    }


def test_what_the_api_no_longer_gives_is_null(albums: Read) -> None:
    assert albums.row("after 2026") == albums.row("before 2026") | {"popularity": None, "label": None}


def test_every_field_but_the_id_may_be_missing(albums: Read) -> None:
    assert albums.row("only an id") == dict.fromkeys(albums.row("before 2026")) | {"album_id": "b1"}


def test_a_record_without_id_is_rejected(albums: Read) -> None:
    assert albums.reason("no id") == "missing_id"


def test_an_unreadable_date_is_nulled_with_its_precision(albums: Read) -> None:
    columns = ("album_name", "release_date", "release_date_precision")
    assert albums.values("american date", *columns) == ("An Album", None, None)


def test_a_date_without_precision_gets_the_one_it_has(albums: Read) -> None:
    columns = ("release_date", "release_date_precision")
    assert albums.values("date without precision", *columns) == (date(2017, 8, 1), "month")


@pytest.mark.parametrize("name", ["negative total", "total beyond int"])
def test_a_number_of_tracks_that_is_impossible_is_nulled(albums: Read, name: str) -> None:
    assert albums.values(name, "album_name", "total_tracks") == ("An Album", None)


def test_an_impossible_popularity_is_nulled(albums: Read) -> None:
    assert albums.values("popularity of 101", "album_name", "popularity") == ("An Album", None)


@pytest.mark.parametrize("name", COVERS)
def test_the_cover_is_the_smallest_image_that_is_not_tiny(albums: Read, name: str) -> None:
    assert albums.row(name)["cover_url"] == COVERS[name][1]
