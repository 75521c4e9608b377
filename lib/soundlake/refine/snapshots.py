"""Daily snapshots of playlists: the day's last complete fetch.

Entries are staged in `silver/playlist_fetches` as they come; for each playlist and day that a batch touches, the
snapshot is chosen anew from all that is staged for it.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from soundlake.ops.accounts import ACCEPTED, DUPLICATE, STALE
from soundlake.refine.candidates import ORIGIN_NAMES
from soundlake.refine.verdicts import by_position
from soundlake.tables import PLAYLIST_FETCHES, PLAYLIST_ITEMS

DAY = ("playlist_id", "snapshot_date")
_FETCH = (*DAY, "fetch")
_STAGED = tuple(c for c in PLAYLIST_FETCHES.column_names if c not in ("rank", "origin", "batch"))


def entries(candidates: DataFrame) -> DataFrame:
    """The good candidates of playlist items as rows of silver/playlist_fetches (but batch)."""
    staged = [F.col("row")[name].alias(name) for name in _STAGED]
    origin = F.struct(*[F.col(name) for name in ORIGIN_NAMES]).alias("origin")
    return candidates.where(F.col("reason").isNull()).select(*staged, "rank", origin)


def touched_days(entries: DataFrame) -> DataFrame:
    """The playlists and days that a batch says something about."""
    return entries.select(*DAY).distinct()


def chosen_fetches(entries: DataFrame) -> DataFrame:
    """The last complete fetch of each playlist and day.

    In: entries. Out: playlist_id, snapshot_date, fetch, stamp. A fetch is complete when it has at least as many
    entries as the playlist had in all, where that is given. Fetches are ordered by their stamps.
    """
    places = F.count_distinct(F.when(~F.col("is_empty_marker"), F.col("position")))
    fetches = entries.groupBy(*_FETCH).agg(
        F.max("fetched_at").alias("stamp"), places.alias("entries"), F.max("total").alias("total")
    )
    complete = fetches.where(F.col("total").isNull() | (F.col("entries") >= F.col("total")))
    newest = F.max(F.struct("stamp", "fetch")).alias("newest")
    return complete.groupBy(*DAY).agg(newest).select(*DAY, "newest.fetch", "newest.stamp")


def snapshots(entries: DataFrame) -> DataFrame:
    """The rows of silver/playlist_items for the playlists and days of the entries.

    Of several records of one place in one fetch the highest-ranked stands.
    """
    rank_in_place = Window.partitionBy(*_FETCH, "position").orderBy(F.col("rank").desc())
    return (
        entries.join(chosen_fetches(entries).select(*_FETCH), on=list(_FETCH), how="left_semi")
        .withColumn("rank_in_place", F.row_number().over(rank_in_place))
        .where((F.col("rank_in_place") == 1) & ~F.col("is_empty_marker"))
        .select(*PLAYLIST_ITEMS.column_names)
    )


def judge_entries(entries: DataFrame, earlier: DataFrame) -> DataFrame:
    """Add `verdict` to a batch's entries, given the earlier entries of the same playlists and days.

    Duplicate: the same record was there before. Stale: a later complete fetch of that day was there before.
    """
    same = [*_FETCH, "position", "rank"]
    chosen = chosen_fetches(earlier).select(*DAY, F.col("stamp").alias("chosen_stamp"))
    known = earlier.select(*same).distinct().withColumn("is_known", F.lit(True))
    # A fetch without a stamp may still grow beyond the chosen one.
    is_stamped = ~F.col("fetch").startswith("arrived")
    in_batch = Window.partitionBy(*same).orderBy(*by_position("origin."))
    return (
        entries.withColumn("occurrence", F.row_number().over(in_batch))
        .join(known, on=same, how="left")
        .join(chosen, on=list(DAY), how="left")
        .withColumn(
            "verdict",
            F.when((F.col("occurrence") > 1) | F.col("is_known"), DUPLICATE)
            .when(is_stamped & (F.col("fetched_at") < F.col("chosen_stamp")), STALE)
            .otherwise(ACCEPTED),
        )
        .drop("occurrence", "is_known", "chosen_stamp")
    )


def difference(snapshots: DataFrame, current: DataFrame, days: DataFrame) -> DataFrame:
    """What has to be done to `current` so that it holds the snapshots, for the playlists and days in `days`.

    Out: the columns of silver/playlist_items, `is_gone` (the place is no longer there) and `is_first` (the table holds
    nothing of that playlist and day, so that the rows can be appended).
    """
    columns = PLAYLIST_ITEMS.column_names
    key = list(PLAYLIST_ITEMS.key)
    standing = current.join(F.broadcast(days), on=list(DAY), how="left_semi")
    present = standing.select(*key, F.struct(*columns).alias("present"))
    wanted = snapshots.select(*key, F.struct(*columns).alias("wanted"))
    both = wanted.join(present, on=key, how="full")
    held = standing.select(*DAY).distinct().withColumn("is_held", F.lit(True))
    return (
        both.where(~F.col("wanted").eqNullSafe(F.col("present")))
        .join(held, on=list(DAY), how="left")
        .select(
            *key,
            *[_either(name).alias(name) for name in columns if name not in key],
            F.col("wanted").isNull().alias("is_gone"),
            F.col("is_held").isNull().alias("is_first"),
        )
        .select(*columns, "is_gone", "is_first")
    )


def _either(name: str) -> Column:
    return F.when(F.col("wanted").isNotNull(), F.col("wanted")[name]).otherwise(F.col("present")[name])
