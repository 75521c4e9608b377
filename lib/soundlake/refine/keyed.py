"""Refining the kinds whose records merge into one row for each key: all but playlist items."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from soundlake.kinds.kind import Kind
from soundlake.ops.accounts import REJECTED
from soundlake.refine.history import observations
from soundlake.refine.known import known_state
from soundlake.refine.merge import changed_rows, fold, new_rows
from soundlake.refine.rejects import rejected_rows
from soundlake.refine.scoring import score_tracks
from soundlake.refine.verdicts import judge, new_stamps
from soundlake.refine.work import Batch
from soundlake.refine.writes import within
from soundlake.tables import STAMPS, TRACK_FEATURES

Dates = tuple[date, date] | None


def refine_keyed(batch: Batch, kind: Kind, found: DataFrame) -> None:
    """Judge the candidates of one kind and write its table."""
    dates = _account_rejected(batch, kind, found)
    ids = found.where(F.col("id").isNotNull()).select("id").distinct()
    stamps = batch.lake.read(batch.spark, STAMPS)
    known = known_state(stamps, kind, ids, dates, batch.name)
    judged = batch.keep(judge(kind, found, known))
    for row in judged.groupBy("verdict").count().collect():
        batch.account.count(kind.name, row["verdict"], row["count"])
    _write_rows(batch, kind, batch.keep(fold(kind, judged)), dates)
    batch.stamps.append(new_stamps(judged))
    if kind.observes:
        batch.observed.append(observations(kind, found))


def _account_rejected(batch: Batch, kind: Kind, found: DataFrame) -> Dates:
    """Count and set aside what is rejected; give the bounds of on_date of the others."""
    row = found.agg(F.count("reason"), F.min("on_date"), F.max("on_date")).first()
    assert row is not None  # an aggregate without groups has one row
    rejected, first, last = row
    if rejected:
        batch.rejected.append(rejected_rows(found.where(F.col("reason").isNotNull())))
        batch.account.count(kind.name, REJECTED, rejected)
    return (first, last) if first else None


def _write_rows(batch: Batch, kind: Kind, folded: DataFrame, dates: Dates) -> None:
    """Append the rows of new keys and set the changed ones.

    Tracks are scored before their features are written: once they are, a retried batch finds no change in them.
    """
    news = folded.agg(F.count_if(F.col("is_new")), F.count_if(F.col("may_change"))).first()
    assert news is not None
    new, may_change = news
    is_scored = kind.table is TRACK_FEATURES
    if new:
        rows = new_rows(kind, folded)
        if is_scored:
            score_tracks(batch.writer, rows)
        batch.writer.append(kind.table, rows.sort(kind.dated) if kind.dated else rows)
    if may_change:
        changed = batch.keep(changed_rows(kind, folded, _present_rows(batch, kind, folded, dates)))
        if not changed.isEmpty():
            if is_scored:
                score_tracks(batch.writer, changed)
            pruning = within(f"t.`{kind.dated}`", *dates) if kind.dated and dates else "true"
            batch.writer.upsert(kind.table, changed, pruning)


def _present_rows(batch: Batch, kind: Kind, folded: DataFrame, dates: Dates) -> DataFrame:
    """The rows of the keys that may change, found by a broadcast of these keys."""
    table = batch.lake.read(batch.spark, kind.table)
    if dates and kind.dated:
        table = table.where(within(kind.dated, *dates))
    keys = folded.where("may_change").select("key.*")
    same_key = [table[name].eqNullSafe(keys[name]) for name in kind.table.key]
    return table.join(F.broadcast(keys), on=same_key, how="left_semi")
