"""What rises, what will be, albums of a year, the cluster of a track: what these pages answer."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from helpers.marts import small_lake, write, write_mart
from helpers.pages import asked, draw, table, told, well
from soundlake.tables import CHART_FORECASTS

pytestmark = pytest.mark.heavy


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return small_lake(tmp_path / "lake")


def captions(page: AppTest) -> list[str]:
    return [one.value for one in page.caption]


def monthly(lake: Path) -> AppTest:
    page = draw("rising", lake)
    page.radio[0].set_value("month")
    return well(page.run())


def test_songs_that_rise_are_those_of_the_last_month_that_is_over(lake: Path) -> None:
    page = monthly(lake)
    assert page.selectbox[0].options == ["2021-06 (incomplete)", "2021-05"]
    assert page.selectbox[0].value == date(2021, 5, 1)
    assert not any("says little" in caption for caption in captions(page))
    assert [(row["track_name"], row["plays_change"]) for row in table(page)] == [("Higher", 7), ("Up", 6)]


def test_a_rise_against_an_incomplete_month_says_so(lake: Path) -> None:
    days = [date(2021, 4, 10), date(2021, 6, 10)]
    write_mart(lake, "listening_by_content_type", *[{"day": day, "content_type": "track", "plays": 1} for day in days])
    said = "The data begin on 2021-04-10, so they do not cover the month before: a change against it says little."
    assert said in captions(monthly(lake))


def test_genres_compare_whole_weeks_whenever_the_data_begin(lake: Path) -> None:
    days = [date(2021, 5, 28), date(2021, 6, 10)]
    write_mart(lake, "listening_by_content_type", *[{"day": day, "content_type": "track", "plays": 1} for day in days])
    assert not any("says little" in caption for caption in captions(asked("rising", lake, "Genres")))


def test_what_falls_is_a_choice(lake: Path) -> None:
    page = monthly(lake)
    page.toggle[0].set_value(True)
    assert [(row["track_name"], row["plays_change"]) for row in table(well(page.run()))] == [("Down", -4)]


def test_genres_gain_and_lose_in_percentage_points(lake: Path) -> None:
    page = asked("rising", lake, "Genres")
    assert [(row["genre"], round(row["change"])) for row in table(page)] == [("j-pop", 20), ("rock", -20)]
    assert "1 of 2 genres gain, 1 lose." in captions(page)


def test_forecasts_say_what_climbs_and_how_wrong_they_were(lake: Path) -> None:
    page = draw("forecasts", lake)
    assert [(row["track_name"], row["gain"]) for row in table(page)] == [("Climber", 5.0), ("Faller", -6.0)]
    assert any("wrong by 3.2 places on average" in caption for caption in captions(page))
    page.radio[0].set_value("what will leave")
    assert [row["track_name"] for row in table(well(page.run()))] == ["Faller", "Climber"]
    assert table(page, 1)[0]["method"] == "model"


def test_forecasts_without_a_change_show_who_stays(lake: Path) -> None:
    forecast = {"playlist_id": "p", "playlist_name": "Top", "method": "same as last week", "error": 1.0, "position": 3}
    forecast |= {"observed_on": date(2021, 6, 1), "forecast_for": date(2021, 6, 8), "forecast_position": 3.0}
    write(lake, CHART_FORECASTS, {**forecast, "track_id": "a", "track_name": "Stayer", "survival": 0.9})
    page = draw("forecasts", lake)
    assert any("None of them is forecast to change its place" in caption for caption in captions(page))
    assert '"field": "survival"' in page.get("vega_lite_chart")[0].proto.spec


def test_forecasts_of_charts_of_one_name_stay_apart(lake: Path) -> None:
    chart = {"playlist_name": "Top", "method": "model", "position": 3, "survival": 0.9, "forecast_position": 2.0}
    chart |= {"observed_on": date(2021, 6, 1), "forecast_for": date(2021, 6, 8)}
    write(
        lake,
        CHART_FORECASTS,
        {**chart, "playlist_id": "first-one", "track_id": "a", "track_name": "Here", "error": 1.0},
        {**chart, "playlist_id": "second-one", "track_id": "b", "track_name": "There", "error": 9.0},
    )
    page = draw("forecasts", lake)
    assert [row["track_name"] for row in table(page)] == ["Here"]
    assert any("wrong by 1.0 places" in caption for caption in captions(page))


def test_albums_of_a_year_and_market_count_each_place_once(lake: Path) -> None:
    page = asked("playlists", lake, "Albums of a year")
    page.multiselect[0].set_value(["JP"])
    page = well(page.run())
    assert page.selectbox[0].value == 2021
    assert [(row["album_name"], row["entries"]) for row in table(page)] == [("Justice", 10), ("Justice", 7)]


def test_a_track_is_told_its_cluster(lake: Path) -> None:
    page = draw("clusters", lake)
    page.text_input[0].set_value("uno")
    page = well(page.run())
    found = [row for number in range(len(page.dataframe)) for row in table(page, number)]
    assert ("Uno", "calm") in [(row.get("track_name"), row.get("cluster_name")) for row in found]
    page.text_input[0].set_value("nobody")
    assert any("No rows fit this choice." in text for text in told(well(page.run())))
