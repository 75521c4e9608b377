"""The axes of charts: what a reader needs to read them without the table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from soundlake.dashboard import charts

pytestmark = pytest.mark.heavy

TITLES = {"n": "Plays", "share": "Share of plays", "rank": "Rank"}


def line(days: list[str], y: str, values: list[float], *, reverse: bool = False) -> dict[str, Any]:
    frame = pd.DataFrame({"day": pd.to_datetime(days), y: values, "name": "one"})
    drawn: dict[str, Any] = charts.lines(frame, "day", y, "name", TITLES, reverse=reverse).to_dict()
    encoding: dict[str, Any] = drawn["layer"][0]["encoding"]
    return encoding


def test_a_few_months_have_a_tick_each_and_no_day() -> None:
    axis = line(["2021-05-01", "2021-06-01", "2021-07-01"], "n", [1, 2, 3])["x"]["axis"]
    assert [(tick["year"], tick["month"], tick["date"]) for tick in axis["values"]] == [
        (2021, 5, 1),
        (2021, 6, 1),
        (2021, 7, 1),
    ]
    assert axis["format"] == "%Y-%m"


def test_no_tick_is_without_its_year() -> None:
    weeks = pd.date_range("2020-11-02", periods=30, freq="7D").strftime("%Y-%m-%d").tolist()
    assert line(weeks, "n", [1] * 30)["x"]["axis"]["format"] == "%b %Y"
    assert line(weeks[:8], "n", [1] * 8)["x"]["axis"]["format"] == "%Y-%m-%d"


def test_counts_and_shares_begin_at_zero_and_shares_are_percent() -> None:
    days = ["2021-05-01", "2021-06-01"]
    assert line(days, "n", [80, 90])["y"]["scale"]["zero"]
    share = line(days, "share", [0.5, 0.6])["y"]
    assert (share["scale"]["zero"], share["axis"]["format"]) == (True, "~%")


def test_the_first_rank_has_a_tick() -> None:
    days = ["2021-05-01", "2021-06-01"]
    assert line(days, "rank", [1, 33], reverse=True)["y"]["axis"]["values"] == [1, 10, 20, 30]
    assert line(days, "rank", [2, 4], reverse=True)["y"]["axis"]["values"] == [1, 2, 3, 4]


def test_one_line_needs_no_legend() -> None:
    assert line(["2021-05-01", "2021-06-01"], "n", [1, 2])["color"]["legend"] is None
