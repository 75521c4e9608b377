"""Artist records."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.building import envelope
from helpers.decoding import Read, read
from soundlake.kinds.artist import KIND

BEFORE_2026: dict[str, Any] = {
    "id": "a1",
    "name": "An Artist",
    "genres": ["j-pop", "city pop"],
    "popularity": 80,
    "followers": {"href": None, "total": 1234567},
}


@pytest.fixture(scope="module")
def artists() -> Read:
    records = {
        "before 2026": envelope("artist", BEFORE_2026),
        "after 2026": envelope("artist", {"id": "a1", "name": "An Artist", "genres": []}),
        "only an id": {"id": "a1"},
        "no id": {"name": "An Artist"},
        "genre from a playlist": {"id": "a1", "genres": ["pop"], "genre_source": "playlist"},
        "negative followers": {"id": "a1", "name": "An Artist", "followers": {"total": -1}},
        "followers as a number": {"id": "a1", "name": "An Artist", "followers": 12},
        "genres as a text": {"id": "a1", "name": "An Artist", "genres": "pop"},
        "negative popularity": {"id": "a1", "name": "An Artist", "popularity": -1},
    }
    return read(KIND, records)


def test_a_full_record_fills_every_column(artists: Read) -> None:
    assert artists.row("before 2026") == {
        "artist_id": "a1",
        "artist_name": "An Artist",
        "genres": ["j-pop", "city pop"],
        "popularity": 80,
        "followers": 1234567,
        "source": "spotify-api",
        "genre_source": None,
    }


def test_what_the_api_no_longer_gives_is_null(artists: Read) -> None:
    assert artists.values("after 2026", "artist_name", "popularity", "followers") == ("An Artist", None, None)


def test_an_empty_list_of_genres_is_a_value(artists: Read) -> None:
    assert artists.values("after 2026", "genres") == ([],)


def test_missing_genres_are_null(artists: Read) -> None:
    assert artists.values("only an id", "genres") == (None,)


def test_a_record_without_id_is_rejected(artists: Read) -> None:
    assert artists.reason("no id") == "missing_id"


def test_where_genres_came_from_is_kept(artists: Read) -> None:
    assert artists.values("genre from a playlist", "genres", "genre_source") == (["pop"], "playlist")


@pytest.mark.parametrize("name", ["negative followers", "followers as a number"])
def test_followers_that_are_no_count_are_nulled(artists: Read, name: str) -> None:
    assert artists.values(name, "artist_name", "followers") == ("An Artist", None)


def test_genres_that_are_no_list_are_nulled(artists: Read) -> None:
    assert artists.values("genres as a text", "artist_name", "genres") == ("An Artist", None)


def test_an_impossible_popularity_is_nulled(artists: Read) -> None:
    assert artists.values("negative popularity", "artist_name", "popularity") == ("An Artist", None)
