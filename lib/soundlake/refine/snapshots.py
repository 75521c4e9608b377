"""Daily snapshots of playlists: the day's last complete fetch.

Entries are staged in `silver/playlist_fetches` as they arrive; for each playlist and day that a batch touched, the
snapshot is chosen again from all staged entries.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from soundlake.tables import PLAYLIST_ITEMS

DAY = ("playlist_id", "snapshot_date")
_FETCH = (*DAY, "fetch")


def chosen_fetches(entries: DataFrame) -> DataFrame:
    """The last complete fetch of each playlist and day.

    In: entries. Out: playlist_id, snapshot_date, fetch, fetched_at. A fetch is complete when it has at least as many
    entries as the playlist had in all, where that is given. Fetches are ordered by their fetched_at.
    """
    places = F.count_distinct(F.when(~F.col("is_empty_marker"), F.col("position")))
    fetches = entries.groupBy(*_FETCH).agg(
        F.max("fetched_at").alias("fetched_at"), places.alias("entries"), F.max("total").alias("total")
    )
    complete = fetches.where(F.col("total").isNull() | (F.col("entries") >= F.col("total")))
    newest = F.max(F.struct("fetched_at", "fetch")).alias("newest")
    return complete.groupBy(*DAY).agg(newest).select(*DAY, "newest.fetch", "newest.fetched_at")


def snapshots(entries: DataFrame) -> DataFrame:
    """The rows of silver/playlist_items for the playlists and days of the entries.

    Of several records of one position in one fetch the highest-ranked wins.
    """
    rank_in_position = Window.partitionBy(*_FETCH, "position").orderBy(F.col("rank").desc())
    return (
        entries.join(chosen_fetches(entries).select(*_FETCH), on=list(_FETCH), how="left_semi")
        .withColumn("rank_in_position", F.row_number().over(rank_in_position))
        .where((F.col("rank_in_position") == 1) & ~F.col("is_empty_marker"))
        .select(*PLAYLIST_ITEMS.column_names)
    )


def difference(snapshots: DataFrame, current: DataFrame, days: DataFrame) -> DataFrame:
    """The rows in which `current` differs from the snapshots, for the playlists and days in `days`.

    Out: the columns of silver/playlist_items, `is_gone` (the position no longer exists) and `is_first` (the table has
    no rows of that playlist and day, so these can be appended).
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
