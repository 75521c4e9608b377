"""Tracks: Spotify track objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from soundlake.kinds import values
from soundlake.kinds.kind import Envelope, Kind, Rule
from soundlake.kinds.payload import FLAG, NUMBER, TEXT, Payload
from soundlake.kinds.shapes import (
    ALBUM_COLUMNS,
    ARTIST_COLUMNS,
    ARTISTS_FIELD,
    RELEASE_COLUMNS,
    artist_columns,
    key_rules,
    release_columns,
)
from soundlake.tables import TRACKS


def _derive(payload: Payload) -> Mapping[str, Column]:
    return release_columns(payload.text("album", "release_date"), payload.text("album", "release_date_precision"))


def _values(payload: Payload, envelope: Envelope) -> Mapping[str, Column]:
    return {
        "track_id": payload.text("id"),
        "track_name": payload.text("name"),
        **artist_columns(payload.get("artists")),
        "album_id": values.identifier(payload.text("album", "id")),
        "album_name": payload.text("album", "name"),
        "duration_ms": values.milliseconds(payload.get("duration_ms")),
        "explicit": payload.get("explicit"),
        "popularity": values.percent(payload.get("popularity")),
        "isrc": payload.text("external_ids", "isrc"),
        **{name: payload.shared(name) for name in RELEASE_COLUMNS},
        "source": envelope.source,
    }


def _rules(payload: Payload, envelope: Envelope) -> Sequence[Rule]:
    is_local = F.coalesce(payload.get("is_local"), F.lit(False)) | F.coalesce(
        payload.text("uri").startswith("spotify:local:"), F.lit(False)
    )
    return [Rule("local_file", "a local file has no Spotify id", is_local), *key_rules(payload, ("id",), "id")]


KIND = Kind(
    name="track",
    table=TRACKS,
    payload={
        "id": TEXT,
        "name": TEXT,
        "uri": TEXT,
        "is_local": FLAG,
        "artists": ARTISTS_FIELD,
        "album": {"id": TEXT, "name": TEXT, "release_date": TEXT, "release_date_precision": TEXT},
        "duration_ms": NUMBER,
        "explicit": FLAG,
        "popularity": NUMBER,
        "external_ids": {"isrc": TEXT},
    },
    values=_values,
    rules=_rules,
    derive=_derive,
    together=(ARTIST_COLUMNS, ALBUM_COLUMNS, RELEASE_COLUMNS),
    volatile=("popularity", "fetched_at"),
    observes=("popularity",),
)
