"""The checks that keep a value or null it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import pytest
from chispa import assert_basic_rows_equality
from pyspark.sql import Column, Row, SparkSession
from pyspark.sql import functions as F
from records import utc

from soundlake.kinds import values

Check = Callable[[Column], Column]
Expect = Callable[[Check, str, str, Mapping[Any, Any]], None]


@pytest.fixture
def expect(spark: SparkSession) -> Expect:
    def compare(check: Check, given: str, gives: str, cases: Mapping[Any, Any]) -> None:
        """Assert what a check makes of each given value."""
        df = spark.createDataFrame([*cases.items()], f"given {given}, expected {gives}")
        rows = df.select("given", "expected", check(F.col("given")).alias("actual")).collect()
        actual = [Row(given=row["given"], value=row["actual"]) for row in rows]
        assert_basic_rows_equality(actual, [Row(given=row["given"], value=row["expected"]) for row in rows])

    return compare


def test_an_id_is_any_text_that_is_not_blank(expect: Expect) -> None:
    expect(values.identifier, "string", "string", {"4uLU6hMCjMI75M1A2tKUQC": "4uLU6hMCjMI75M1A2tKUQC", "0": "0"})


def test_a_blank_id_is_none(expect: Expect) -> None:
    expect(values.identifier, "string", "string", {"": None, "  ": None, None: None})


def test_a_popularity_goes_from_0_to_100(expect: Expect) -> None:
    expect(values.percent, "double", "int", {0.0: 0, 57.0: 57, 100.0: 100, -1.0: None, 101.0: None})


def test_a_popularity_is_whole(expect: Expect) -> None:
    expect(values.percent, "double", "int", {50.5: None, float("nan"): None, None: None})


def test_a_count_is_whole_and_not_negative(expect: Expect) -> None:
    expect(values.count, "double", "bigint", {0.0: 0, 48633449.0: 48633449, -1.0: None, 0.5: None, None: None})


def test_a_count_is_kept_as_far_as_json_numbers_are_exact(expect: Expect) -> None:
    cases = {2.0**53: 2**53, 2.0**53 + 2: None, 1e300: None, float("inf"): None, float("nan"): None}
    expect(values.count, "double", "bigint", cases)


def test_a_small_count_fits_an_int(expect: Expect) -> None:
    cases = {0.0: 0, 2.0**31 - 1: 2**31 - 1, 2.0**31: None, -1.0: None, 1.5: None, float("inf"): None}
    expect(values.small_count, "double", "int", cases)


def test_a_duration_is_not_negative(expect: Expect) -> None:
    expect(values.milliseconds, "double", "bigint", {204053.0: 204053, 0.0: 0, -1.0: None})


def test_a_duration_is_in_whole_milliseconds(expect: Expect) -> None:
    expect(values.milliseconds, "double", "bigint", {3.4: None, float("inf"): None, float("nan"): None})


def test_a_key_goes_from_none_found_to_b(expect: Expect) -> None:
    expect(values.pitch_class, "double", "int", {-1.0: -1, 0.0: 0, 11.0: 11, 12.0: None, -2.0: None, 3.5: None})


def test_a_mode_is_minor_or_major(expect: Expect) -> None:
    expect(values.mode, "double", "int", {0.0: 0, 1.0: 1, -1.0: None, 2.0: None})


def test_a_share_goes_from_0_to_1(expect: Expect) -> None:
    cases = {0.0: 0.0, 0.735: 0.735, 1.0: 1.0, -0.01: None, 1.01: None, float("nan"): None}
    expect(values.share, "double", "double", cases)


def test_a_loudness_above_0_is_kept(expect: Expect) -> None:
    expect(values.decibels, "double", "double", {-60.0: -60.0, 0.0: 0.0, 2.2: 2.2})


def test_a_loudness_is_finite(expect: Expect) -> None:
    expect(values.decibels, "double", "double", {float("inf"): None, float("-inf"): None, float("nan"): None})


def test_a_tempo_of_0_is_kept(expect: Expect) -> None:
    expect(values.beats_per_minute, "double", "double", {0.0: 0.0, 119.98: 119.98})


def test_a_tempo_is_finite_and_not_negative(expect: Expect) -> None:
    cases = {-1.0: None, float("inf"): None, float("nan"): None}
    expect(values.beats_per_minute, "double", "double", cases)


def test_a_time_is_read_in_every_iso_form_that_is_in_use(expect: Expect) -> None:
    cases: dict[str, datetime] = {
        "2026-01-02T03:04:05Z": utc("2026-01-02T03:04:05Z"),
        "2026-01-02T03:04:05.678Z": utc("2026-01-02T03:04:05.678Z"),
        "2026-01-02T03:04:05.123456789Z": utc("2026-01-02T03:04:05.123456Z"),
        "2026-01-02T03:04:05,5Z": utc("2026-01-02T03:04:05.500Z"),
        "2026-01-02 03:04": utc("2026-01-02T03:04:00Z"),
        "2026-01-02": utc("2026-01-02T00:00:00Z"),
    }
    expect(values.instant, "string", "timestamp", cases)


def test_a_time_with_a_zone_becomes_utc(expect: Expect) -> None:
    expect(values.instant, "string", "timestamp", {"2026-01-02T03:04:05+09:00": utc("2026-01-01T18:04:05Z")})


def test_a_time_without_a_zone_is_utc(expect: Expect) -> None:
    expect(values.instant, "string", "timestamp", {"2026-01-02T03:04:05": utc("2026-01-02T03:04:05Z")})


def test_an_unreadable_time_is_null(expect: Expect) -> None:
    cases = dict.fromkeys(
        ["", "yesterday", "2026", "2026-02-30", "2026-01-02T25:00:00Z", "1767225600", "12/8/2017", None]
    )
    expect(values.instant, "string", "timestamp", cases)


def test_a_time_that_pandas_cannot_hold_is_null(expect: Expect) -> None:
    cases = {
        "1600-01-01T00:00:00Z": None,
        "1970-01-01T00:00:00Z": utc("1970-01-01T00:00:00Z"),
        "2261-01-01T00:00:00Z": utc("2261-01-01T00:00:00Z"),
        "2262-05-01T00:00:00Z": None,
        "9999-12-31T23:59:59Z": None,
    }
    expect(values.instant, "string", "timestamp", cases)


def test_a_time_however_far_away_can_be_compared(expect: Expect) -> None:
    expect(values.any_instant, "string", "timestamp", {"2999-01-01T00:00:00Z": utc("2999-01-01T00:00:00Z")})


def test_a_date_is_the_first_day_of_what_is_given(expect: Expect) -> None:
    cases = {"1981-12-15": date(1981, 12, 15), "1981-12": date(1981, 12, 1), "1981": date(1981, 1, 1)}
    expect(values.calendar_date, "string", "date", cases)


def test_a_date_before_year_1_is_null(expect: Expect) -> None:
    cases = {"0000": None, "0000-01-01": None, "-0044-03-15": None, "0001-01-01": date(1, 1, 1)}
    expect(values.calendar_date, "string", "date", cases)


def test_an_unreadable_date_is_null(expect: Expect) -> None:
    cases = dict.fromkeys(["12/8/2017", "2017-13-01", "2017-02-30", "20170801", "NA", "", "2017-01-01T00:00:00Z", None])
    expect(values.calendar_date, "string", "date", cases)


def test_a_precision_is_the_one_that_is_given(expect: Expect) -> None:
    expect(
        lambda given: values.precision(F.lit("1981-12-15"), given),
        "string",
        "string",
        {"day": "day", "month": "month", "year": "year"},
    )


def test_a_precision_is_never_finer_than_its_date(expect: Expect) -> None:
    cases = {"1981": "year", "1981-12": "month", "1981-12-15": "day"}
    expect(lambda text: values.precision(text, F.lit("day")), "string", "string", cases)


def test_a_missing_precision_is_read_from_the_date(expect: Expect) -> None:
    cases = {"1981": "year", "1981-12": "month", "1981-12-15": "day"}
    expect(lambda text: values.precision(text, F.lit(None)), "string", "string", cases)


def test_without_a_date_there_is_no_precision(expect: Expect) -> None:
    cases = {"0000": None, "NA": None, None: None}
    expect(lambda text: values.precision(text, F.lit("day")), "string", "string", cases)
