"""Weeks and months that the data do not fill are told from whole ones; means of too few things are not drawn."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from helpers.marts import write_mart
from helpers.pages import draw, well
from soundlake.dashboard import charts, periods
from soundlake.dashboard.source import DataSource
from soundlake.settings import load_settings

pytestmark = pytest.mark.heavy

MARCH_5_TO_JULY_8 = (date(2021, 3, 5), date(2021, 7, 8))
TITLES = {"month": "Month", "plays": "Plays", "genre": "Genre"}


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake with plays from 5 January to 10 March, and a genre in each of these months."""
    (tmp_path / "bronze").mkdir()
    days = [date(2021, 1, 5), date(2021, 3, 10)]
    write_mart(
        tmp_path, "listening_by_content_type", *[{"day": day, "content_type": "track", "plays": 1} for day in days]
    )
    months = {date(2021, 1, 1): 9, date(2021, 2, 1): 2, date(2021, 3, 1): 8}
    rock = {"genre": "rock", "genre_source": "artist", "listeners": 1, "plays": 4}
    write_mart(
        tmp_path,
        "genre_popularity",
        *[
            {**rock, "month": month, "tracks_observed": tracks, "avg_popularity": 10.0 * tracks}
            for month, tracks in months.items()
        ],
    )
    return tmp_path


def genres(lake: Path, measure: str) -> AppTest:
    def script(lake: str) -> None:
        from soundlake.dashboard.source import DataSource
        from soundlake.dashboard.views import genres
        from soundlake.settings import load_settings

        genres.show(DataSource(load_settings(lake=lake, env={})))

    page = AppTest.from_function(script, kwargs={"lake": str(lake)}, default_timeout=30).run()
    page = page.selectbox[0].set_value(measure).run()
    assert [error.value for error in page.exception] == []
    return page


def spec(chart: charts.Chart) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(chart.to_json())
    return made


def lines(*months: tuple[str, bool]) -> dict[str, Any]:
    frame = pd.DataFrame(
        [{"month": pd.Timestamp(month), "plays": 1, "genre": "rock", "unfinished": pale} for month, pale in months]
    )
    return spec(charts.lines(frame, "month", "plays", "genre", TITLES))


@pytest.mark.parametrize(
    ("step", "start", "unfinished"),
    [
        ("month", date(2021, 3, 1), True),  # begins before the first day
        ("month", date(2021, 4, 1), False),
        ("month", date(2021, 7, 1), True),  # ends after the last one
        ("week", date(2021, 3, 1), True),
        ("week", date(2021, 3, 8), False),
        ("week", date(2021, 6, 28), False),
        ("week", date(2021, 7, 5), True),
    ],
)
def test_a_period_that_the_data_do_not_fill_is_marked(step: str, start: date, unfinished: bool) -> None:
    frame = pd.DataFrame({"starts_on": [pd.Timestamp(start)]})
    assert periods.mark(frame, "starts_on", step, MARCH_5_TO_JULY_8)["unfinished"].tolist() == [unfinished]


def test_the_last_day_of_a_month_finishes_it() -> None:
    frame = pd.DataFrame({"month": [pd.Timestamp("2021-12-01")]})
    assert periods.mark(frame, "month", "month", (date(2021, 1, 1), date(2021, 12, 31)))["unfinished"].tolist() == [
        False
    ]


def test_without_days_to_compare_with_nothing_is_marked() -> None:
    frame = pd.DataFrame({"month": [pd.Timestamp("2021-12-01")]})
    assert "unfinished" not in periods.mark(frame, "month", "month", None)


def test_a_line_is_dashed_to_what_is_unfinished() -> None:
    drawn = lines(("2021-03-01", True), ("2021-04-01", False), ("2021-05-01", False), ("2021-06-01", True))
    whole, dashed = (drawn["datasets"][layer["data"]["name"]] for layer in drawn["layer"][:2])
    assert [row["month"][:7] for row in whole] == ["2021-04", "2021-05"]
    assert [(row["segment"], row["month"][:7]) for row in dashed] == [
        *[("first", "2021-03"), ("first", "2021-04")],
        *[("last", "2021-05"), ("last", "2021-06")],
    ]
    assert drawn["layer"][1]["mark"]["strokeDash"]


def test_a_line_of_whole_periods_is_not_dashed() -> None:
    assert [layer["mark"]["type"] for layer in lines(("2021-04-01", False), ("2021-05-01", False))["layer"]] == [
        "line",
        "point",
    ]


def test_a_play_by_a_clock_years_ahead_does_not_move_the_last_day(lake: Path) -> None:
    days = [date(2021, 1, 5), date(2021, 3, 10), date(2999, 1, 1)]
    write_mart(lake, "listening_by_content_type", *[{"day": day, "content_type": "track", "plays": 1} for day in days])
    source = DataSource(load_settings(lake=str(lake), env={}))
    assert periods.days_of(source, periods.PLAYS) == (date(2021, 1, 5), date(2021, 3, 10))


def test_a_page_says_which_periods_are_not_whole(lake: Path) -> None:
    said = [caption.value for caption in genres(lake, "plays").caption]
    assert "2021-01 and 2021-03 are dashed or pale: the data cover 2021-01-05 to 2021-03-10 only." in said


@pytest.mark.parametrize("view", ["playlists", "compare"])
def test_a_chart_says_that_its_week_is_not_over(tmp_path: Path, view: str) -> None:
    (tmp_path / "bronze").mkdir()
    charts_ = [{"playlist_id": name, "playlist_name": name} for name in ("Top A", "Top B")]
    seen = [{**one, "snapshot_date": date(2021, 1, day)} for one in charts_ for day in (4, 13)]
    write_mart(tmp_path, "playlist_turnover", *seen)
    track = {"week": date(2021, 1, 11), "track_id": "t", "track_name": "T", "rank": 1, "points": 9, "best_position": 1}
    write_mart(tmp_path, "top_tracks", *[{**one, **track} for one in charts_])
    page = draw(view, tmp_path)
    if view == "compare":
        page = well(page.button_group[0].set_value("Two charts").run())
    said = "The week of 2021-01-11 is incomplete: the data cover 2021-01-04 to 2021-01-13 only."
    assert said in [caption.value for caption in page.caption]


def test_a_mean_of_few_things_is_not_drawn_and_its_number_stands_in_the_table(lake: Path) -> None:
    page = genres(lake, "avg_popularity")
    (chart,) = page.get("vega_lite_chart")
    assert "Only means of at least 5 tracks are drawn (`dashboard.min_n`)." in [one.value for one in page.caption]
    drawn = pd.concat([_arrow(one.data.data) for one in chart.proto.datasets])
    assert set(drawn["avg_popularity"]) == {90.0, 80.0}
    assert page.dataframe[0].value["tracks_observed"].tolist() == [9, 2, 8]


def _arrow(data: bytes) -> pd.DataFrame:
    import pyarrow as pa

    frame: pd.DataFrame = pa.ipc.open_stream(data).read_pandas()
    return frame
