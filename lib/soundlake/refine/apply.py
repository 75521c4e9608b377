"""Applying silver/changes: pending changes are merged into their tables between batches.

The changes of a table are folded first (soundlake.core.fold), then one MERGE sets what differs. Everything is computed
from one version of silver/changes, and applied changes are deleted from it last. So a crash does no harm: the next
application computes the same rows, and most of them exist already. Only the writer of the lake may apply changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.core.fold import READ, fold, fold_history, fold_parts
from soundlake.core.judge_key import MEASURES
from soundlake.frames import kept
from soundlake.kinds import KINDS
from soundlake.kinds.kind import Kind
from soundlake.lake import Lake
from soundlake.refine.playlist_days import write_snapshots
from soundlake.refine.scoring import score_tracks
from soundlake.refine.snapshots import DAY
from soundlake.session import run_in_parallel
from soundlake.tables import CHANGES, PLAYLIST_ITEMS, POPULARITY_HISTORY, TABLES, TRACK_FEATURES, Table
from soundlake.writes import same_key, within

FEW = 50_000  # up to so many changes of a table are folded by one task, and the result is broadcast
TABLES_AT_ONCE = 4
_Fold = Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]


@dataclass(frozen=True)
class Applied:
    """How many changes were applied, by the name of the table that they change."""

    changes: Mapping[str, int]


@dataclass(frozen=True)
class _Waiting:
    """The pending changes of one table, their number, and the first and last date in their keys."""

    rows: DataFrame
    count: int
    first: date | None
    last: date | None

    def near(self, column: str) -> str:
        """The SQL condition that a date lies within theirs."""
        assert self.first is not None, "changes of tables with dated keys have a date"
        assert self.last is not None
        return within(column, self.first, self.last)

    def folded(self, fold_all: _Fold, ddl: str) -> DataFrame:
        """The changes folded by `fold_all`, grouped by id; `ddl` is the schema of the result."""
        read = self.rows.select(*READ)
        spread = read.coalesce(1) if self.count <= FEW else read.repartition("id")
        return self.broadcast(spread.sortWithinPartitions("id").mapInArrow(fold_all, ddl))

    def broadcast(self, df: DataFrame) -> DataFrame:
        """A frame with at most as many rows as these, broadcast if they are few."""
        return F.broadcast(df) if self.count <= FEW else df


def apply_changes(spark: SparkSession, lake: Lake) -> Applied:
    """Apply all pending changes, then clear them from silver/changes."""
    version = lake.version(spark, CHANGES)
    if version < 0 or not lake.files(spark, CHANGES):
        return Applied({})
    with kept(lake.read(spark, CHANGES, version)) as rows:
        waiting, batches = _waiting(rows)
        tasks = [partial(_apply, spark, lake, name, own, version) for name, own in sorted(waiting.items())]
        run_in_parallel(spark, tasks, TABLES_AT_ONCE)
    _clear(spark, lake, version, batches)
    return Applied({target: own.count for target, own in waiting.items()})


def applications(spark: SparkSession, lake: Lake) -> list[tuple[Table, Callable[[], None]]]:
    """The same in steps: one for each table, and a last one that clears silver/changes.

    Batches may run between the steps: the changes that they add are left for the next application.
    """
    version = lake.version(spark, CHANGES)
    if version < 0 or not lake.files(spark, CHANGES):
        return []
    waiting, batches = _waiting(lake.read(spark, CHANGES, version))
    tables = {table.name: table for table in TABLES}
    steps = [(tables[name], partial(_apply, spark, lake, name, own, version)) for name, own in sorted(waiting.items())]
    return [*steps, (CHANGES, partial(_clear, spark, lake, version, batches))]


def _waiting(rows: DataFrame) -> tuple[dict[str, _Waiting], set[str]]:
    """The changes of each table, by its name, and the batches that they came from."""
    groups = rows.groupBy("target").agg(
        F.count("*").alias("count"),
        F.min("on_date").alias("first"),
        F.max("on_date").alias("last"),
        F.collect_set("batch").alias("batches"),
    )
    found = groups.collect()
    waiting = {
        row["target"]: _Waiting(rows.where(F.col("target") == row["target"]), row["count"], row["first"], row["last"])
        for row in found
    }
    return waiting, {batch for row in found for batch in row["batches"]}


def _apply(spark: SparkSession, lake: Lake, target: str, waiting: _Waiting, version: int) -> None:
    if target == POPULARITY_HISTORY.name:
        _observe(spark, lake, waiting)
    elif target == PLAYLIST_ITEMS.name:
        days = waiting.rows.select(F.col("id").alias(DAY[0]), F.col("on_date").alias(DAY[1])).distinct()
        write_snapshots(spark, lake, waiting.broadcast(days), waiting.near(DAY[1]), by=f"apply/{version}")
    else:
        _change(spark, lake, next(kind for kind in KINDS.values() if kind.table.name == target), waiting)


def _change(spark: SparkSession, lake: Lake, kind: Kind, waiting: _Waiting) -> None:
    """Update the changed rows of a kind's table; a row whose stable columns stay the same is not written."""
    more = ("fields bigint",) if "fetched_at" in kind.table.column_names else ("fetched_at timestamp", "fields bigint")
    ddl = ", ".join([kind.table.ddl, *more])
    values = _values(kind)
    near = f" AND {waiting.near(f't.`{kind.pruning_column}`')}" if kind.pruning_column else ""
    (
        lake.delta(spark, kind.table)
        .alias("t")
        .merge(waiting.folded(partial(_fold_rows, kind.name), ddl).alias("s"), same_key(kind.table.key) + near)
        .whenMatchedUpdate(
            " OR ".join(f"NOT (t.`{name}` <=> {values[name]})" for name in kind.stable),
            {f"`{name}`": value for name, value in values.items()},
        )
        .execute()
    )
    if kind.table is TRACK_FEATURES:
        score_tracks(spark, lake, waiting.broadcast(waiting.rows.select(F.col("id").alias("track_id")).distinct()))


