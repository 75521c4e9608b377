"""Comparison: which days the presets mean, how numbers and ranks changed, and what two sides share."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from helpers.marts import small_lake, write_mart, write_weekly_plays
from helpers.pages import draw, table, well
from soundlake.dashboard.moves import moves
from soundlake.dashboard.presets import period

pytestmark = pytest.mark.heavy

COVERED = (date(2020, 1, 1), date(2021, 6, 10))  # a Thursday


@pytest.mark.parametrize(
    ("preset", "now", "before"),
    [
        ("4 weeks", "2021-05-10 to 2021-06-06", "2021-04-12 to 2021-05-09"),
        ("6 months", "2020-12-01 to 2021-05-31", "2020-06-01 to 2020-11-30"),
        ("this year", "2021-01-01 to 2021-05-31", "2020-01-01 to 2020-05-31"),
        ("all", "2020-01-01 to 2021-06-10", "None"),
    ],
)
def test_a_preset_ends_with_the_last_whole_week_or_month(preset: str, now: str, before: str) -> None:
    assert tuple(map(str, period(preset, COVERED))) == (now, before)


def test_a_last_day_that_ends_a_week_or_a_month_is_whole() -> None:
    assert str(period("4 weeks", (COVERED[0], date(2021, 6, 6)))[0]) == "2021-05-10 to 2021-06-06"
    assert str(period("this year", (COVERED[0], date(2020, 12, 31)))[0]) == "2020-01-01 to 2020-12-31"


def test_in_january_this_year_is_the_last_one_that_has_a_whole_month() -> None:
    assert str(period("this year", (COVERED[0], date(2021, 1, 20)))[0]) == "2020-01-01 to 2020-12-31"


def test_the_leap_day_belongs_to_february() -> None:
    assert str(period("this year", (date(2019, 1, 1), date(2020, 3, 5)))[0]) == "2020-01-01 to 2020-02-29"


def test_a_period_that_the_data_do_not_cover_is_not_compared_with() -> None:
    assert period("6 months", (date(2020, 8, 1), COVERED[1]))[1] is None
    assert str(period("4 weeks", (date(2021, 6, 9), COVERED[1]))[0]) == "2021-05-17 to 2021-06-13"


def test_moves_are_arrows_new_and_back() -> None:
    none = float("nan")
    assert moves([1, 2, 3, 4, 5], [3, 2, 1, none, none], [9, 9, 9, 1, 4]) == ["▲ 2", "=", "▼ 2", "NEW", "RE"]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Plays in the last four whole weeks, the four before, and the current one."""
    lake = small_lake(tmp_path / "lake")
    write_mart(
        lake, "listening_by_content_type", *[{"day": day, "content_type": "track", "plays": 1} for day in COVERED]
    )
    plays = [
        (date(2021, 5, 31), "u", "Ana", 6),
        (date(2021, 5, 10), "v", "Bo", 2),
        (date(2021, 5, 10), "v", "Ana", 1),
        (date(2021, 4, 12), "u", "Bo", 3),
        (date(2021, 5, 3), "u", "Ana", 1),
        (date(2021, 6, 7), "u", "Ana", 50),
    ]
    write_weekly_plays(
        lake,
        *[
            {"week": week, "starts_on": week, "month": week.replace(day=1), "user_id": user, "artist_name": artist}
            | {"track_id": f"t of {artist}", "plays": n}
            for week, user, artist, n in plays
        ],
    )
    chart = [
        ("Top JP", date(2021, 5, 24), "t1", 2, None, 2),
        ("Top JP", date(2021, 5, 31), "t1", 1, 2, 1),
        ("Top JP", date(2021, 5, 31), "t2", 2, None, 4),
        ("Top US", date(2021, 5, 31), "t2", 1, None, 1),
    ]
    columns = ("playlist_name", "week", "track_id", "rank", "previous_rank", "best_position")
    write_mart(
        lake,
        "top_tracks",
        *[
            dict(zip(columns, row, strict=True)) | {"track_name": row[2], "playlist_id": row[0].lower()}
            for row in chart
        ],
    )
    return lake


def metrics(page: AppTest) -> list[tuple[str, str, str]]:
    return [(one.label, one.value, one.delta) for one in page.metric]


def asked(lake: Path, question: str) -> AppTest:
    page = draw("compare", lake)
    page.button_group[0].set_value(question)
    return well(page.run())


def test_each_number_has_its_change_from_the_period_before(lake: Path) -> None:
    page = draw("compare", lake)
    assert metrics(page) == [
        ("Plays", "9", "+5 (+125%)"),
        ("Tracks", "2", "+0 (+0%)"),
        ("Artists", "2", "+0 (+0%)"),
        ("Listeners", "2", "+1 (+100%)"),
    ]
    assert [(row["plays"], row["move"], row["change"]) for row in table(page)] == [(7, "▲ 1", 6), (2, "▼ 1", -1)]


