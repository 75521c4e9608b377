"""Maintenance: catching up what may lag, dropping what is not needed, and tidying files.

Runs beside readers at any time; beside the stream only where Delta lets both commit (tidying changes no data). It may
be stopped anywhere: each step is one Delta commit that leaves the table right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial, reduce
from operator import or_

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from soundlake.insights import load_insights
from soundlake.kinds import KINDS
from soundlake.kinds.kind import Kind
from soundlake.lake import Lake, retry_conflicts
from soundlake.refine.snapshots import DAY, chosen_fetches
from soundlake.session import for_thread
from soundlake.settings import Settings
from soundlake.tables import PLAYLIST_FETCHES, POPULARITY_HISTORY, STAMPS, TABLES, Table

TABLES_AT_ONCE = 4  # maintaining a small table is mostly waiting for the driver


@dataclass(frozen=True)
class Done:
    """What maintenance did to one table."""

    table: str
    action: str


def maintain(spark: SparkSession, lake: Lake, settings: Settings) -> Iterator[Done]:
    """Do all maintenance of a lake, step by step; each step is told when it is done.

    Reading the result drives the work: what is not read is not done.
    """
    lagging = [kind for kind in KINDS.values() if "fetched_at" in kind.volatile]
    hours = settings.maintain.retention_hours
    marts = [insight.table for insight in load_insights()]
    stages: list[tuple[str, list[tuple[Table, Callable[[], None]]]]] = [
        ("caught up", [(kind.table, partial(catch_up, spark, lake, kind)) for kind in lagging]),
        (
            "cleared",
            [
                (STAMPS, partial(drop_dominated_stamps, spark, lake)),
                (PLAYLIST_FETCHES, partial(drop_superseded_fetches, spark, lake)),
            ],
        ),
        ("compacted", [(table, partial(compact, spark, lake, table, hours)) for table in (*TABLES, *marts)]),
    ]
    with ThreadPoolExecutor(max_workers=TABLES_AT_ONCE) as pool:
        for action, tasks in stages:
            there = [(table, task) for table, task in tasks if lake.exists(spark, table)]
            running = [(table, pool.submit(for_thread(spark, retry_conflicts), t)) for table, t in there]
            for table, work in running:
                work.result()
                yield Done(table.view, action)


def catch_up(spark: SparkSession, lake: Lake, kind: Kind) -> None:
    """Bring fetched_at, popularity and followers of a kind's rows up to what refine knows."""
    fresh = newest_stamps(lake.read(spark, STAMPS), kind)
    history = lake.read(spark, POPULARITY_HISTORY).where(F.col("entity") == kind.name)
    fresh = fresh.join(newest_observations(history, kind), on="id", how="left")
    key = kind.table.key[0]
    current = lake.read(spark, kind.table)
    lagging = [~current[name].eqNullSafe(_fresher(current, fresh, name)) for name in kind.volatile]
    rows = (
        current.join(fresh, on=current[key] == fresh["id"], how="inner")
        .where(reduce(or_, lagging))
        .select(current[key], *[_fresher(current, fresh, name).alias(name) for name in kind.volatile])
    )
    (
        lake.delta(spark, kind.table)
        .alias("t")
        .merge(rows.alias("s"), f"t.`{key}` = s.`{key}`")
        .whenMatchedUpdate(set={name: f"s.`{name}`" for name in kind.volatile})
        .execute()
    )


def _fresher(current: DataFrame, fresh: DataFrame, name: str) -> Column:
    return F.coalesce(fresh[f"fresh_{name}"], current[name])


def newest_stamps(stamps: DataFrame, kind: Kind) -> DataFrame:
    """id and fresh_fetched_at: when the newest record of each thing of a kind was fetched."""
    own = stamps.where(F.col("entity") == kind.name)
    return own.groupBy("id").agg(F.max("rank")["fetched_at"].alias("fresh_fetched_at"))


