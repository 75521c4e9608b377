"""Times and dates as texts: which are read, and as what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.building import utc
from soundlake.times import any_instant, calendar_date, day_of, day_text, instant, instant_text, micros_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(text: str) -> int:
    return (utc(text) - EPOCH) // timedelta(microseconds=1)


def expect_instants(cases: Mapping[str | None, str | None]) -> None:
    expected = {text: None if same is None else micros(same) for text, same in cases.items()}
    assert {text: instant(text) for text in cases} == expected


def expect_dates(cases: Mapping[str | None, date | None]) -> None:
    expected = {text: None if day is None else (day - EPOCH.date()).days for text, day in cases.items()}
    assert {text: calendar_date(text) for text in cases} == expected


def test_a_time_is_read_in_every_iso_form_that_is_in_use() -> None:
    expect_instants(
        {
            "2026-01-02T03:04:05Z": "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.678Z": "2026-01-02T03:04:05.678Z",
            "2026-01-02T03:04:05.123456789Z": "2026-01-02T03:04:05.123456Z",
            "2026-01-02T03:04:05,5Z": "2026-01-02T03:04:05.500Z",
            "2026-01-02 03:04": "2026-01-02T03:04:00Z",
            "2026-01-02": "2026-01-02T00:00:00Z",
            "20260102T030405Z": "2026-01-02T03:04:05Z",
            "20260102T030405.5+0900": "2026-01-01T18:04:05.500Z",
        }
    )


def test_a_time_with_a_zone_becomes_utc() -> None:
    expect_instants({"2026-01-02T03:04:05+09:00": "2026-01-01T18:04:05Z"})


def test_a_time_without_a_zone_is_utc() -> None:
    expect_instants({"2026-01-02T03:04:05": "2026-01-02T03:04:05Z"})


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T18:04:05Z",
        "2026-01-01t18:04:05z",
        "2026-01-01 18:04:05Z",
        "2026-01-01 18:04:05 UTC",
        "2026-01-01T18:04:05UTC",
        "2026-01-01T18:04:05+00:00",
        "2026-01-01T18:04:05+0000",
        "2026-01-01T18:04:05-00",
        "2026-01-02T03:04:05+09:00",
        "2026-01-02T03:04:05+0900",
        "2026-01-02T03:04:05+09",
        "2026-01-02 03:04:05 +09:00",
        "2026-01-01T14:34:05-0330",
    ],
)
def test_an_instant_may_be_written_with_any_zone(text: str) -> None:
    assert instant(text) == micros("2026-01-01T18:04:05Z")


def test_an_unreadable_time_is_null() -> None:
    unreadable = ["", "yesterday", "2026", "2026-02-30", "2026-01-02T25:00:00Z", "1767225600", "12/8/2017", None]
    expect_instants(dict.fromkeys(unreadable))


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05Z[UTC]",
        "2026-01-02T03:04:05+09:00[Asia/Tokyo]",
        "2026-01-02T03:04:05 CET",
        "2026-01-02T03:04:05+25:00",
        "2026-01-02T03:04:05+09:75",
        "2026-01-02Z",
        "2026-01-02T03",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03+09:00Z",
        "2026-01-02T030405+09:00Z",
        "２０２６-01-02T03:04:05Z",
        " 2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05Z\n",
    ],
)
def test_what_names_no_one_instant_is_null(text: str) -> None:
    assert instant(text) is None


@pytest.mark.parametrize("value", [1767225600, 1767225600.0, True, ["2026-01-02"], {}])
def test_what_is_no_text_is_no_time(value: object) -> None:
    assert instant(value) is None


def test_a_time_that_pandas_cannot_hold_is_null() -> None:
    expect_instants(
        {
            "1600-01-01T00:00:00Z": None,
            "1970-01-01T00:00:00Z": "1970-01-01T00:00:00Z",
            "2261-01-01T00:00:00Z": "2261-01-01T00:00:00Z",
            "2262-05-01T00:00:00Z": None,
            "9999-12-31T23:59:59Z": None,
        }
    )


def test_a_time_however_far_away_can_be_compared() -> None:
    assert any_instant("2999-01-01T00:00:00Z") == micros("2999-01-01T00:00:00Z")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_the_first_and_the_last_time_have_zones_too(text: str) -> None:
    assert any_instant(text) is not None


@given(st.text(alphabet="0123456789-+:.,TtZz UC", max_size=40))
def test_every_text_is_a_time_that_begins_with_a_year_or_none(text: str) -> None:
    assert any_instant(text) is None or text[:4].isdigit()


@given(st.datetimes(datetime(1678, 1, 1), datetime(2261, 12, 31)))
def test_a_time_written_out_is_read_again_as_the_same(moment: datetime) -> None:
    at = micros_of(moment.replace(tzinfo=UTC))
    assert (instant(instant_text(at)), day_text(day_of(at))) == (at, moment.date().isoformat())


def test_a_date_is_the_first_day_of_what_is_given() -> None:
    expect_dates({"1981-12-15": date(1981, 12, 15), "1981-12": date(1981, 12, 1), "1981": date(1981, 1, 1)})


def test_a_date_before_year_1_is_null() -> None:
    expect_dates({"0000": None, "0000-01-01": None, "-0044-03-15": None, "0001-01-01": date(1, 1, 1)})


def test_an_unreadable_date_is_null() -> None:
    unreadable = ["12/8/2017", "2017-13-01", "2017-02-30", "20170801", "NA", "", "2017-01-01T00:00:00Z", None]
    expect_dates(dict.fromkeys(unreadable))
