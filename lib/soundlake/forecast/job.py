"""The forecast job: repeat the forecasts of past weeks, evaluate them, then forecast next week."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from soundlake.errors import SoundlakeError
from soundlake.forecast.evaluation import LAST_WEEK, MODEL, Error, PastForecast, evaluate
from soundlake.forecast.features import HORIZON, chart_days, with_features
from soundlake.forecast.model import Forecaster, fit
from soundlake.frames import kept
from soundlake.lake import Lake
from soundlake.settings import Settings
from soundlake.tables import CHART_FORECASTS, FORECAST_ERRORS, PLAYLIST_ITEMS, Table
from soundlake.writes import overwrite


def forecast(spark: SparkSession, lake: Lake, settings: Settings) -> list[Error]:
    """Backtest, write gold/forecast_errors, then gold/chart_forecasts by the best methods; return the errors.

    A crash between the two leaves the previous forecasts, which name their own error.

    Raises:
        SoundlakeError: there is no playlist with daily snapshots over enough weeks.
    """
    judged_at = datetime.now(UTC)
    version = f"{judged_at:%Y%m%dT%H%M%S.%fZ}"
    items = lake.read(spark, PLAYLIST_ITEMS)
    chosen = chart_days(settings.train.sources, settings.forecast.min_days)
    with kept(items.transform(chosen).transform(with_features)) as rows:
        weeks = _weeks(rows, settings.forecast.backtest_weeks)
        if not weeks:
            raise SoundlakeError(
                "there is no chart to learn from: a playlist with snapshots of at least "
                f"{settings.forecast.min_days} days (forecast.min_days), the last of them day by day, from a source "
                f"that train.sources ({', '.join(settings.train.sources)}) allows"
            )
        forecasts = [made for week in weeks for made in _made_for(rows, week)]
        errors = evaluate(forecasts)
        _write(spark, lake, FORECAST_ERRORS, _error_rows(spark, errors, len(forecasts), len(weeks), version, judged_at))
        forecaster = fit(rows.where("label IS NOT NULL"))
        _write(spark, lake, CHART_FORECASTS, rows.transform(_next_week(forecaster, errors, version)))
    return errors


def _weeks(rows: DataFrame, number: int) -> list[date]:
    """The last days whose outcome is known, a week apart, as long as half of the days stay to learn from."""
    known = rows.where("label IS NOT NULL").agg(F.min("day"), F.max("day")).first()
    assert known is not None  # an aggregate without groups has one row
    first, last = known
    if first is None:
        return []
    days = [last - timedelta(days=HORIZON * week) for week in range(number)]
    return [day for day in days if (day - first).days >= max((last - first).days // 2, 2 * HORIZON)]


def _made_for(rows: DataFrame, day: date) -> Sequence[PastForecast]:
    """The forecasts that would have been made on a day, by a model of what was known then."""
    known_then = rows.where((F.col("day") <= F.lit(day - timedelta(days=HORIZON + 1))) & F.col("label").isNotNull())
    forecaster = fit(known_then)
    # Not all charts have a snapshot each day: the last one of the week.
    newest = F.max("day").over(Window.partitionBy("playlist_id"))
    week = rows.where(F.col("day").between(F.lit(day - timedelta(days=HORIZON - 1)), F.lit(day)))
    asked = week.where("label IS NOT NULL").withColumn("newest_", newest).where("day = newest_")
    made = forecaster.forecast(asked).select(
        "playlist_id",
        F.col("day").cast("string").alias("day"),
        *[F.col(name).cast("double") for name in ("position", "forecast_position", "survival")],
        F.lit(forecaster.share_stayed).alias("share_stayed"),
        *[F.col(name).cast("double") for name in ("label", "stayed")],
    )
    return [PastForecast(**row.asDict()) for row in made.collect()]


def _next_week(forecaster: Forecaster, errors: Sequence[Error], version: str) -> Callable[[DataFrame], DataFrame]:
    published = {error.measure: error for error in errors if error.is_published}
    place, stays = published["position"], published["survival"]

    def transform(rows: DataFrame) -> DataFrame:
        newest = F.max("day").over(Window.partitionBy("playlist_id"))
        now = forecaster.forecast(rows.withColumn("newest_", newest).where("day = newest_"))
        simple = F.lit(1.0 if stays.method == LAST_WEEK else forecaster.share_stayed)
        return now.withColumns(
            {
                "observed_on": F.col("day"),
                "forecast_for": F.date_add("day", HORIZON),
                "weeks_on_chart": F.floor(F.col("age") / 7) + 1,
                "forecast_position": F.col("forecast_position" if place.method == MODEL else "position"),
                "method": F.lit(place.method),
                "error": F.lit(place.interval.mean),
                "survival": F.col("survival") if stays.method == MODEL else simple,
                "survival_method": F.lit(stays.method),
                "survival_error": F.lit(stays.interval.mean),
                "model_version": F.lit(version),
            }
        )

    return transform


def _error_rows(
    spark: SparkSession, errors: Sequence[Error], forecasts: int, weeks: int, version: str, judged_at: datetime
) -> DataFrame:
    rows = [
        (
            version,
            error.measure,
            error.method,
            error.interval.mean,
            error.interval.low,
            error.interval.high,
            forecasts,
            weeks,
            error.is_published,
            judged_at,
        )
        for error in errors
    ]
    return spark.createDataFrame(rows, FORECAST_ERRORS.ddl)


def _write(spark: SparkSession, lake: Lake, table: Table, rows: DataFrame) -> None:
    lake.create(spark, table)
    overwrite(lake, table, rows.coalesce(1))
