"""Folding a batch into rows: each field takes the value of its highest-ranked record."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from soundlake.kinds.kind import Kind
from soundlake.refine.known import all_fields, fills
from soundlake.refine.verdicts import news

_RECORD_BIT = 1


def fold(kind: Kind, judged: DataFrame) -> DataFrame:
    """What the batch says of each id.

    In: judged records. Out: id, key (struct of the key columns), on_date, `records` (those that raise something, the
    highest rank first), `known`, the counts of judge, `is_new` (the key was not known) and `may_change` (a stable field
    of a known key may get another value, so that its row must be read).
    """
    key, is_new, records, may_change = _folding(kind)
    return (
        judged.withColumns({"key": key, "is_new": is_new})
        .withColumn("records", records)
        .withColumn("may_change", may_change)
    )


# Columns are made once for each kind: making one costs calls to the JVM, and a small batch is mostly such calls.
@cache
def _folding(kind: Kind) -> tuple[Column, Column, Column, Column]:
    key = F.struct(*[_first()["row"][name].alias(name) for name in kind.table.key])
    records = F.when(F.col("is_new"), F.col("records")).otherwise(news(F.col("records")))
    raised = F.aggregate("records", F.lit(0).cast("bigint"), lambda bits, record: bits.bitwiseOR(record["raises"]))
    rewriting = kind.stable_bits | (_RECORD_BIT if "fetched_at" in kind.stable else 0)
    may_change = ~F.col("is_new") & fills(raised, rewriting) & ~_is_unchanged(kind)
    return key, F.size("known") == 0, records, may_change


def _first() -> Column:
    """The highest-ranked record of the batch."""
    return F.get("records", F.lit(0))


def _is_unchanged(kind: Kind) -> Column:
    """Whether the newest known record alone gave the row, and the batch's newest says the same again.

    Then no stable value changes, whoever wins, and the row need not be read.
    """

    def stable(fields: Column) -> Column:
        return fields.bitwiseAND(F.lit(kind.stable_bits))

    known, best = F.array_max("known"), _first()
    alone = (stable(known["fields"]) == stable(all_fields(F.col("known")))) & (
        stable(best["fields"]) == stable(all_fields(F.col("records")))
    )
    same = (stable(known["fields"]) == stable(best["fields"])) & (known["values_hash"] == best["values_hash"])
    return alone & same


def new_rows(kind: Kind, folded: DataFrame) -> DataFrame:
    """The rows of keys that were not known, with the table's columns."""
    return folded.where("is_new").select(*_new_row(kind))


def changed_rows(kind: Kind, folded: DataFrame, current: DataFrame) -> DataFrame:
    """The rows of known keys whose stable values change.

    `current` holds the present rows of the keys in question (and may hold others).
    """
    present = current.select(F.struct(*current.columns).alias("present"))
    same_key = [F.col("key")[c].eqNullSafe(F.col("present")[c]) for c in kind.table.key]
    joined = folded.where("may_change").join(present, on=same_key, how="inner")
    return joined.select("present", *_changed_row(kind)).where(_differs(kind)).drop("present")


@cache
def _new_row(kind: Kind) -> list[Column]:
    return _row(kind, lambda group, column: _best(kind, group)["row"][column])


@cache
def _changed_row(kind: Kind) -> list[Column]:
    return _row(kind, lambda group, column: _newer(kind, group, column))


@cache
def _differs(kind: Kind) -> Column:
    return reduce(or_, [~F.col("present")[c].eqNullSafe(F.col(c)) for c in kind.stable])


def _best(kind: Kind, group: tuple[str, ...]) -> Column:
    """The highest-ranked record of the batch that fills a group; mostly there is but one record."""
    bit = kind.bit(group)
    filling = F.filter("records", lambda record: fills(record["fields"], bit))
    return F.when(F.size("records") == 1, _first()).otherwise(F.get(filling, F.lit(0)))


def _newer(kind: Kind, group: tuple[str, ...], column: str) -> Column:
    """The batch's value of a column where its group outranks the known one, else the present value."""
    bit = kind.bit(group)
    raising = F.get(F.filter("records", lambda record: fills(record["raises"], bit)), F.lit(0))
    return F.when(raising.isNotNull(), raising["row"][column]).otherwise(F.col("present")[column])


def _row(kind: Kind, value: Callable[[tuple[str, ...], str], Column]) -> list[Column]:
    columns = []
    group_of = {column: group for group in kind.fields for column in group}
    for name in kind.table.column_names:
        if name in kind.table.key:
            columns.append(F.col("key")[name].alias(name))
        elif name == "fetched_at":
            newest = F.greatest(_first()["rank"], F.array_max("known")["rank"])
            columns.append(newest["fetched_at"].alias(name))
        else:
            columns.append(value(group_of[name], name).alias(name))
    return columns
