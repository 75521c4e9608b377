"""Fields of payloads that no kind reads: bronze keeps them, and ops/unknown_fields names each of them once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from soundlake.kinds import KINDS
from soundlake.kinds.kind import Kind
from soundlake.kinds.payload import STRICT
from soundlake.tables import ORIGIN, UNKNOWN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundlake.refine.work import Batch

MOST_AT_ONCE = 200  # new names in one batch: who makes up names must not fill the table
_LONGEST_NAME = 100
_OF_ENVELOPES = ("kind", "fetched_at", "source", "market", "payload")
_TEXTS = "map<string,string>"
_PLACE = ("arrived_at", *(column.name for column in ORIGIN))


class Reported:
    """The kinds and fields that ops/unknown_fields names; read once, then kept by the one who writes it."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] | None = None

    def of(self, batch: Batch) -> set[tuple[str, str]]:
        """Give what the table of a batch's lake names, to be added to."""
        if self._known is None:
            rows = batch.lake.read(batch.spark, UNKNOWN_FIELDS).select("kind", "field").collect()
            self._known = {(row["kind"], row["field"]) for row in rows}
        return self._known


def look_for_unknown(batch: Batch, opened: DataFrame, reported: Reported) -> Callable[[], None] | None:
    """Look for fields that were not reported yet in records of says_kind; give back what reports them, if any."""
    known = reported.of(batch)
    found = [
        row.asDict() for row in opened.transform(unknown_fields).collect() if (row["kind"], row["field"]) not in known
    ]
    return partial(_report, batch, found, known) if found else None


def _report(batch: Batch, found: list[dict[str, Any]], known: set[tuple[str, str]]) -> None:
    # One literal, no rows from Python: those would cost a job of their own.
    text = json.dumps([{**row, "arrived_at": str(row["arrived_at"])} for row in found])
    rows = batch.spark.range(1, numPartitions=1).select(
        F.inline(F.from_json(F.lit(text), f"array<struct<{UNKNOWN_FIELDS.ddl}>>"))
    )
    batch.writer.append(UNKNOWN_FIELDS, rows.withColumn("first_seen_at", F.current_timestamp()))
    known.update((row["kind"], row["field"]) for row in found)


def unknown_fields(opened: DataFrame) -> DataFrame:
    """The fields that the kinds of records do not read: kind, field, and where the first of these records stands.

    In: rows of says_kind. A field is the name of a payload's own field, or of a field of an object in it, as in
    `album.label`; objects in lists, and deeper ones, are not looked into. At most MOST_AT_ONCE, in order of names.
    """
    text = F.col("value").cast("string")
    payload = F.get_json_object(text, "$.payload")
    is_known = F.col("is_text") & F.col("record_kind").isin(*KINDS)
    texts = opened.where(is_known).select(
        "record_kind",
        F.struct(*_PLACE).alias("place"),
        F.when(payload.startswith("{"), payload).otherwise(text).alias("text"),
    )
    parsed = texts.select("record_kind", "place", F.from_json("text", _TEXTS, STRICT).alias("fields"))
    named = parsed.select("record_kind", "place", _names_of_kind().alias("names")).where(F.size("names") > 0)
    # Most records of a kind have the same fields: what differs is little.
    different = named.groupBy("record_kind", "names").agg(F.min("place").alias("place"))
    single = different.select("record_kind", "place", F.explode("names").alias("field"))
    return (
        single.groupBy(F.col("record_kind").alias("kind"), F.substring("field", 1, _LONGEST_NAME).alias("field"))
        .agg(F.min("place").alias("place"))
        .orderBy("kind", "field")
        .limit(MOST_AT_ONCE)
        .select("kind", "field", "place.*")
    )


@cache
def _names_of_kind() -> Column:
    names = None
    for kind in KINDS.values():
        is_kind = F.col("record_kind") == kind.name
        names = F.when(is_kind, _names(kind)) if names is None else names.when(is_kind, _names(kind))
    assert names is not None
    return names


def _names(kind: Kind) -> Column:
    """The names of the fields, in the map of texts `fields`, that a kind does not read."""
    own = _others(F.map_keys("fields"), (*kind.payload, *_OF_ENVELOPES), "")
    inner = [
        _others(F.json_object_keys(F.col("fields")[name]), tuple(fields), f"{name}.")
        for name, fields in kind.payload.items()
        if isinstance(fields, Mapping)
    ]
    none = F.array().cast("array<string>")
    return F.concat(*[F.coalesce(names, none) for names in (own, *inner)])


def _others(names: Column, known: tuple[str, ...], prefix: str) -> Column:
    others = F.filter(names, lambda name: ~name.isin(*known))
    return F.transform(others, lambda name: F.concat(F.lit(prefix), name)) if prefix else others
