"""The judgement: of each record, whether it is accepted, duplicate, stale or rejected.

Records are judged by their key: all of a batch's records of one key stand in one row, beside what is known of the key.
Plans stay small that way, however many columns the table has, and planning is what a small batch spends its time on.
"""

from __future__ import annotations

from functools import cache

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from soundlake.kinds.kind import Kind
from soundlake.ops.accounts import ACCEPTED, DUPLICATE, STALE
from soundlake.refine.candidates import ORIGIN_NAMES
from soundlake.refine.known import STAMP, STAMPS_TYPE, all_fields, without


def by_position(prefix: str = "") -> list[Column]:
    """The order of records within a batch: positions compare by length, then text."""
    stream, partition, position = (F.col(prefix + name) for name in ORIGIN_NAMES)
    return [stream, partition, F.length(position), position]


def judge(kind: Kind, candidates: DataFrame, known: DataFrame) -> DataFrame:
    """Judge the good candidates of a keyed kind, by what known_state says of their keys.

    Out: one row for each id: id, on_date, `records` (an array, the highest rank first, of the different records: rank,
    fields, values_hash, where they stand, row, `lowest` and `times`, `verdict` of the first of these times (the others
    are duplicates), and `raises`, the fields in which it outranks all that is known), `known`, and the counts
    `accepted`, `duplicate` and `stale`.

    Duplicate: the same key and rank was there before, in the batch or earlier (for kinds that repeat by payload: the
    same key and payload). Stale: newer records have overtaken it in every field. Within a batch records are judged as
    if they had come in the order of their ranks, so only earlier batches make a record stale.
    """
    different, same, by_key = _gathering(kind)
    seen, judged, counts = _judging(kind)
    good = candidates.where(F.col("reason").isNull())
    return (
        good.groupBy("id", *different)
        .agg(*same)
        .groupBy("id")
        .agg(*by_key)
        .join(known, on="id", how="left")
        .withColumn("known", seen)
        .withColumn("records", judged)
        .withColumns(counts)
    )


def news(records: Column) -> Column:
    """The records of an array, as `judge` gives it, that raise something."""
    return F.filter(records, lambda record: record["raises"] != 0)


def new_stamps(judged: DataFrame, kind: Kind) -> DataFrame:
    """The stamps that judged records add: those that raise something, one for each key and set of fields."""
    raising = judged.select("id", "on_date", news(F.col("records")).alias("records"))
    highest = F.filter(
        "records",
        lambda record, place: (
            ~F.exists(F.slice("records", F.lit(1), place), lambda higher: higher["fields"] == record["fields"])
        ),
    )
    return raising.select(F.lit(kind.name).alias("entity"), "id", "on_date", F.explode(highest).alias("record")).select(
        "entity", "id", "on_date", *[F.col("record")[name].alias(name) for name in (*STAMP, *ORIGIN_NAMES)]
    )


# Columns are made once for each kind: making one costs calls to the JVM, and a small batch is mostly such calls.
@cache
def _gathering(kind: Kind) -> tuple[list[Column], list[Column], list[Column]]:
    """What tells different records of a key apart, what is gathered of the same, and what of all records of a key."""
    rank = F.col("rank")
    # Kinds that repeat by payload take the same payload for the same record, whenever it was fetched.
    different = [rank["weight"].alias("weight"), rank["sha"].alias("sha")] if kind.repeats_by_payload else [rank]
    record = F.struct("rank", "fields", "values_hash", *ORIGIN_NAMES, "row")
    same = [
        F.max("on_date").alias("on_date"),
        F.max(record).alias("top"),
        F.min("rank").alias("lowest"),
        F.count("*").alias("times"),
    ]
    records = F.sort_array(F.collect_list(F.struct("top.*", "lowest", "times")), asc=False)
    return different, same, [F.max("on_date").alias("on_date"), records.alias("records")]


@cache
def _stamping(kind: Kind) -> tuple[list[Column], ...]:
    def is_highest(record: Column, place: Column) -> Column:
        higher = F.slice("records", F.lit(1), place)
        return ~F.exists(higher, lambda other: other["fields"] == record["fields"])

    stamp = [F.col("record")[name].alias(name) for name in (*STAMP, *ORIGIN_NAMES)]
    return (
        [news(F.col("records")).alias("records")],
        [F.explode(F.filter("records", is_highest)).alias("record")],
        [F.lit(kind.name).alias("entity"), *stamp],
    )


@cache
def _judging(kind: Kind) -> tuple[Column, Column, dict[str, Column]]:
    """`known`, `records` with what judge adds to them, and the counts."""
    judged = F.transform(
        "records",
        lambda record: record.withField("verdict", _verdict(kind, record)).withField("raises", _raises(record)),
    )
    counts = {
        ACCEPTED: _count(ACCEPTED),
        STALE: _count(STALE),
        DUPLICATE: _times() - _count(ACCEPTED) - _count(STALE),
    }
    return F.coalesce("known", F.array().cast(STAMPS_TYPE)), judged, counts


def _verdict(kind: Kind, record: Column) -> Column:
    def is_same(stamp: Column) -> Column:
        ours, theirs = record["rank"], stamp["rank"]
        if kind.repeats_by_payload:
            return (ours["weight"] == theirs["weight"]) & (ours["sha"] == theirs["sha"])
        return ours == theirs

    newer = F.filter("known", lambda stamp: stamp["rank"] > record["lowest"])
    is_overtaken = without(record["fields"], all_fields(newer)) == 0
    return (
        F.when(F.size("known") == 0, ACCEPTED)
        .when(F.exists("known", is_same), DUPLICATE)
        .when(is_overtaken, STALE)
        .otherwise(ACCEPTED)
    )


def _raises(record: Column) -> Column:
    at_least = F.filter("known", lambda stamp: stamp["rank"] >= record["rank"])
    return F.when(F.size("known") == 0, record["fields"]).otherwise(without(record["fields"], all_fields(at_least)))


def _count(verdict: str) -> Column:
    return F.size(F.filter("records", lambda record: record["verdict"] == verdict)).cast("bigint")


def _times() -> Column:
    return F.aggregate("records", F.lit(0).cast("bigint"), lambda times, record: times + record["times"])
