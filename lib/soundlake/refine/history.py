"""`silver/popularity_history`: what was observed of each thing on each day."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from soundlake.kinds.kind import Kind
from soundlake.tables import POPULARITY_HISTORY

MEASURES = ("popularity", "followers")


def observations(kind: Kind, candidates: DataFrame) -> DataFrame:
    """The day's values of each thing in a batch, as rows of the table; only days on which something was observed."""
    row, rank = F.col("row"), F.col("rank")
    measured = {
        name: row[name] if name in kind.observes else F.lit(None).cast(POPULARITY_HISTORY.type_of(name))
        for name in MEASURES
    }
    best = [
        F.max(F.when(value.isNotNull(), F.struct(rank.alias("rank"), value.alias("value")))).alias(name)
        for name, value in measured.items()
    ]
    return (
        candidates.where(F.col("reason").isNull())
        .groupBy("id", F.to_date(rank["fetched_at"]).alias("observed_on"))
        .agg(*best)
        .where(F.coalesce(*[F.col(name)["rank"] for name in MEASURES]).isNotNull())
        .select(
            F.lit(kind.name).alias("entity"),
            "id",
            "observed_on",
            *[F.col(name)["value"].alias(name) for name in MEASURES],
            *[F.col(name)["rank"].alias(f"{name}_rank") for name in MEASURES],
        )
    )


def raise_observations(observed: DataFrame, current: DataFrame) -> DataFrame:
    """Rows that have to be written: those of new days, and those of known days that newer records change.

    In: observations, and the present rows of the same days. Out: the table's columns and `is_new`.
    """
    key = list(POPULARITY_HISTORY.key)
    present = current.select(*key, F.struct(*current.columns).alias("present"))
    merged = observed.join(present, on=key, how="left")
    return merged.where(F.col("present").isNull() | _is_newer(MEASURES[0]) | _is_newer(MEASURES[1])).select(
        *key,
        *[_newer(name, name) for name in MEASURES],
        *[_newer(name, f"{name}_rank") for name in MEASURES],
        F.col("present").isNull().alias("is_new"),
    )


def _is_newer(measure: str) -> Column:
    ours, theirs = F.col(f"{measure}_rank"), F.col("present")[f"{measure}_rank"]
    return ours.isNotNull() & (theirs.isNull() | (ours > theirs))


def _newer(measure: str, column: str) -> Column:
    return F.when(_is_newer(measure), F.col(column)).otherwise(F.col("present")[column]).alias(column)
