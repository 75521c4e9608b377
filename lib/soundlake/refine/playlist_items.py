"""Refining playlist items: staging the entries of fetches and keeping the daily snapshots."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from soundlake.kinds.kind import Kind
from soundlake.ops.accounts import ACCEPTED, REJECTED
from soundlake.refine import snapshots
from soundlake.refine.rejects import rejected_rows
from soundlake.refine.work import Batch
from soundlake.refine.writes import within
from soundlake.tables import PLAYLIST_FETCHES, PLAYLIST_ITEMS


def refine_playlist_items(batch: Batch, kind: Kind, found: DataFrame) -> None:
    """Judge the candidates, choose the snapshots they touch anew, and write what differs."""
    flawed = found.where(F.col("reason").isNotNull())
    if rejected := flawed.count():
        batch.rejected.append(rejected_rows(flawed))
        batch.account.count(kind.name, REJECTED, rejected)
    entries = batch.keep(snapshots.entries(found))
    days = batch.keep(snapshots.touched_days(entries))
    bounds = days.agg(F.min("snapshot_date"), F.max("snapshot_date")).first()
    assert bounds is not None  # an aggregate without groups has one row
    if bounds[0] is None:
        return
    touched = within("snapshot_date", *bounds)
    earlier = batch.keep(_earlier_entries(batch, days, touched).select(*entries.columns))
    judged = batch.keep(snapshots.judge_entries(entries, earlier))
    for row in judged.groupBy("verdict").count().collect():
        batch.account.count(kind.name, row["verdict"], row["count"])
    current = batch.lake.read(batch.spark, PLAYLIST_ITEMS).where(touched)
    wanted = snapshots.snapshots(earlier.unionByName(entries))
    _write_difference(
        batch, batch.keep(snapshots.difference(wanted, current, days)), within("t.snapshot_date", *bounds)
    )
    # Staged last: an entry that is staged has been considered.
    news = judged.where(F.col("verdict") == ACCEPTED).withColumn("batch", F.lit(batch.name))
    batch.writer.append(PLAYLIST_FETCHES, news)


def _earlier_entries(batch: Batch, days: DataFrame, touched: str) -> DataFrame:
    """What earlier batches staged for the touched playlists and days."""
    staged = batch.lake.read(batch.spark, PLAYLIST_FETCHES).where(touched).where(F.col("batch") != batch.name)
    return staged.join(F.broadcast(days), on=list(snapshots.DAY), how="left_semi")


def _write_difference(batch: Batch, changes: DataFrame, touched: str) -> None:
    parts = {row["is_first"] for row in changes.select("is_first").distinct().collect()}
    if True in parts:
        first = changes.where("is_first").sort(*PLAYLIST_ITEMS.key)
        batch.writer.append(PLAYLIST_ITEMS, first)
    if False in parts:
        batch.writer.replace(PLAYLIST_ITEMS, changes.where("NOT is_first"), touched)
