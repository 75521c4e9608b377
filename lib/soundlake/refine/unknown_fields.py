"""Fields of payloads that no kind reads: bronze keeps them, and ops/unknown_fields names each of them once."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
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
    """Look for fields that were not reported yet in records of says_kind; give back what reports them, if any.

    Most records of a kind have the same fields, and mostly all are known: where a new one stands first is looked for
    only once there is one, and only among the records that came in the same microsecond as its first.
    """
    known = reported.of(batch)
    new = opened.transform(partial(new_names, known=known)).collect()
    if not new:
        return None
    named = {(row["kind"], row["field"]) for row in new}
    of_firsts = opened.where(F.unix_micros("arrived_at").isin(*{row["arrived"] for row in new}))
    found = [row.asDict() for row in of_firsts.transform(partial(first_places, names=named)).collect()]
    return partial(_report, batch, found, known)


def _report(batch: Batch, found: list[dict[str, Any]], known: set[tuple[str, str]]) -> None:
    # One literal, no rows from Python: those would cost a job of their own.
    text = json.dumps([{**row, "arrived_at": str(row["arrived_at"])} for row in found])
    rows = batch.spark.range(1, numPartitions=1).select(
        F.inline(F.from_json(F.lit(text), f"array<struct<{UNKNOWN_FIELDS.ddl}>>"))
    )
    batch.writer.append(UNKNOWN_FIELDS, rows.withColumn("first_seen_at", F.current_timestamp()))
    known.update((row["kind"], row["field"]) for row in found)


def new_names(opened: DataFrame, known: Collection[tuple[str, str]]) -> DataFrame:
    """The fields that the kinds of records do not read and that are not `known`: kind, field, `arrived`.

    In: rows of says_kind. A field is the name of a payload's own field, or of a field of an object in it, as in
    `album.label`; objects in lists, and deeper ones, are not looked into. `arrived` is when the first record with it
    arrived, in microseconds since 1970. At most MOST_AT_ONCE fields, in order of names.
    """
    # A number, unlike a place, can be kept in the table that groups by hash: nothing is sorted.
    arrived = F.min(F.unix_micros("arrived_at")).alias("arrived")
    different = opened.transform(_with_names_of_fields).groupBy("record_kind", *_NAMES).agg(arrived)
    single = different.transform(_single, "arrived").where(~_is_among(known))
    return (
        single.groupBy("kind", "field")
        .agg(F.min("arrived").alias("arrived"))
        .orderBy("kind", "field")
        .limit(MOST_AT_ONCE)
    )


def first_places(opened: DataFrame, names: Collection[tuple[str, str]]) -> DataFrame:
    """Where the first record with each of the `names` stands: kind, field, arrived_at, stream, partition, position."""
    placed = opened.transform(_with_names_of_fields).withColumn("place", F.struct(*_PLACE))
    different = placed.groupBy("record_kind", *_NAMES).agg(F.min("place").alias("place"))
    found = different.transform(_single, "place").where(_is_among(names))
    return found.groupBy("kind", "field").agg(F.min("place").alias("place")).select("kind", "field", "place.*")


def _is_among(names: Collection[tuple[str, str]]) -> Column:
    # One literal, however many names: each made as a column of its own would cost calls to the JVM in every batch.
    text = json.dumps([{"kind": kind, "field": field} for kind, field in sorted(names)])
    listed = F.from_json(F.lit(text), "array<struct<kind: string, field: string>>")
    return F.array_contains(listed, F.struct("kind", "field"))


_OBJECTS = tuple(
    dict.fromkeys(n for kind in KINDS.values() for n, field in kind.payload.items() if isinstance(field, Mapping))
)
_NAMES = ("names", *(f"names_in_{name}" for name in _OBJECTS))


def _with_names_of_fields(opened: DataFrame) -> DataFrame:
    """Rows of known kinds, with the names of the payload's fields, and of the fields of each object in it.

    Nothing here loops over names: that would cost more than the parsing. Values are parsed only where there is an
    envelope to open or an object to look into.
    """
    is_known = F.col("is_text") & F.col("record_kind").isin(*KINDS)
    text, payload, outer = F.col("text"), F.col("payload"), F.col("outer_names")
    has_objects = F.arrays_overlap("names", F.array(*[F.lit(name) for name in _OBJECTS]))
    inner = {f"names_in_{name}": F.json_object_keys(F.col("objects")[name]) for name in _OBJECTS}
    return (
        opened.where(is_known)
        .withColumn("text", F.col("value").cast("string"))
        .withColumn("outer_names", F.json_object_keys("text"))
        .withColumn("payload", F.when(F.array_contains(outer, "payload"), F.get_json_object(text, "$.payload")))
        .withColumn("is_envelope", F.coalesce(payload.startswith("{"), F.lit(False)))
        .withColumn("text", F.when(F.col("is_envelope"), payload).otherwise(text))
        .withColumn("names", F.when(F.col("is_envelope"), F.json_object_keys("text")).otherwise(outer))
        .withColumn("objects", F.when(has_objects, F.from_json("text", _TEXTS, STRICT)))
        .withColumns(inner)
    )


def _single(different: DataFrame, *others: str) -> DataFrame:
    """One row for each kind and field that the kind does not read, out of each row's names, and the `others`."""
    single = different.select("record_kind", *others, F.explode(_names_of_kind()).alias("field"))
    return single.select(
        F.col("record_kind").alias("kind"), F.substring("field", 1, _LONGEST_NAME).alias("field"), *others
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
    """The names of the fields that a kind does not read."""
    own = _others(F.col("names"), (*kind.payload, *_OF_ENVELOPES), "")
    inner = [
        _others(F.col(f"names_in_{name}"), tuple(fields), f"{name}.")
        for name, fields in kind.payload.items()
        if isinstance(fields, Mapping)
    ]
    none = F.array().cast("array<string>")
    return F.concat(*[F.coalesce(names, none) for names in (own, *inner)])


def _others(names: Column, known: tuple[str, ...], prefix: str) -> Column:
    others = F.filter(names, lambda name: ~name.isin(*known))
    return F.transform(others, lambda name: F.concat(F.lit(prefix), name)) if prefix else others
