"""Folding a batch into rows: each field takes the value of its highest-ranked record."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from soundlake.kinds.kind import Kind
from soundlake.ops.accounts import STALE
from soundlake.refine.known import fills, rank_name


def _best(kind: Kind, group: tuple[str, ...]) -> str:
    return f"best_{kind.fields.index(group) + 1}"


def _values(group: tuple[str, ...]) -> Column:
    return F.struct(*[F.col("row")[column].alias(column) for column in group]).alias("values")


def fold(kind: Kind, judged: DataFrame) -> DataFrame:
    """One row for each id that got news.

    In: judged candidates. Out: id, key (struct of the key columns), `best_0` (highest rank), `best_1`… (rank and
    values of each group's best record in the batch), the known_* columns, `is_new` (the key was not known) and
    `may_change` (a stable field of a known key may get another value, so that its row must be read).
    """
    fields, rank = F.col("fields"), F.col("rank")
    best = [
        F.max(F.when(fills(fields, kind.bit(group)), F.struct("rank", _values(group)))).alias(_best(kind, group))
        for group in kind.fields
    ]
    known = ["known_0", *[rank_name(kind, group) for group in kind.fields], "known_fields", "known_top"]
    folded = (
        judged.where(F.col("verdict") != STALE)
        .groupBy("id")
        .agg(
            F.max(F.struct(*[F.col("row")[c].alias(c) for c in kind.table.key])).alias("key"),
            F.max("on_date").alias("on_date"),
            F.max(rank).alias("best_0"),
            *best,
            F.bit_or("fields").alias("best_fields"),
            F.max(F.struct("rank", "fields", "values_hash")).alias("best_top"),
            *[F.first(name).alias(name) for name in known],
        )
    )
    gains = [_wins(kind, group) for group in kind.fields if group[0] not in kind.volatile]
    if "fetched_at" in kind.stable:
        gains.append(F.col("best_0") > F.col("known_0"))
    is_new = F.col("known_0").isNull()
    may_change = ~is_new & reduce(or_, gains) & ~_is_unchanged(kind)
    return folded.withColumn("is_new", is_new).withColumn("may_change", may_change)


def _wins(kind: Kind, group: tuple[str, ...]) -> Column:
    """Whether the batch's best value of a group outranks the known one."""
    best, known = F.col(_best(kind, group)), F.col(rank_name(kind, group))
    return best.isNotNull() & (known.isNull() | (best["rank"] > known))


def _is_unchanged(kind: Kind) -> Column:
    """Whether the newest known record alone gave the row, and the batch's newest says the same again.

    Then no stable value changes, whoever wins, and the row need not be read.
    """

    def stable(fields: Column) -> Column:
        return fields.bitwiseAND(F.lit(kind.stable_bits))

    known, best = F.col("known_top"), F.col("best_top")
    alone = (stable(known["fields"]) == stable(F.col("known_fields"))) & (
        stable(best["fields"]) == stable(F.col("best_fields"))
    )
    same = (stable(known["fields"]) == stable(best["fields"])) & (known["values_hash"] == best["values_hash"])
    return alone & same


def new_rows(kind: Kind, folded: DataFrame) -> DataFrame:
    """The rows of keys that were not known, with the table's columns."""
    return folded.where("is_new").select(*_row(kind, lambda group, column: F.col(_best(kind, group))["values"][column]))


def changed_rows(kind: Kind, folded: DataFrame, current: DataFrame) -> DataFrame:
    """The rows of known keys whose stable values change.

    `current` holds the present rows of the keys in question (and may hold others).
    """
    present = current.select(F.struct(*current.columns).alias("present"))
    same_key = [F.col("key")[c].eqNullSafe(F.col("present")[c]) for c in kind.table.key]
    joined = folded.where("may_change").join(present, on=same_key, how="inner")
    differs = reduce(or_, [~F.col("present")[c].eqNullSafe(F.col(c)) for c in kind.stable])
    merged = joined.select("present", *_row(kind, lambda group, column: _newer(kind, group, column)))
    return merged.where(differs).drop("present")


def _newer(kind: Kind, group: tuple[str, ...], column: str) -> Column:
    return F.when(_wins(kind, group), F.col(_best(kind, group))["values"][column]).otherwise(F.col("present")[column])


def _row(kind: Kind, value: Callable[[tuple[str, ...], str], Column]) -> list[Column]:
    columns = []
    group_of = {column: group for group in kind.fields for column in group}
    for name in kind.table.column_names:
        if name in kind.table.key:
            columns.append(F.col("key")[name].alias(name))
        elif name == "fetched_at":
            newest = F.greatest(F.col("best_0"), F.col("known_0"))
            columns.append(newest["fetched_at"].alias(name))
        else:
            columns.append(value(group_of[name], name).alias(name))
    return columns
