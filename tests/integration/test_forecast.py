"""Forecasting a chart from end to end, on charts made so that the outcome is known."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from helpers.listeners import append, table_rows
from helpers.reading import rows
from soundlake.errors import SoundlakeError
from soundlake.forecast.evaluation import LAST_WEEK, MODEL
from soundlake.forecast.features import FEATURES, chart_days, with_features
from soundlake.forecast.job import forecast
from soundlake.lake import Lake
from soundlake.settings import Settings
from soundlake.tables import CHART_FORECASTS, FORECAST_ERRORS, PLAYLIST_ITEMS

pytestmark = pytest.mark.slow

FIRST, DAYS, PLACES, WEEKS = date(2026, 1, 1), 105, 10, 6
SETTINGS = Settings.model_validate({"forecast": {"backtest_weeks": WEEKS}})


LAST = FIRST + timedelta(days=DAYS - 1)


def entry(day: int, place: int, track: str, chart: str = "chart", **more: Any) -> dict[str, Any]:
    return {
        "playlist_id": chart,
        "playlist_name": "A chart",
        "snapshot_date": FIRST + timedelta(days=day),
        "position": place,
        "track_id": track,
        "track_name": track.title(),
        "source": "archive",
    } | more


def sinking(days: range) -> list[dict[str, Any]]:
    """Each week a new track enters at the top and all others sink by one place: a rule that last week does not know.

    But for the places 7 and 8, which change hands every fifth day: what happens to charts is never exact.
    """
    other = {6: 7, 7: 6}
    return [
        entry(day, other.get(place, place) if day % 5 == 0 else place, f"t{day // 7 - place + 50}")
        for day in days
        for place in range(PLACES)
    ]


def test_a_model_learns_how_tracks_sink_and_is_published_with_its_error(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    append(spark, lake, PLAYLIST_ITEMS, sinking(range(DAYS)))
    errors = forecast(spark, lake, SETTINGS)
    found = {error.method: error for error in errors if error.measure == "position"}
    assert found[MODEL].is_published
    assert found[LAST_WEEK].interval.mean >= 1.0
    assert found[MODEL].interval.mean < 0.6

    forecasts = {row["position"]: row for row in rows(lake.uri, CHART_FORECASTS)}
    assert sorted(forecasts) == list(range(1, PLACES + 1))
    third = forecasts[3]
    assert (third["observed_on"], third["forecast_for"]) == (LAST, LAST + timedelta(days=7))
    assert third["forecast_position"] == pytest.approx(4.0, abs=0.6)
    assert third["method"] == MODEL
    assert third["error"] == pytest.approx(found[MODEL].interval.mean)
    assert third["weeks_on_chart"] == 3
    assert 0.0 <= forecasts[PLACES]["survival"] <= forecasts[1]["survival"] <= 1.0
    judged = {(row["measure"], row["method"]): row for row in rows(lake.uri, FORECAST_ERRORS)}
    assert {row["weeks"] for row in judged.values()} == {WEEKS}
    assert sum(row["is_published"] for row in judged.values()) == 2


def test_features_know_nothing_of_later_days(spark: SparkSession) -> None:
    settings = SETTINGS.forecast
    columns = ["day", "track_id", *FEATURES]

    def known(days: range) -> list[Any]:
        items = table_rows(spark, PLAYLIST_ITEMS, sinking(days))
        found = items.transform(chart_days(("*",), settings.min_days)).transform(with_features)
        return sorted(found.where(f"day <= DATE '{FIRST + timedelta(days=48)}'").select(*columns).collect())

    assert known(range(49)) == known(range(70))


def test_a_day_without_a_snapshot_is_stood_in_for_by_the_day_beside_it_and_two_are_a_gap(spark: SparkSession) -> None:
    listed = [entry(day, 0, "a") for day in range(60) if day not in (20, 41, 42, 43)]
    items = table_rows(spark, PLAYLIST_ITEMS, [*listed, entry(30, 1, "b")])
    found = items.transform(chart_days(("*",), 28)).transform(with_features).where("track_id = 'a'").collect()
    labels = {(row["day"] - FIRST).days: row["label"] for row in found}
    assert labels[13] == 1  # day 20 is missing, day 19 and 21 are there
    assert labels[35] is None
    assert labels[52] == 1
    assert labels[53] is None  # nobody knows yet: the newest snapshot, of day 59, is no stand-in for day 60


def test_a_track_that_left_is_off_the_chart(spark: SparkSession) -> None:
    listed = [
        entry(day, place, track) for day in range(50) for place, track in enumerate(("a", "b" if day < 30 else "c"))
    ]
    items = table_rows(spark, PLAYLIST_ITEMS, listed)
    found = items.transform(chart_days(("*",), 28)).transform(with_features).where("track_id = 'b'").collect()
    after = {(row["day"] - FIRST).days: (row["label"], row["stayed"]) for row in found}
    assert (after[20], after[28]) == ((2, 1.0), (3, 0.0))


def test_without_a_chart_that_may_be_learned_from_it_says_what_is_needed(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    append(spark, lake, PLAYLIST_ITEMS, [entry(day, 0, "a", source="spotify-api") for day in range(60)])
    with pytest.raises(SoundlakeError, match="no chart to learn from"):
        forecast(spark, lake, SETTINGS)
