"""User items: a user's top lists, saved items and followed artists."""

from __future__ import annotations

from typing import Any

from soundlake.kinds.kind import Envelope, Kind
from soundlake.kinds.rejection import RejectedError, identity, required
from soundlake.kinds.values import Json, catalog_id, small_count, thing
from soundlake.tables import USER_ITEMS
from soundlake.times import instant

_ENTITIES = ("track", "artist", "album")


def _read(payload: Json, envelope: Envelope) -> dict[str, Any]:
    user = required(payload, "user_id", "missing_user")
    relation = required(payload, "relation", "missing_relation")
    time_range = identity(payload, "time_range")
    ids = [(entity, identity(thing(payload.get(entity)), "id", catalog_id, entity)) for entity in _ENTITIES]
    entity, id_ = next(((entity, id_) for entity, id_ in ids if id_ is not None), (None, None))
    if id_ is None:
        raise RejectedError("missing_id", "there is no track, artist or album with an id")
    return {
        "user_id": user,
        "relation": relation,
        "time_range": time_range,
        "rank": small_count(payload.get("rank")),
        "entity": entity,
        "id": id_,
        "added_at": instant(payload.get("added_at")),
    }


KIND = Kind(
    name="user_item",
    table=USER_ITEMS,
    fields={
        **dict.fromkeys(("user_id", "relation", "time_range", "rank", "added_at")),
        **{entity: {"id": None} for entity in _ENTITIES},
    },
    read=_read,
)
