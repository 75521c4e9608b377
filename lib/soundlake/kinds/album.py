"""Albums: Spotify album objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column

from soundlake.kinds import values
from soundlake.kinds.kind import Envelope, Kind, Rule
from soundlake.kinds.payload import NUMBER, TEXT, TEXTS, Payload
from soundlake.kinds.shapes import (
    ARTIST_COLUMNS,
    ARTISTS_FIELD,
    RELEASE_COLUMNS,
    artist_columns,
    key_rules,
    release_columns,
)
from soundlake.tables import ALBUMS


def _derive(payload: Payload) -> Mapping[str, Column]:
    return release_columns(payload.text("release_date"), payload.text("release_date_precision"))


def _values(payload: Payload, envelope: Envelope) -> Mapping[str, Column]:
    return {
        "album_id": payload.text("id"),
        "album_name": payload.text("name"),
        "album_type": payload.text("album_type"),
        **artist_columns(payload.get("artists")),
        **{name: payload.shared(name) for name in RELEASE_COLUMNS},
        "total_tracks": values.small_count(payload.get("total_tracks")),
        "popularity": values.percent(payload.get("popularity")),
        "label": payload.text("label"),
        "genres": payload.get("genres"),
        "source": envelope.source,
    }


def _rules(payload: Payload, envelope: Envelope) -> Sequence[Rule]:
    return key_rules(payload, ("id",), "id")


KIND = Kind(
    name="album",
    table=ALBUMS,
    payload={
        "id": TEXT,
        "name": TEXT,
        "album_type": TEXT,
        "artists": ARTISTS_FIELD,
        "release_date": TEXT,
        "release_date_precision": TEXT,
        "total_tracks": NUMBER,
        "popularity": NUMBER,
        "label": TEXT,
        "genres": TEXTS,
    },
    values=_values,
    rules=_rules,
    derive=_derive,
    together=(ARTIST_COLUMNS, RELEASE_COLUMNS),
    volatile=("popularity", "fetched_at"),
    observes=("popularity",),
)
