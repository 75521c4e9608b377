"""The checks that keep a value or null it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from soundlake.kinds import values


def expect(check: Callable[[Any], object], cases: Mapping[Any, Any]) -> None:
    """Assert what a check makes of each given value."""
    made = {given: check(given) for given in cases}
    assert made == cases
    assert [type(value) for value in made.values()] == [type(value) for value in cases.values()]


def test_an_id_is_any_text_that_is_not_blank() -> None:
    expect(values.identifier, {"4uLU6hMCjMI75M1A2tKUQC": "4uLU6hMCjMI75M1A2tKUQC", "0": "0"})


def test_a_blank_id_is_none() -> None:
    expect(values.identifier, {"": None, "  ": None, None: None})


def test_an_id_of_spotify_is_not_the_text_null() -> None:
    expect(values.catalog_id, {"null": None, "": None, None: None, "nulla": "nulla", "0": "0"})


def test_a_number_is_no_text() -> None:
    expect(values.identifier, {5: None, 0.5: None, True: None})


def test_a_text_or_a_flag_is_no_number() -> None:
    for check in (values.percent, values.count, values.milliseconds, values.share, values.decibels):
        expect(check, {"1": None, True: None})


def test_a_popularity_goes_from_0_to_100() -> None:
    expect(values.percent, {0.0: 0, 57.0: 57, 100.0: 100, -1.0: None, 101.0: None})


def test_a_popularity_is_whole() -> None:
    expect(values.percent, {50.5: None, float("nan"): None, None: None})


def test_a_count_is_whole_and_not_negative() -> None:
    expect(values.count, {0.0: 0, 48633449.0: 48633449, -1.0: None, 0.5: None, None: None})


def test_a_count_is_kept_as_far_as_json_numbers_are_exact() -> None:
    cases = {2.0**53: 2**53, 2.0**53 + 2: None, 1e300: None, float("inf"): None, float("nan"): None}
    expect(values.count, cases)


def test_a_small_count_fits_an_int() -> None:
    cases = {0.0: 0, 2.0**31 - 1: 2**31 - 1, 2.0**31: None, -1.0: None, 1.5: None, float("inf"): None}
    expect(values.small_count, cases)


def test_a_duration_is_not_negative() -> None:
    expect(values.milliseconds, {204053.0: 204053, 0.0: 0, -1.0: None})


def test_a_duration_is_in_whole_milliseconds() -> None:
    expect(values.milliseconds, {3.4: None, float("inf"): None, float("nan"): None})


def test_a_key_goes_from_none_found_to_b() -> None:
    expect(values.pitch_class, {-1.0: -1, 0.0: 0, 11.0: 11, 12.0: None, -2.0: None, 3.5: None})


def test_a_mode_is_minor_or_major() -> None:
    expect(values.mode, {0.0: 0, 1.0: 1, -1.0: None, 2.0: None})


def test_a_share_goes_from_0_to_1() -> None:
    cases = {0.0: 0.0, 0.735: 0.735, 1.0: 1.0, -0.01: None, 1.01: None, float("nan"): None}
    expect(values.share, cases)


def test_a_loudness_above_0_is_kept() -> None:
    expect(values.decibels, {-60.0: -60.0, 0.0: 0.0, 2.2: 2.2})


def test_a_loudness_is_finite() -> None:
    expect(values.decibels, {float("inf"): None, float("-inf"): None, float("nan"): None})


def test_a_tempo_of_0_is_kept() -> None:
    expect(values.beats_per_minute, {0.0: 0.0, 119.98: 119.98})


def test_a_tempo_is_finite_and_not_negative() -> None:
    cases = {-1.0: None, float("inf"): None, float("nan"): None}
    expect(values.beats_per_minute, cases)


def test_a_precision_is_the_one_that_is_given() -> None:
    cases = {"day": "day", "month": "month", "year": "year"}
    expect(lambda given: values.precision("1981-12-15", given), cases)


def test_a_precision_is_never_finer_than_its_date() -> None:
    cases = {"1981": "year", "1981-12": "month", "1981-12-15": "day"}
    expect(lambda text: values.precision(text, "day"), cases)


def test_a_missing_precision_is_read_from_the_date() -> None:
    cases = {"1981": "year", "1981-12": "month", "1981-12-15": "day"}
    expect(lambda text: values.precision(text, None), cases)


def test_without_a_date_there_is_no_precision() -> None:
    cases = {"0000": None, "NA": None, None: None}
    expect(lambda text: values.precision(text, "day"), cases)