def test_all_that_was_played_has_nothing_before(lake: Path) -> None:
    page = draw("compare", lake)
    page.button_group[1].set_value("all")
    page = well(page.run())
    assert metrics(page)[0] == ("Plays", "63", "")
    assert "move" not in table(page)[0]


def test_two_listeners_stand_side_by_side_and_share_artists(lake: Path) -> None:
    page = asked(lake, "Two listeners")
    headings = [one.proto.body for one in page.get("html")]
    assert [re.findall("<h3>.*>(.+)</a>", one) for one in headings if "<h3>" in one] == [["u"], ["v"]]
    assert [(label, value) for label, value, _ in metrics(page) if label == "Plays"] == [("Plays", "6"), ("Plays", "3")]
    assert "They share 1 of 2 artists that either has played." in [one.value for one in page.caption]
    assert [(row["plays"], row["other_rank"]) for row in table(page)] == [(6, 2)]


def test_two_charts_have_places_on_the_other_peak_and_weeks(lake: Path) -> None:
    page = asked(lake, "Two charts")
    first = [(row["rank"], row["move"], row["peak"], row["weeks"]) for row in table(page)]
    assert first == [(1, "▲ 1", 1, 2), (2, "NEW", 4, 1)]
    assert [row["other_rank"] for row in table(page, 1)] == [2]
    assert [one.label for one in page.checkbox] == ["Filters"]  # a phone shows the charts first
    assert "1 track is on both: 50% of Top JP, 100% of Top US." in [one.value for one in page.caption]


def test_artists_of_one_name_are_two_and_one_without_an_id_is_the_one_of_that_name(lake: Path) -> None:
    names = [("t1", "ana-1", "Ana"), ("t2", "ana-2", "Ana"), ("t3", "bo", "Bo")]
    write_mart(lake, "tracks_wide", *[{"track_id": t, "artist_id": id_, "artist_name": name} for t, id_, name in names])
    week = date(2021, 5, 31)
    play = {"week": week, "starts_on": week, "month": week.replace(day=1), "user_id": "u"}
    write_weekly_plays(
        lake,
        *[
            play | {"track_id": t, "artist_name": name, "plays": n}
            for t, name, n in (("t1", "Ana", 5), ("t2", "Ana", 3))
        ],
        *[play | {"track_id": "t3", "artist_name": "Bo", "plays": 2}, play | {"artist_name": "Bo", "plays": 2}],
    )
    page = draw("compare", lake)
    assert [(row["artist_name"], row["plays"]) for row in table(page)] == [
        ("Ana", 5),
        ("Bo", 4),
        ("Ana", 3),
    ]
    assert ("Artists", "3") in [(label, value) for label, value, _ in metrics(page)]


def test_listeners_of_two_artists_of_one_name_share_none(lake: Path) -> None:
    names = [("t1", "ana-1", "Ana"), ("t2", "ana-2", "Ana")]
    write_mart(lake, "tracks_wide", *[{"track_id": t, "artist_id": id_, "artist_name": name} for t, id_, name in names])
    week = date(2021, 5, 31)
    play = {"week": week, "starts_on": week, "month": week.replace(day=1), "artist_name": "Ana", "plays": 1}
    write_weekly_plays(lake, *[play | {"user_id": u, "track_id": t} for u, t in (("u", "t1"), ("v", "t2"))])
    page = asked(lake, "Two listeners")
    assert "They share 0 of 2 artists that either has played." in [one.value for one in page.caption]


def test_tracks_without_an_id_are_counted_by_title(lake: Path) -> None:
    week = date(2021, 5, 31)
    play = {"week": week, "starts_on": week, "month": week.replace(day=1), "user_id": "u", "artist_name": "Ana"}
    names = [{"track_id": "t1"}, {"track_name": "Due"}, {"track_name": "Tre"}]
    write_weekly_plays(lake, *[{**play, "plays": 1, **name} for name in names])
    assert ("Tracks", "3") in [(label, value) for label, value, _ in metrics(draw("compare", lake))]


def test_two_charts_of_one_name_are_two(lake: Path) -> None:
    row = {"playlist_name": "Top", "week": date(2021, 5, 31), "rank": 1, "best_position": 1}
    chart = [("first-one", "t1"), ("second-one", "t2")]
    write_mart(lake, "top_tracks", *[row | {"playlist_id": p, "track_id": t, "track_name": t} for p, t in chart])
    page = asked(lake, "Two charts")
    assert [row["track_name"] for number in range(2) for row in table(page, number)] == ["t1", "t2"]
