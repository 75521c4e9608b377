"""Refining the kinds whose records merge into one row for each key: all but playlist items."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from soundlake.kinds.kind import Kind
from soundlake.ops.accounts import ACCEPTED, DUPLICATE, REJECTED, STALE
from soundlake.refine.history import observations
from soundlake.refine.known import known_state
from soundlake.refine.merge import changed_rows, fold, new_rows
from soundlake.refine.rejects import rejected_rows
from soundlake.refine.scoring import score_tracks
from soundlake.refine.verdicts import judge, new_stamps
from soundlake.refine.work import FEW_RECORDS, Batch
from soundlake.refine.writes import within
from soundlake.tables import STAMPS, TRACK_FEATURES

Dates = tuple[date, date] | None
Write = Callable[[], None]


def judge_keyed(batch: Batch, kind: Kind, found: DataFrame, is_small: bool = True) -> Write | None:
    """Judge the candidates of one kind; give back what writes its table, if there is something to write.

    Of a small batch the ids are broadcast, so that the stamps need not be shuffled.
    """
    dates = _account_rejected(batch, kind, found)
    ids = found.where(F.col("id").isNotNull()).select("id").distinct()
    ids = F.broadcast(ids) if is_small else ids
    known = known_state(batch.lake.read(batch.spark, STAMPS), kind, ids, dates, batch.name)
    folded = batch.keep(fold(kind, judge(kind, found, known)))
    flags = [F.count_if(name).alias(name) for name in ("is_new", "may_change")]
    counts = folded.agg(*[F.sum(name).alias(name) for name in (ACCEPTED, DUPLICATE, STALE)], *flags).first()
    assert counts is not None  # an aggregate without groups has one row
    for verdict in (ACCEPTED, DUPLICATE, STALE):
        if counts[verdict]:
            batch.account.count(kind.name, verdict, counts[verdict])
    batch.stamps.append(new_stamps(folded, kind))
    if kind.observes:
        batch.observed.append(observations(kind, found))
    if counts["is_new"] or counts["may_change"]:
        return partial(_write_rows, batch, kind, folded, dates, counts["is_new"], counts["may_change"])
    return None


def _account_rejected(batch: Batch, kind: Kind, found: DataFrame) -> Dates:
    """Count and set aside what is rejected; give the bounds of on_date of the others."""
    row = found.agg(F.count("reason"), F.min("on_date"), F.max("on_date")).first()
    assert row is not None  # an aggregate without groups has one row
    rejected, first, last = row
    if rejected:
        batch.rejected.append(rejected_rows(found.where(F.col("reason").isNotNull())))
        batch.account.count(kind.name, REJECTED, rejected)
    return (first, last) if first else None


def _write_rows(batch: Batch, kind: Kind, folded: DataFrame, dates: Dates, new: int, may_change: int) -> None:
    """Append the rows of new keys and set the changed ones.

    Tracks are scored before their features are written: once they are, a retried batch finds no change in them.
    """
    is_scored = kind.table is TRACK_FEATURES
    few = may_change <= FEW_RECORDS

    def append() -> None:
        rows = new_rows(kind, folded)
        if is_scored:
            score_tracks(batch.writer, rows)
        batch.writer.append(kind.table, rows.sort(kind.dated) if kind.dated else rows)

    def find_changed() -> DataFrame | None:
        changed = batch.keep(changed_rows(kind, folded, _present_rows(batch, kind, folded, dates, few)))
        return None if changed.isEmpty() else changed

    # New keys are not among those that may change: what is appended meanwhile does not matter to the search.
    appending: list[Callable[[], DataFrame | None]] = [append] if new else []
    searching = [find_changed] if may_change else []
    changed = batch.together(*appending, *searching)[-1]
    if changed is None:
        return
    if is_scored:
        score_tracks(batch.writer, changed)
    pruning = within(f"t.`{kind.dated}`", *dates) if kind.dated and dates else "true"
    # Broadcast, the table need not be shuffled to find the rows, and keeps the files that do not change.
    batch.writer.upsert(kind.table, F.broadcast(changed) if few else changed, pruning)


def _present_rows(batch: Batch, kind: Kind, folded: DataFrame, dates: Dates, few: bool) -> DataFrame:
    """The rows of the keys that may change, found by a broadcast of these keys where they are few."""
    table = batch.lake.read(batch.spark, kind.table)
    if dates and kind.dated:
        table = table.where(within(kind.dated, *dates))
    keys = folded.where("may_change").select("key.*")
    same_key = [table[name].eqNullSafe(keys[name]) for name in kind.table.key]
    return table.join(F.broadcast(keys) if few else keys, on=same_key, how="left_semi")
