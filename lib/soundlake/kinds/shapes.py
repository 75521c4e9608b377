"""Shapes that several kinds share: artists, albums and release dates as Spotify nests them."""

from __future__ import annotations

from typing import Any

from soundlake.kinds.kind import Fields, Group
from soundlake.kinds.values import catalog_id, precision, text, things
from soundlake.times import calendar_date

ARTISTS_FIELD: list[Fields] = [{"id": None, "name": None}]

# Artists and albums with ids go before such with names alone, an exact date before a vague one.
ARTIST_COLUMNS = Group(("artist_id", "artist_name", "artist_ids", "artist_names"), graded_by="artist_id")
ALBUM_COLUMNS = Group(("album_id", "album_name"), graded_by="album_id")
RELEASE_COLUMNS = Group(
    ("release_date", "release_date_precision"), graded_by="release_date_precision", grades=("year", "month", "day")
)


def is_type(value: object, name: str) -> bool:
    """Whether the `type` of an object is this one, in small or in capital letters."""
    return value == name or (type(value) is str and value.lower() == name)


def artist_columns(value: object) -> dict[str, Any]:
    """artist_id, artist_name (of the first), artist_ids, artist_names from a list of artist objects."""
    artists = things(value)
    if artists is None:
        return {"artist_id": None, "artist_name": None, "artist_ids": None, "artist_names": None}
    ids = [catalog_id(artist.get("id")) for artist in artists]
    names = [text(artist.get("name")) for artist in artists]
    return {
        "artist_id": ids[0] if ids else None,
        "artist_name": names[0] if names else None,
        "artist_ids": ids,
        "artist_names": names,
    }


def release_columns(date: object, given: object) -> dict[str, Any]:
    """release_date and release_date_precision from the text of a date and the precision that is given with it."""
    said = text(date)
    return {"release_date": calendar_date(said), "release_date_precision": precision(said, given)}
