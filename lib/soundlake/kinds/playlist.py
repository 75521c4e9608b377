"""Playlists: Spotify playlist objects without their items."""

from __future__ import annotations

from typing import Any

from soundlake.kinds.kind import Envelope, Kind
from soundlake.kinds.rejection import required
from soundlake.kinds.values import Json, catalog_id, count, flag, identifier, small_count, text, thing
from soundlake.tables import PLAYLISTS


def _read(payload: Json, envelope: Envelope) -> dict[str, Any]:
    # Since February 2026 the API calls the entries `items`; before, and in older records, `tracks`.
    total = small_count(thing(payload.get("items")).get("total"))
    if total is None:
        total = small_count(thing(payload.get("tracks")).get("total"))
    return {
        "playlist_id": required(payload, "id", "missing_id", catalog_id),
        "playlist_name": text(payload.get("name")),
        "owner_id": identifier(thing(payload.get("owner")).get("id")),
        "description": text(payload.get("description")),
        "public": flag(payload.get("public")),
        "followers": count(thing(payload.get("followers")).get("total")),
        "total_tracks": total,
        "snapshot_id": text(payload.get("snapshot_id")),
    }


KIND = Kind(
    name="playlist",
    table=PLAYLISTS,
    fields={
        "id": None,
        "name": None,
        "owner": {"id": None},
        "description": None,
        "public": None,
        "followers": {"total": None},
        "items": {"total": None},
        "tracks": {"total": None},
        "snapshot_id": None,
    },
    read=_read,
    volatile=("followers", "fetched_at"),
    history_columns=("followers",),
)
