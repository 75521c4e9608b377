"""Maintenance: updating columns that may lag, deleting rows that are no longer needed, compacting files.

The writer of a lake maintains it: a running stream in steps between its batches, else the job maintain. It may be
stopped anywhere: each step is one Delta commit that leaves the table consistent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial, reduce
from operator import or_

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.core.schema import arrow_schema, table_of
from soundlake.frames import frame_of, kept
from soundlake.kinds import KINDS
from soundlake.kinds.kind import Kind
from soundlake.lake import Lake, retry_conflicts
from soundlake.logs import get_log
from soundlake.ops.clearing import drop_dominated_stamps, drop_superseded_fetches
from soundlake.ops.delta_logs import is_bronze_unread, trim_logs
from soundlake.ops.leases import tables_of_jobs, writable
from soundlake.refine.apply import applications, apply_changes
from soundlake.session import run_in_parallel
from soundlake.settings import Settings
from soundlake.tables import (
    CHANGES,
    EVENTS,
    MAINTENANCE,
    PLAYLIST_FETCHES,
    POPULARITY_HISTORY,
    STAMPS,
    STREAM_LEASE,
    TABLES,
    Table,
)
from soundlake.writes import append

TABLES_AT_ONCE = 4  # maintaining a small table mostly waits for the driver
_log = get_log(__name__)


@dataclass(frozen=True)
class Step:
    """One step of maintenance: an action on a table; `do` returns whether there was anything to do."""

    action: str
    table: Table
    do: Callable[[], bool]


@dataclass(frozen=True)
class MaintenanceRecord:
    """A finished step, as a row of ops/maintenance."""

    started_at: datetime
    duration_ms: int
    table_name: str
    action: str

    def __str__(self) -> str:
        return f"{self.table_name}: {self.action}"


def maintain(spark: SparkSession, lake: Lake, settings: Settings) -> list[MaintenanceRecord]:
    """Apply pending changes and do all maintenance of a lake, insights included; returns the finished steps.

    For the holder of the stream's lease. The tables of a job that is running are skipped.
    """
    stages = [[Step("applied", CHANGES, partial(_apply, spark, lake))], *_stages(spark, lake, settings)]
    done = [one for stage in stages for one in _do(spark, stage)]
    for name, tables in tables_of_jobs().items():
        with writable(lake, settings, "maintain", name) as allowed:
            if allowed is not None:
                done += _do(spark, [_compaction(spark, allowed, settings, table) for table in tables])
    record_steps(spark, lake, done)
    trim_logs(spark, lake, settings)
    return done


def _do(spark: SparkSession, stage: Sequence[Step]) -> list[MaintenanceRecord]:
    """Do steps that touch different tables."""
    results = run_in_parallel(spark, [partial(do_step, step) for step in stage], TABLES_AT_ONCE)
    return [one for one in results if one is not None]


def steps(spark: SparkSession, lake: Lake, settings: Settings) -> list[Step]:
    """The steps that a running stream does, in order: all of `maintain` but applying changes (see `apply_steps`)."""
    own = [step for stage in _stages(spark, lake, settings) for step in stage]
    others = [table for tables in tables_of_jobs().values() for table in tables]
    return [*own, *(Step("compacted", table, partial(_visit, spark, lake, settings, table)) for table in others)]


def _visit(spark: SparkSession, lake: Lake, settings: Settings, table: Table) -> bool:
    """Compact a table of another job, unless that is running."""
    with writable(lake, settings, "maintain", table.lease) as allowed:
        return allowed is not None and _compaction(spark, allowed, settings, table).do()


def apply_steps(spark: SparkSession, lake: Lake) -> list[Step]:
    """The steps that apply the pending changes, in order."""
    return [Step("applied", table, partial(_surely, do)) for table, do in applications(spark, lake)]


def _surely(do: Callable[[], None]) -> bool:
    do()
    return True


def _stages(spark: SparkSession, lake: Lake, settings: Settings) -> list[list[Step]]:
    """The steps for the stream's tables by stage; those of one stage touch different tables."""
    lagging = [kind for kind in KINDS.values() if "fetched_at" in kind.volatile]
    step = partial(_step, spark, lake)
    stamps, fetches = partial(drop_dominated_stamps, spark, lake), partial(drop_superseded_fetches, spark, lake)
    return [
        [step("caught up", kind.table, partial(catch_up, spark, lake, kind)) for kind in lagging],
        [step("cleared", STAMPS, stamps), step("cleared", PLAYLIST_FETCHES, fetches)],
        [_compaction(spark, lake, settings, table) for table in TABLES if table.lease == STREAM_LEASE],
    ]