def newest_observations(history: DataFrame, kind: Kind) -> DataFrame:
    """id, and fresh_popularity and fresh_followers where the kind has them: the last observed values."""
    newest = [F.max_by(F.when(F.col(n).isNotNull(), F.col(n)), _day_of(n)).alias(f"fresh_{n}") for n in kind.observes]
    if not newest:
        return history.select("id").where(F.lit(False))
    return history.groupBy("id").agg(*newest)


def _day_of(measure: str) -> Column:
    return F.when(F.col(measure).isNotNull(), F.col("observed_on"))


def drop_dominated_stamps(spark: SparkSession, lake: Lake) -> None:
    """Delete the stamps that higher-ranked ones of the same key dominate in every field."""
    _delete(
        lake.delta(spark, STAMPS),
        lake.read(spark, STAMPS).transform(settled).transform(dominated),
        ("entity", "id", "rank", "fields", "batch"),
    )


def settled(rows: DataFrame) -> DataFrame:
    """The rows (column batch) of batches that surely ended: those that a later batch of their query has followed.

    What an unfinished batch wrote is left out of its judgement when it is done again. If it had made older rows go,
    nothing would be known of their keys then, and their rows would be appended a second time.
    """
    query = F.substring_index("batch", "/", 1)
    number = F.expr("try_cast(substring_index(batch, '/', -1) AS bigint)")  # Column.try_cast is newer than Spark 3.5
    numbered = rows.withColumns({"query_": query, "number_": number})
    last = numbered.groupBy("query_").agg(F.max("number_").alias("last_"))
    ended = numbered.join(F.broadcast(last), on="query_", how="inner").where(F.col("number_") < F.col("last_"))
    return ended.drop("query_", "number_", "last_")


def dominated(stamps: DataFrame) -> DataFrame:
    """The stamps that say nothing any more: higher-ranked ones of the same key fill all their fields."""
    higher = Window.partitionBy("entity", "id", "on_date").orderBy(F.col("rank").desc())
    before = F.bit_or("fields").over(higher.rowsBetween(Window.unboundedPreceding, -1))
    adds = F.col("fields").bitwiseAND(F.bitwise_not(F.coalesce(F.col("before"), F.lit(0).cast("bigint"))))
    return stamps.withColumn("before", before).where(adds == 0).drop("before")


def drop_superseded_fetches(spark: SparkSession, lake: Lake) -> None:
    """Delete staged entries of fetches that are older than their day's chosen one."""
    superseded_entries = lake.read(spark, PLAYLIST_FETCHES).transform(settled).transform(superseded)
    _delete(lake.delta(spark, PLAYLIST_FETCHES), superseded_entries, (*DAY, "fetch", "position", "rank", "batch"))


def superseded(staged: DataFrame) -> DataFrame:
    """The entries of stamped fetches that are older than the chosen fetch of their playlist and day."""
    chosen = chosen_fetches(staged).select(*DAY, "stamp")
    joined = staged.join(chosen, on=list(DAY), how="inner")
    return joined.where(~F.col("fetch").startswith("arrived") & (F.col("fetched_at") < F.col("stamp"))).drop("stamp")


def _delete(table: DeltaTable, rows: DataFrame, key: Sequence[str]) -> None:
    """Delete rows by key. What was appended since the rows were chosen stays: nothing is written from an old view."""
    same = " AND ".join(f"t.`{name}` = s.`{name}`" for name in key)
    gone = rows.select(*key).distinct().localCheckpoint()
    if not gone.isEmpty():
        table.alias("t").merge(gone.alias("s"), same).whenMatchedDelete().execute()


def compact(spark: SparkSession, lake: Lake, table: Table, retention_hours: int) -> None:
    """Join small files, and delete files that no version within the retention refers to."""
    delta = lake.delta(spark, table)
    if lake.files(spark, table) > 1:
        delta.optimize().executeCompaction()
    if lake.created_at(spark, table) < datetime.now(UTC) - timedelta(hours=retention_hours):  # else there is none
        delta.vacuum(retention_hours)
