"""User items: what a user has at the top, saved or follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from soundlake.kinds import values
from soundlake.kinds.kind import Envelope, Kind, Rule
from soundlake.kinds.payload import NUMBER, TEXT, Payload
from soundlake.kinds.shapes import key_rules
from soundlake.tables import USER_ITEMS

_ENTITIES = ("track", "artist", "album")


def _id_of(payload: Payload, entity: str) -> Column:
    return values.identifier(payload.text(entity, "id"))


def _values(payload: Payload, envelope: Envelope) -> Mapping[str, Column]:
    entity = F.coalesce(*[F.when(_id_of(payload, e).isNotNull(), e) for e in _ENTITIES])
    return {
        "user_id": payload.text("user_id"),
        "relation": payload.text("relation"),
        "time_range": values.identifier(payload.text("time_range")),
        "rank": values.small_count(payload.get("rank")),
        "entity": entity,
        "id": F.coalesce(*[_id_of(payload, e) for e in _ENTITIES]),
        "added_at": values.instant(payload.text("added_at")),
        "source": envelope.source,
    }


def _rules(payload: Payload, envelope: Envelope) -> Sequence[Rule]:
    wrong = [Rule("wrong_type", f"{e}.id is no string", payload.is_other_token(e, "id")) for e in _ENTITIES]
    no_id = F.coalesce(*[_id_of(payload, e) for e in _ENTITIES]).isNull()
    return [
        *key_rules(payload, ("user_id",), "user"),
        *key_rules(payload, ("relation",), "relation"),
        Rule("wrong_type", "time_range is no string", payload.is_other_token("time_range")),
        *wrong,
        Rule("missing_id", "there is no track, artist or album with an id", no_id),
    ]


KIND = Kind(
    name="user_item",
    table=USER_ITEMS,
    payload={
        "user_id": TEXT,
        "relation": TEXT,
        "time_range": TEXT,
        "rank": NUMBER,
        "added_at": TEXT,
        **{entity: {"id": TEXT} for entity in _ENTITIES},
    },
    values=_values,
    rules=_rules,
)