def _compaction(spark: SparkSession, lake: Lake, settings: Settings, table: Table) -> Step:
    hours = settings.maintain.retention_hours
    return _step(spark, lake, "compacted", table, partial(compact, spark, lake, table, hours))


def _step(spark: SparkSession, lake: Lake, action: str, table: Table, do: Callable[[], bool]) -> Step:
    return Step(action, table, lambda: lake.exists(spark, table) and do())


def do_step(step: Step) -> MaintenanceRecord | None:
    """Do a step; returns None where there was nothing to do."""
    started_at, found = datetime.now(UTC), []
    retry_conflicts(lambda: found.append(step.do()))
    milliseconds = int((datetime.now(UTC) - started_at).total_seconds() * 1000)
    return MaintenanceRecord(started_at, milliseconds, step.table.view, step.action) if any(found) else None


def record_steps(spark: SparkSession, lake: Lake, done: Sequence[MaintenanceRecord]) -> None:
    """Append the steps that were done to ops/maintenance."""
    for one in done:
        _log.info("maintained", table=one.table_name, action=one.action, milliseconds=one.duration_ms)
    if done:
        rows = table_of(arrow_schema(MAINTENANCE), [vars(one) for one in done])
        append(lake, MAINTENANCE, frame_of(spark, rows, MAINTENANCE.ddl))


def _apply(spark: SparkSession, lake: Lake) -> bool:
    return bool(apply_changes(spark, lake).changes)


def catch_up(spark: SparkSession, lake: Lake, kind: Kind) -> bool:
    """Update fetched_at, popularity and followers from stamps and history; returns whether any row lagged."""
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
    with kept(rows) as found:
        if found.isEmpty():
            return False
        (
            lake.delta(spark, kind.table)
            .alias("t")
            .merge(found.alias("s"), f"t.`{key}` = s.`{key}`")
            .whenMatchedUpdate(set={name: f"s.`{name}`" for name in kind.volatile})
            .execute()
        )
        return True


def _fresher(current: DataFrame, fresh: DataFrame, name: str) -> Column:
    return F.coalesce(fresh[f"fresh_{name}"], current[name])


def newest_stamps(stamps: DataFrame, kind: Kind) -> DataFrame:
    """id and fresh_fetched_at: when the newest record of each id of a kind was fetched."""
    own = stamps.where(F.col("entity") == kind.name)
    return own.groupBy("id").agg(F.max("rank")["fetched_at"].alias("fresh_fetched_at"))


def newest_observations(history: DataFrame, kind: Kind) -> DataFrame:
    """id, and fresh_popularity and fresh_followers where the kind has them: the latest observed values."""
    newest = [F.max_by(F.col(name), _day_of(name)).alias(f"fresh_{name}") for name in kind.history_columns]
    if not newest:
        return history.select("id").where(F.lit(False))
    return history.groupBy("id").agg(*newest)


def _day_of(measure: str) -> Column:
    return F.when(F.col(measure).isNotNull(), F.col("observed_on"))


def compact(spark: SparkSession, lake: Lake, table: Table, retention_hours: int) -> bool:
    """Compact small files, and delete unreferenced ones past the retention; returns whether any were compacted."""
    has_several = lake.files(spark, table) > 1
    if has_several:
        lake.delta(spark, table).optimize().executeCompaction()
    # Else no file can be past the retention.
    is_old = lake.created_at(spark, table) < datetime.now(UTC) - timedelta(hours=retention_hours)
    if is_old and not (table is EVENTS and is_bronze_unread(spark, lake, retention_hours)):
        lake.delta(spark, table).vacuum(retention_hours)
    return has_several
