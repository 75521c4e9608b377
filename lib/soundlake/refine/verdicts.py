"""The judgement: of each record, whether it is accepted, duplicate, stale or rejected."""

from __future__ import annotations

from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from soundlake.kinds.kind import Kind
from soundlake.ops.accounts import ACCEPTED, DUPLICATE, STALE
from soundlake.refine.candidates import ORIGIN_NAMES
from soundlake.refine.known import fills, rank_name


def by_position(prefix: str = "") -> list[Column]:
    """The order of records within a batch: positions compare by length, then text."""
    stream, partition, position = (F.col(prefix + name) for name in ORIGIN_NAMES)
    return [stream, partition, F.length(position), position]


def judge(kind: Kind, candidates: DataFrame, known: DataFrame) -> DataFrame:
    """Add `verdict` to the good candidates of a keyed kind, and the columns of known_state for their ids.

    Duplicate: the same key and rank was there before, in the batch or earlier (for kinds that repeat by payload: the
    same key and payload). Stale: newer records have overtaken it in every field. Within a batch records are judged as
    if they had come in the order of their ranks, so only earlier batches make a record stale.
    """
    rank = F.col("rank")
    same = [rank["weight"], rank["sha"]] if kind.repeats_by_payload else [rank]
    in_batch = Window.partitionBy("id", *same).orderBy(rank, *by_position())
    is_known = (
        F.array_contains(F.col("known_shas"), rank["sha"])
        if kind.repeats_by_payload
        else F.array_contains(F.col("known_ranks"), rank)
    )
    overtaken = [
        ~fills(F.col("fields"), kind.bit(group)) | (F.col(rank_name(kind, group)) > rank) for group in kind.fields
    ]
    is_stale = reduce(and_, overtaken, F.col("known_0") > rank)
    return (
        candidates.where(F.col("reason").isNull())
        .join(known, on="id", how="left")
        .withColumn("occurrence", F.row_number().over(in_batch))
        .withColumn(
            "verdict",
            F.when((F.col("occurrence") > 1) | F.coalesce(is_known, F.lit(False)), DUPLICATE)
            .when(F.coalesce(is_stale, F.lit(False)), STALE)
            .otherwise(ACCEPTED),
        )
        .drop("occurrence")
    )


def new_stamps(judged: DataFrame) -> DataFrame:
    """The stamps that judged records add: those that raise something, one for each key and set of fields."""
    rank = F.col("rank")
    is_news = ~F.coalesce(F.array_contains(F.col("known_ranks"), rank), F.lit(False)) & (F.col("verdict") != STALE)
    top = F.max(F.struct("rank", "values_hash", *ORIGIN_NAMES)).alias("top")
    return (
        judged.where(is_news)
        .groupBy("record_kind", "id", "on_date", "fields")
        .agg(top)
        .select(F.col("record_kind").alias("entity"), "id", "on_date", "fields", "top.*")
    )
