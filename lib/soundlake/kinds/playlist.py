"""Playlists: Spotify playlist objects without their items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from soundlake.kinds import values
from soundlake.kinds.kind import Envelope, Kind, Rule
from soundlake.kinds.payload import FLAG, NUMBER, TEXT, Payload
from soundlake.kinds.shapes import key_rules
from soundlake.tables import PLAYLISTS


def _values(payload: Payload, envelope: Envelope) -> Mapping[str, Column]:
    # Since February 2026 the API calls the entries `items`; before, and in older records, `tracks`.
    total = F.coalesce(payload.get("items", "total"), payload.get("tracks", "total"))
    return {
        "playlist_id": payload.text("id"),
        "playlist_name": payload.text("name"),
        "owner_id": values.identifier(payload.text("owner", "id")),
        "description": payload.text("description"),
        "public": payload.get("public"),
        "followers": values.count(payload.get("followers", "total")),
        "total_tracks": values.small_count(total),
        "snapshot_id": payload.text("snapshot_id"),
        "source": envelope.source,
    }


def _rules(payload: Payload, envelope: Envelope) -> Sequence[Rule]:
    return key_rules(payload, ("id",), "id")


KIND = Kind(
    name="playlist",
    table=PLAYLISTS,
    payload={
        "id": TEXT,
        "name": TEXT,
        "owner": {"id": TEXT},
        "description": TEXT,
        "public": FLAG,
        "followers": {"total": NUMBER},
        "items": {"total": NUMBER},
        "tracks": {"total": NUMBER},
        "snapshot_id": TEXT,
    },
    values=_values,
    rules=_rules,
    volatile=("followers", "fetched_at"),
    observes=("followers",),
)
