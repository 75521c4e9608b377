"""Replaying rejected records: after a rule was fixed, those that pass leave silver/rejected.

A replay is a batch like those of the stream, judged and written in the same way; its records come from bronze, as
silver/rejected may lack their bytes. Its plan, a table of these records, is written first and stays until all is done.
So a replay that died is completed, with the same records and the same number, by the next replay or stream, before
anything else is judged: half of its stamps would lead to wrong outcomes.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial, reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.lake import Lake, retry_conflicts
from soundlake.refine.apply import apply_changes
from soundlake.refine.batch import Refiner, append_batch_row
from soundlake.refine.batch_metrics import batch_row, totals
from soundlake.refine.known import open_index
from soundlake.refine.result import Result
from soundlake.session import run_in_parallel
from soundlake.settings import Settings
from soundlake.storage import Storage
from soundlake.tables import EVENTS, REJECTED, TABLES, Table
from soundlake.writes import BatchWriter, same_key

QUERY = "replay_rejected"
RECORDS_AT_ONCE = 200_000
_REJECTION = ("kind", "reason", "detail", "key", "value")  # what a rejection consists of


def replay(
    spark: SparkSession, lake: Lake, settings: Settings, check: Callable[[], None] = lambda: None
) -> Counter[str]:
    """Judge all rejected records again; returns how many were read, accepted, duplicate, stale and rejected.

    No batch of refine and no replay may be unfinished. It may die anywhere, and is then completed by `complete_replay`.
    `check` is called before each batch and may raise to stop it. Where no outcome changes, nothing is written.
    """
    if not lake.exists(spark, REJECTED) or lake.read(spark, REJECTED).isEmpty():
        return Counter()
    number = 1 + max(_last_batch(spark, lake, table) for table in TABLES)
    plan = f"{_plans(lake)}/{number}-{uuid.uuid4().hex[:8]}"
    rejected = lake.read(spark, REJECTED)
    events = rejected_events(lake.read(spark, EVENTS), rejected)
    batches = 1 + rejected.count() // RECORDS_AT_ONCE
    chunk = F.pmod(F.xxhash64(*REJECTED.key), F.lit(batches)).cast("int")
    events.withColumn("chunk", chunk).write.format("delta").save(plan)
    return _do(spark, lake, _refiner(lake, settings), plan, check)


def complete_replay(
    spark: SparkSession, lake: Lake, settings: Settings, check: Callable[[], None] = lambda: None
) -> None:
    """Complete a replay that died, if there is one; remove the plans of others."""
    for name in sorted(Storage(spark).names(_plans(lake))):
        plan = f"{_plans(lake)}/{name}"
        if lake.is_table(spark, plan):
            _do(spark, lake, _refiner(lake, settings), plan, check)
        else:
            forget_plan(spark, plan)


def forget_plan(spark: SparkSession, plan: str) -> None:
    """Delete the plan of a replay; its log first, so that a partial one never looks complete."""
    Storage(spark).delete(f"{plan}/_delta_log")
    Storage(spark).delete(plan)


def forget_plans(spark: SparkSession, lake: Lake) -> None:
    """Delete the plans of replays that died, where silver is rebuilt anyway."""
    for name in Storage(spark).names(_plans(lake)):
        forget_plan(spark, f"{_plans(lake)}/{name}")


def _refiner(lake: Lake, settings: Settings) -> Refiner:
    return Refiner(lake, open_index(settings), settings.refine.driver_records, QUERY)


def _plans(lake: Lake) -> str:
    return f"{lake.root}/_replay"


def _last_batch(spark: SparkSession, lake: Lake, table: Table) -> int:
    """The number of the last replay that appended to a table; numbers are never reused, as Delta remembers them."""
    return lake.last_batches(spark, table).get(QUERY, -1) if lake.exists(spark, table) else -1


def rejected_events(events: DataFrame, rejected: DataFrame) -> DataFrame:
    """The bronze rows of rejected records; their arrival times prune files of bronze."""
    bounds = rejected.agg(F.min("arrived_at").alias("first"), F.max("arrived_at").alias("last")).first()
    assert bounds is not None  # an aggregate without groups has one row
    near = events.where(F.col("arrived_at").between(*bounds))
    return near.join(rejected.select(*REJECTED.key), on=list(REJECTED.key), how="left_semi")


def _do(spark: SparkSession, lake: Lake, refiner: Refiner, plan: str, check: Callable[[], None]) -> Counter[str]:
    records = spark.read.format("delta").load(plan)
    number = int(plan.rpartition("/")[2].partition("-")[0])
    done: Counter[str] = Counter()
    for row in records.select("chunk").distinct().orderBy("chunk").collect():
        check()
        events = records.where(F.col("chunk") == row["chunk"]).select(*EVENTS.column_names)
        once = partial(_replay_batch, spark, refiner, events, BatchWriter(lake, QUERY, number + row["chunk"]))
        retry_conflicts(lambda once=once: done.update(once()))  # type: ignore[misc]
    apply_changes(spark, lake)
    forget_plan(spark, plan)
    return done


def _replay_batch(spark: SparkSession, refiner: Refiner, events: DataFrame, writer: BatchWriter) -> Mapping[str, int]:
    """Judge records again and write the result; silver/rejected is changed last."""
    started_at = datetime.now(UTC)
    with refiner.judged(spark, events, writer.batch) as result:
        changes = changed(refiner.lake.read(spark, REJECTED), events, _still_rejected(result)).persist()
        try:
            if not changes.isEmpty():
                appends = {table: rows for table, rows in result.rows.items() if table is not REJECTED}
                run_in_parallel(spark, refiner.appends(spark, writer, replace(result, rows=appends, unknown_fields={})))
                append_batch_row(
                    spark, writer, partial(batch_row, QUERY, QUERY, writer.batch_id, started_at, result.counts)
                )
                _replace(spark, refiner.lake, changes)
        finally:
            changes.unpersist()
        return totals(result.counts)


def _still_rejected(result: Result) -> DataFrame | None:
    rows = result.rows.get(REJECTED)
    return None if rows is None else rows.withColumn("rejected_at", F.current_timestamp())


def _replace(spark: SparkSession, lake: Lake, changes: DataFrame) -> None:
    """Delete the rows of silver/rejected that `is_gone` marks and update the others, in one commit."""
    columns: dict[str, str | Column] = {f"`{name}`": f"s.`{name}`" for name in REJECTED.column_names}
    (
        lake.delta(spark, REJECTED)
        .alias("t")
        .merge(changes.alias("s"), same_key(REJECTED.key))
        .whenMatchedDelete("s.is_gone")
        .whenMatchedUpdate(set=columns)
        .execute()
    )


def changed(rejected: DataFrame, replayed: DataFrame, still: DataFrame | None) -> DataFrame:
    """The changes of silver/rejected after the records `replayed` were judged, and `still` are rejected.

    Out: the table's columns and `is_gone`. Records that are rejected with the same reason as before are left out.
    """
    key = list(REJECTED.key)
    before = rejected.join(replayed.select(*key), on=key, how="left_semi")
    if still is None:
        return before.withColumn("is_gone", F.lit(True))
    now = still.select(*key, F.struct(*REJECTED.column_names).alias("now"))
    is_same = reduce(
        lambda one, other: one & other,
        [F.col(name).eqNullSafe(F.col("now")[name]) for name in (*_REJECTION, "arrived_at")],
    )
    is_gone = F.col("now").isNull()
    columns = [F.when(is_gone, F.col(n)).otherwise(F.col("now")[n]).alias(n) for n in REJECTED.column_names]
    judged = before.join(now, on=key, how="left").where(is_gone | ~is_same)
    return judged.select(*columns, is_gone.alias("is_gone"))
