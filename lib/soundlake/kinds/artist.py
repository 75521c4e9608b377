"""Artists: Spotify artist objects."""

from __future__ import annotations

from typing import Any

from soundlake.kinds.kind import Envelope, Group, Kind
from soundlake.kinds.rejection import required
from soundlake.kinds.values import Json, catalog_id, count, percent, text, texts, thing
from soundlake.tables import ARTISTS


def _read(payload: Json, envelope: Envelope) -> dict[str, Any]:
    return {
        "artist_id": required(payload, "id", "missing_id", catalog_id),
        "artist_name": text(payload.get("name")),
        "genres": texts(payload.get("genres")),
        "popularity": percent(payload.get("popularity")),
        "followers": count(thing(payload.get("followers")).get("total")),
        "genre_source": text(payload.get("genre_source")),
    }


KIND = Kind(
    name="artist",
    table=ARTISTS,
    fields={
        "id": None,
        "name": None,
        "genres": None,
        "popularity": None,
        "followers": {"total": None},
        "genre_source": None,
    },
    read=_read,
    column_groups=(Group(("genres", "genre_source")),),
    volatile=("popularity", "followers", "fetched_at"),
    history_columns=("popularity", "followers"),
)
