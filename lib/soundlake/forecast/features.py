"""What is known of each track on each day of each chart, and where it stood a week later."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from soundlake.clusters.features import is_allowed

HORIZON = 7  # days ahead
_BACK = (1, 3, 7, 14)  # days before that places are compared with
_SLACK = 1  # days that a snapshot may be off, where one is missing

FEATURES = (
    "position",
    *(f"position_{days}" for days in _BACK),
    "best",
    "log_age",
    "days_listed",
    "charts",
    "fall",
    "fall_when_new",
    "position_squared",
)


def chart_days(sources: Sequence[str], min_days: int) -> Callable[[DataFrame], DataFrame]:
    """Take silver/playlist_items; give the charts: playlist_id, day, track_id, their names, position and off.

    One row for each track of each daily snapshot of a chart: a playlist with at least so many snapshots, from sources
    that `train.sources` allows. `position` is 1-based, `off` the place given to tracks that are not listed:
    below the last one so far.
    """

    def transform(items: DataFrame) -> DataFrame:
        listed = items.where(F.col("track_id").isNotNull() & is_allowed(sources))
        of_chart = Window.partitionBy("playlist_id")
        return (
            listed.groupBy("playlist_id", F.col("snapshot_date").alias("day"), "track_id")
            .agg(
                *[F.max(name).alias(name) for name in ("playlist_name", "track_name", "artist_name")],
                (F.min("position") + 1).alias("position"),
            )
            .withColumn("days_", F.size(F.collect_set("day").over(of_chart)))
            .where(F.col("days_") >= min_days)
            .withColumn("off", F.max("position").over(of_chart.orderBy("day")) + 1)
            .drop("days_")
        )

    return transform


def with_features(days: DataFrame) -> DataFrame:
    """Add the features, `label` (the place a week later, `off` where it was not listed) and `stayed` (1.0 or 0.0).

    Both are null where there is no snapshot a week later. Nothing in the features is later than the row's day.
    """
    so_far = Window.partitionBy("playlist_id", "track_id").orderBy("day")
    snapshots = days.select("playlist_id", "day").distinct()
    for back in _BACK:
        days = days.transform(_place_on(snapshots, -back, f"position_{back}"))
    days = days.transform(_place_on(snapshots, HORIZON, "label"))
    age = F.datediff("day", F.min("day").over(so_far))
    known = days.withColumns(
        {
            **{f"position_{back}": F.coalesce(f"position_{back}", "off") for back in _BACK},
            "best": F.min("position").over(so_far),
            "log_age": F.log1p(age),
            "age": age,
            "days_listed": F.log1p(F.count("*").over(so_far)),
            "charts": F.count("*").over(Window.partitionBy("day", "track_id")),
        }
    )
    fall = F.col("position") - F.col("position_7")
    return known.withColumns(
        {
            "fall": fall,
            "fall_when_new": F.when(F.col("age") <= 2 * HORIZON, fall).otherwise(0),
            "position_squared": F.pow("position", F.lit(2)) / F.col("off"),
            "stayed": F.when(F.col("label").isNotNull(), (F.col("label") < F.col("off")).cast("double")),
        }
    )


def _place_on(snapshots: DataFrame, days: int, name: str) -> Callable[[DataFrame], DataFrame]:
    """Add a track's place so many days later; `off` where it was not listed, null where there was no snapshot."""

    def transform(rows: DataFrame) -> DataFrame:
        there = rows.select("playlist_id", F.col("day").alias("day_"), "track_id", F.col("position").alias("place_"))
        return (
            rows.join(F.broadcast(_nearest(snapshots, days)), on=["playlist_id", "day"], how="left")
            .join(there, on=["playlist_id", "day_", "track_id"], how="left")
            .withColumn(name, F.when(F.col("day_").isNotNull(), F.coalesce("place_", "off")))
            .drop("day_", "place_")
        )

    return transform


def _nearest(snapshots: DataFrame, days: int) -> DataFrame:
    """playlist_id, day, day_: the day of the snapshot nearest to so many days later, where there is one near enough.

    A snapshot stands in for one that is missing beside it, and never for a day that is still to come: at the end of the
    history that would be the outcome of a shorter time.
    """
    newest = F.max("day").over(Window.partitionBy("playlist_id"))
    over = snapshots.withColumn("newest_", newest).where(F.date_add("day", days) <= F.col("newest_")).drop("newest_")
    others = snapshots.select("playlist_id", F.col("day").alias("day_"))
    off = F.abs(F.datediff("day_", "day") - days)
    pairs = over.join(others, on="playlist_id", how="inner").withColumn("off_", off)
    best: Column = F.min_by("day_", F.struct("off_", "day_"))
    return pairs.where(F.col("off_") <= _SLACK).groupBy("playlist_id", "day").agg(best.alias("day_"))
