"""A Year in Music: the page and its picture, without a browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from streamlit.testing.v1 import AppTest

from helpers.dashboard_plays import play, years_of
from helpers.marts import write, write_mart, write_weekly_plays
from helpers.pages import draw, table, told, well
from soundlake.dashboard.poster import poster, shortened
from soundlake.tables import EVENTS, PLAYS

pytestmark = pytest.mark.heavy

NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake of one listener with two plays in 2023 and three in 2024, and of another with one."""
    lake = tmp_path / "lake"
    write(lake, EVENTS)
    moments = [(datetime(2023, 5, 1, 8, tzinfo=UTC), 1), (datetime(2023, 5, 1, 9, tzinfo=UTC), 2)]
    moments += [(NOON, 1), (NOON + timedelta(hours=20), 4), (NOON + timedelta(hours=21), 1)]
    write(lake, PLAYS, *[play("u", at, track) for at, track in moments], play("v", NOON, 7, None))
    week = {"track_id": "t", "starts_on": NOON.date(), "week": NOON.date(), "month": NOON.date()}
    write_weekly_plays(lake, *[{**week, "user_id": user, "plays": n} for user, n in (("v", 1), ("u", 5))])
    return lake


def metrics(page: AppTest) -> dict[str, tuple[str, str]]:
    return {one.label: (one.value, one.delta) for one in page.metric}


def words(page: AppTest) -> str:
    html = [one.proto.body for one in page.get("html")]
    return "\n".join([*(one.value for one in [*page.markdown, *page.caption]), *html])


def test_the_newest_year_of_who_plays_most_comes_first_with_its_changes(lake: Path) -> None:
    page = draw("year", lake)
    assert [page.selectbox[0].value, page.selectbox[1].value] == ["u", 2024]
    assert page.header[0].value == "u in 2024"
    assert metrics(page)["Plays"] == ("3", "1")
    assert metrics(page)["New artists"] == ("1", "")  # in the first year all were new
    assert "The arrows show the change from 2023." in words(page)


def test_a_play_by_a_clock_years_ahead_is_not_the_year_that_comes_first(lake: Path) -> None:
    plays = [play("u", NOON, 1), play("u", NOON.replace(year=2996), 2)]
    write(lake, PLAYS, *plays)
    assert draw("year", lake).selectbox[1].value == 2024


def test_a_year_says_how_far_its_data_go(lake: Path) -> None:
    days = [datetime(2023, 5, 1, tzinfo=UTC).date(), NOON.date() + timedelta(days=10)]
    write_mart(lake, "listening_by_content_type", *[{"day": day, "content_type": "track", "plays": 1} for day in days])
    page = draw("year", lake)
    told_of = words(page)
    assert "The arrows show the change from 2023; the data begin on 2023-05-01 and end on 2024-03-10." in told_of
    assert "2024-03 is dashed or pale: the data cover 2023-05-01 to 2024-03-10 only." in told_of


def test_a_first_year_has_no_change(lake: Path) -> None:
    page = draw("year", lake)
    page.selectbox[1].set_value(2023)
    page = well(page.run())
    assert metrics(page)["Plays"] == ("2", "")
    assert "arrows" not in words(page)
    assert "New artists" not in [one.value for one in page.subheader]  # all of them are


def test_a_year_is_told_in_sentences(lake: Path) -> None:
    told_ = words(draw("year", lake))
    assert "Longest streak: <b>2 days</b> in a row, 2024-02-29 to 2024-03-01." in told_
    assert "Busiest day: 2024-03-01, with <b>2 plays</b>." in told_
    assert 'First play: <a href="track?id=' in told_
    assert '>Track 1</a> by <a href="' in told_
    assert ">Artist 1</a>, on 2024-02-29 at 12:00." in told_
    assert "<b>3 sessions</b> of 1.0 plays on average" in told_
    assert "Discovery rate: 33% of the plays were the first of their track." in told_
    assert "The data of this listener begin on 2023-05-01" in told_


def test_what_was_played_most_has_its_rows(lake: Path) -> None:
    page = draw("year", lake)
    assert [table(page, number)[0]["name"] for number in range(2, 6)] == ["Track 1", "Artist 1", "Album 1", "Artist 0"]


def test_a_listener_with_one_play_has_a_page(lake: Path) -> None:
    page = draw("year", lake)
    page.selectbox[0].set_value("v")
    page = well(page.run())
    assert metrics(page)["Plays"] == ("1", "")
    assert "Hours known" not in metrics(page)
    assert "No two days in a row had music." in words(page)


def test_a_listener_who_is_not_there_is_said_to_be_missing(lake: Path) -> None:
    page = draw("year", lake)
    page.text_input[0].set_value("nobody")
    assert any("No such listener has played anything." in one for one in told(well(page.run())))


def test_the_picture_is_an_svg_of_the_year(tmp_path: Path) -> None:
    name = {"track_name": 'A & B <"live">', "artist_name": "椎名林檎" * 10}
    year = years_of(tmp_path / "lake", [{**play("u", NOON, 1), **name}, play("u", NOON + timedelta(days=1), 4)]).of(
        2024
    )
    picture = ElementTree.fromstring(poster(year, "u", 2024, is_made_up=True))  # noqa: S314 - our own text
    texts = [text.text or "" for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"2024 in music", "u", 'A & B <"live">', "Soundlake: a made-up listener of the sample"} <= set(texts)
    assert f"{'椎名林檎' * 3}椎名…" in texts


def test_names_are_cut_by_their_width() -> None:
    assert shortened("short") == "short"
    assert shortened("a" * 31) == f"{'a' * 29}…"
    assert shortened("林" * 16) == f"{'林' * 14}…"
