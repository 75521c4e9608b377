"""Refining playlist items: staging the entries of fetches and keeping the daily snapshots."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from soundlake.kinds.kind import Kind
from soundlake.ops.accounts import ACCEPTED, REJECTED
from soundlake.refine import snapshots
from soundlake.refine.rejects import rejected_rows
from soundlake.refine.work import Batch
from soundlake.refine.writes import within
from soundlake.tables import PLAYLIST_FETCHES, PLAYLIST_ITEMS


def judge_playlist_items(batch: Batch, kind: Kind, found: DataFrame) -> Callable[[], None] | None:
    """Judge the candidates; give back what writes the snapshots they touch, if there is something to write."""
    flawed = found.where(F.col("reason").isNotNull())
    if rejected := flawed.count():
        batch.rejected.append(rejected_rows(flawed))
        batch.account.count(kind.name, REJECTED, rejected)
    entries = batch.keep(snapshots.entries(found))
    days = batch.keep(snapshots.touched_days(entries))
    bounds = days.agg(F.min("snapshot_date"), F.max("snapshot_date")).first()
    assert bounds is not None  # an aggregate without groups has one row
    if bounds[0] is None:
        return None
    touched = within("snapshot_date", *bounds)
    earlier = batch.keep(_earlier_entries(batch, days, touched).select(*entries.columns))
    judged = batch.keep(snapshots.judge_entries(entries, earlier))
    for row in judged.groupBy("verdict").count().collect():
        batch.account.count(kind.name, row["verdict"], row["count"])
    return partial(_write, batch, days, within("snapshot_date", *bounds), entries, earlier, judged)


def _write(
    batch: Batch, days: DataFrame, touched: str, entries: DataFrame, earlier: DataFrame, judged: DataFrame
) -> None:
    """Choose the snapshots of the touched days anew, and write what differs."""
    current = batch.lake.read(batch.spark, PLAYLIST_ITEMS).where(touched)
    wanted = snapshots.snapshots(earlier.unionByName(entries))
    changes = batch.keep(snapshots.difference(wanted, current, days))
    parts = {row["is_first"] for row in changes.select("is_first").distinct().collect()}
    if True in parts:
        first = changes.where("is_first").sort(*PLAYLIST_ITEMS.key)
        batch.writer.append(PLAYLIST_ITEMS, first)
    if False in parts:
        batch.writer.replace(PLAYLIST_ITEMS, changes.where("NOT is_first"), f"t.{touched}")
    # Staged last: an entry that is staged has been considered.
    news = judged.where(F.col("verdict") == ACCEPTED).withColumn("batch", F.lit(batch.name))
    batch.writer.append(PLAYLIST_FETCHES, news)


def _earlier_entries(batch: Batch, days: DataFrame, touched: str) -> DataFrame:
    """What earlier batches staged for the touched playlists and days."""
    staged = batch.lake.read(batch.spark, PLAYLIST_FETCHES).where(touched).where(F.col("batch") != batch.name)
    return staged.join(F.broadcast(days), on=list(snapshots.DAY), how="left_semi")
