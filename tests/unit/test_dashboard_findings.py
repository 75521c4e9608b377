"""The front page tells findings in words, each with its number and a link."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from helpers.marts import small_lake, write_mart
from helpers.pages import draw
from soundlake.dashboard.findings import findings
from soundlake.dashboard.source import DataSource
from soundlake.settings import load_settings

pytestmark = pytest.mark.heavy


def source(lake: Path) -> DataSource:
    return DataSource(load_settings(lake=str(lake), env={}))


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return small_lake(tmp_path / "lake")


def test_each_finding_has_its_number_and_the_page_that_shows_more(lake: Path) -> None:
    assert {one.address: one.words for one in findings(source(lake))} == {
        "artists": "Ana was the most played artist of February 2021: 9 plays by 2 listeners.",
        "rising?against=month": "Higher by Ana rose most in May 2021: 8 plays after 1 the month before.",
        "rising?of=Genres": "j-pop gains: 50.0 % of the plays of the four weeks to 2021-06-06, "
        "after 30.0 % in the four before.",
    }


def test_a_genre_gains_in_weeks_that_are_over(lake: Path) -> None:
    whole = {"genre_source": "artist", "genre": "rock", "momentum": "gaining", "share": 0.4, "share_before": 0.2}
    begun = {**whole, "genre": "j-pop", "week": date(2021, 6, 7), "z": 9.0}  # the plays end on 10 June
    write_mart(lake, "genre_momentum", {**whole, "week": date(2021, 5, 31), "z": 4.0}, begun)
    (found,) = [one.words for one in findings(source(lake)) if one.address == "rising?of=Genres"]
    assert found.startswith("rock gains: 40.0 % of the plays of the four weeks to 2021-06-06")


def test_the_newest_entry_is_of_one_chart_where_two_have_its_name(lake: Path) -> None:
    entry = {"playlist_name": "Top", "entry": "new", "artist_name": "Ana", "position": 1}
    days = [
        ("more", "Here", date(2021, 6, 1)),
        ("more", "Here", date(2021, 6, 2)),
        ("other", "There", date(2021, 6, 9)),
    ]
    write_mart(
        lake,
        "chart_entries",
        *[entry | {"playlist_id": p, "track_name": name, "snapshot_date": day} for p, name, day in days],
    )
    assert "The newest entry of Top is Here by Ana, at 1 on 2021-06-02." in [
        one.words for one in findings(source(lake))
    ]


def test_nothing_rises_against_a_month_that_the_data_begin_in(lake: Path) -> None:
    days = [date(2021, 4, 10), date(2021, 6, 10)]
    write_mart(lake, "listening_by_content_type", *[{"day": day, "content_type": "track", "plays": 1} for day in days])
    assert "rising?against=month" not in [one.address for one in findings(source(lake))]


def test_a_lake_without_marts_has_none(tmp_path: Path) -> None:
    (tmp_path / "bronze").mkdir()
    assert list(findings(source(tmp_path))) == []


def test_the_front_page_shows_them_with_the_time_they_are_of(lake: Path) -> None:
    page = draw("overview", lake)
    assert "What is new" in [one.value for one in page.subheader]
    assert "There are plays from 2021-04-01 to 2021-06-10." in [one.value for one in page.caption]
