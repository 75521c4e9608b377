"""Tracks: Spotify track objects."""

from __future__ import annotations

from typing import Any

from soundlake.kinds.kind import Envelope, Kind
from soundlake.kinds.rejection import RejectedError, required
from soundlake.kinds.shapes import (
    ALBUM_COLUMNS,
    ARTIST_COLUMNS,
    ARTISTS_FIELD,
    RELEASE_COLUMNS,
    artist_columns,
    release_columns,
)
from soundlake.kinds.values import Json, catalog_id, flag, milliseconds, percent, text, thing
from soundlake.tables import TRACKS


def _read(payload: Json, envelope: Envelope) -> dict[str, Any]:
    uri = payload.get("uri")
    if payload.get("is_local") is True or (type(uri) is str and uri.startswith("spotify:local:")):
        raise RejectedError("local_file", "a local file has no Spotify id")
    album = thing(payload.get("album"))
    return {
        "track_id": required(payload, "id", "missing_id", catalog_id),
        "track_name": text(payload.get("name")),
        **artist_columns(payload.get("artists")),
        "album_id": catalog_id(album.get("id")),
        "album_name": text(album.get("name")),
        "duration_ms": milliseconds(payload.get("duration_ms")),
        "explicit": flag(payload.get("explicit")),
        "popularity": percent(payload.get("popularity")),
        "isrc": text(thing(payload.get("external_ids")).get("isrc")),
        **release_columns(album.get("release_date"), album.get("release_date_precision")),
    }


KIND = Kind(
    name="track",
    table=TRACKS,
    fields={
        "id": None,
        "name": None,
        "uri": None,
        "is_local": None,
        "artists": ARTISTS_FIELD,
        "album": {"id": None, "name": None, "release_date": None, "release_date_precision": None},
        "duration_ms": None,
        "explicit": None,
        "popularity": None,
        "external_ids": {"isrc": None},
    },
    read=_read,
    column_groups=(ARTIST_COLUMNS, ALBUM_COLUMNS, RELEASE_COLUMNS),
    volatile=("popularity", "fetched_at"),
    history_columns=("popularity",),
)
