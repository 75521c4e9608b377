"""Artists: Spotify artist objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column

from soundlake.kinds import values
from soundlake.kinds.kind import Envelope, Kind, Rule
from soundlake.kinds.payload import NUMBER, TEXT, TEXTS, Payload
from soundlake.kinds.shapes import key_rules
from soundlake.tables import ARTISTS


def _values(payload: Payload, envelope: Envelope) -> Mapping[str, Column]:
    return {
        "artist_id": payload.text("id"),
        "artist_name": payload.text("name"),
        "genres": payload.get("genres"),
        "popularity": values.percent(payload.get("popularity")),
        "followers": values.count(payload.get("followers", "total")),
        "source": envelope.source,
        "genre_source": payload.text("genre_source"),
    }


def _rules(payload: Payload, envelope: Envelope) -> Sequence[Rule]:
    return key_rules(payload, ("id",), "id")


KIND = Kind(
    name="artist",
    table=ARTISTS,
    payload={
        "id": TEXT,
        "name": TEXT,
        "genres": TEXTS,
        "popularity": NUMBER,
        "followers": {"total": NUMBER},
        "genre_source": TEXT,
    },
    values=_values,
    rules=_rules,
    together=(("artist_name",), ("genres", "genre_source")),
    volatile=("popularity", "followers", "fetched_at"),
    observes=("popularity", "followers"),
)