def _values(kind: Kind) -> dict[str, str | Column]:
    """For each column that may change, its value in a row `t` after the folded changes `s`, in SQL."""
    values: dict[str, str | Column] = {}
    for group, bits in zip(kind.groups, kind.bits, strict=True):
        for name in group.columns:
            values[name] = f"IF((s.fields & {bits[0]}) != 0, s.`{name}`, t.`{name}`)"
    if "fetched_at" in kind.table.column_names:
        values["fetched_at"] = "greatest(t.fetched_at, s.fetched_at)"
    return values


def _fold_rows(kind: str, parts: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
    """On a worker: fold the changes of the table of a kind."""
    return fold_parts(partial(fold, KINDS[kind]), parts)


def _observe(spark: SparkSession, lake: Lake, waiting: _Waiting) -> None:
    """Update the observations of each day, where they outrank the ones in the table."""
    table = POPULARITY_HISTORY
    lake.create(spark, table)
    is_newer = {name: f"coalesce(s.{name}_rank > t.{name}_rank, s.{name}_rank IS NOT NULL)" for name in MEASURES}
    values: dict[str, str | Column] = {
        column: f"IF({is_newer[name]}, s.{column}, t.{column})"
        for name in MEASURES
        for column in (name, f"{name}_rank")
    }
    observed = waiting.folded(partial(fold_parts, fold_history), table.ddl)
    (
        lake.delta(spark, table)
        .alias("t")
        .merge(observed.alias("s"), f"{same_key(table.key)} AND {waiting.near('t.observed_on')}")
        .whenMatchedUpdate(" OR ".join(is_newer.values()), values)
        .whenNotMatchedInsertAll()
        .execute()
    )


def _clear(spark: SparkSession, lake: Lake, version: int, batches: set[str]) -> None:
    """Delete the applied changes: all rows, or only those of `batches` where others were added since."""
    waiting = lake.delta(spark, CHANGES)
    if lake.version(spark, CHANGES) == version:
        waiting.delete()
    else:
        waiting.delete(F.col("batch").isin(*batches))
