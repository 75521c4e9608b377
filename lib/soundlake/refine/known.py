"""What is known of the keys of a batch, from `silver/stamps`.

A stamp says: a record of this rank filled these fields of this key. For each field the highest rank among the stamps
that fill it is the rank of the value in the table. Stamps are appended, never changed; maintain drops the dominated.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from soundlake.kinds.kind import Kind


def fills(fields: Column, bit: int) -> Column:
    """Whether a bit set contains a bit."""
    return fields.bitwiseAND(F.lit(bit)) != 0


def rank_name(kind: Kind, group: tuple[str, ...]) -> str:
    """The column of known_state that holds the rank of a group's value."""
    return f"known_{kind.fields.index(group) + 1}"


def known_state(
    stamps: DataFrame, kind: Kind, ids: DataFrame, dates: tuple[date, date] | None, batch: str
) -> DataFrame:
    """One row for each of `ids` (column id) that is known.

    Out: id, `known_0` (the highest rank), `known_1`… (rank of each group's value), `known_ranks` and `known_shas`
    (of all stamps), `known_fields` (all fields ever filled), `known_top` (fields and values_hash of the highest rank).
    Stamps of `batch` itself are left out, so that a retried batch judges as it did the first time. `dates` are the
    bounds of on_date, for kinds that have one.
    """
    rows = stamps.where((F.col("entity") == kind.name) & (F.col("batch") != batch))
    if dates:
        rows = rows.where(F.col("on_date").between(*dates))
    ranks = [
        F.max(F.when(fills(F.col("fields"), kind.bit(group)), F.col("rank"))).alias(rank_name(kind, group))
        for group in kind.fields
    ]
    return (
        rows.join(F.broadcast(ids), on="id", how="left_semi")
        .groupBy("id")
        .agg(
            F.max("rank").alias("known_0"),
            *ranks,
            F.collect_set("rank").alias("known_ranks"),
            F.collect_set("rank.sha").alias("known_shas"),
            F.bit_or("fields").alias("known_fields"),
            F.max(F.struct("rank", "fields", "values_hash")).alias("known_top"),
        )
    )
