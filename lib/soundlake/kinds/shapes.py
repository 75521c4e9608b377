"""Shapes that several kinds share: artists and albums as Spotify nests them."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from soundlake.kinds.kind import Rule
from soundlake.kinds.payload import TEXT, Fields, Payload
from soundlake.kinds.values import calendar_date, identifier, precision

ARTISTS_FIELD: list[Fields] = [{"id": TEXT, "name": TEXT}]

ARTIST_COLUMNS = ("artist_id", "artist_name", "artist_ids", "artist_names")
ALBUM_COLUMNS = ("album_id", "album_name")
RELEASE_COLUMNS = ("release_date", "release_date_precision")


def artist_columns(artists: Column) -> dict[str, Column]:
    """artist_id, artist_name (of the first), artist_ids, artist_names from a list of artist objects."""
    first = F.when(F.size(artists) > 0, artists[0])
    return {
        "artist_id": identifier(first["id"]),
        "artist_name": first["name"],
        "artist_ids": F.transform(artists, lambda artist: artist["id"]),
        "artist_names": F.transform(artists, lambda artist: artist["name"]),
    }


def release_columns(text: Column, given: Column) -> dict[str, Column]:
    """release_date and release_date_precision from the text of a date and the precision that is given with it."""
    return {"release_date": calendar_date(text), "release_date_precision": precision(text, given)}


def key_rules(payload: Payload, path: tuple[str, ...], name: str) -> list[Rule]:
    """The two rules of an id: it is there, and it is a text."""
    field = ".".join(path)
    return [
        Rule("wrong_type", f"{field} is no string", payload.is_other_token(*path)),
        Rule(f"missing_{name}", f"{field} is missing", identifier(payload.text(*path)).isNull()),
    ]
