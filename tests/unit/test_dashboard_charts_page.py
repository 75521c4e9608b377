"""What the page of charts answers: positions, entries, stays, turnover, and how playlists differ between markets."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from helpers.marts import Row, write, write_mart
from helpers.pages import asked, table, well
from soundlake.tables import EVENTS

pytestmark = pytest.mark.heavy

BEFORE, WEEK = date(2021, 5, 24), date(2021, 5, 31)
JAPAN: Row = {"playlist_id": "jp", "playlist_name": "Top Japan", "market": "JP"}
GLOBAL: Row = {"playlist_id": "gl", "playlist_name": "Top Global", "market": None}
LONG: Row = {"track_id": "t1", "track_name": "Long", "artist_id": "a", "artist_name": "Ana", "genre": "j-pop"}
SHORT: Row = {"track_id": "t2", "track_name": "Short", "artist_id": "b", "artist_name": "Bo", "genre": "rock"}


def ranked(playlist: Row, track: Row, week: date, rank: int, **more: object) -> Row:
    return playlist | track | {"week": week, "rank": rank, "mean_position": float(rank), "snapshots": 7} | more


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("charts") / "lake"
    write(lake, EVENTS)
    write_mart(
        lake,
        "top_tracks",
        ranked(JAPAN, LONG, BEFORE, 1, best_position=1, points=300),
        ranked(JAPAN, LONG, WEEK, 2, best_position=2, points=200, previous_rank=1),
        ranked(JAPAN, SHORT, WEEK, 1, best_position=1, points=350),
        ranked(GLOBAL, SHORT, WEEK, 1, best_position=4, points=90),
    )
    kept = {"on_chart": True, "weeks": 2, "re_entries": 0, "first_on": BEFORE, "last_on": WEEK}
    write_mart(
        lake,
        "chart_tracks",
        JAPAN | LONG | kept | {"days": 12, "entry_position": 3, "peak_position": 1},
        JAPAN | SHORT | kept | {"days": 5, "entry_position": 1, "peak_position": 1, "on_chart": False},
    )
    write_mart(
        lake,
        "chart_entries",
        JAPAN | LONG | {"snapshot_date": date(2021, 5, 25), "entry": "first snapshot", "position": 3},
        JAPAN | SHORT | {"snapshot_date": date(2021, 6, 1), "entry": "new", "position": 1},
        JAPAN | LONG | {"snapshot_date": date(2021, 6, 2), "entry": "re-entry", "position": 9, "snapshots_away": 2},
    )
    weekly = {"period": "week", "starts_on": WEEK, "tracks": 2, "entries": 14, "rank": 1}
    write_mart(
        lake,
        "artist_appearances",
        JAPAN | {"artist_id": "a", "artist_name": "Ana", "tracks_per_snapshot": 2.0} | weekly,
        JAPAN | {"artist_id": "b", "artist_name": "Bo", "tracks_per_snapshot": 1.0} | weekly | {"entries": 7},
    )
    write_mart(
        lake,
        "playlist_turnover",
        JAPAN | {"snapshot_date": date(2021, 6, 1), "tracks": 50, "entered": 5, "left_behind": 5, "turnover": 0.1},
        JAPAN | {"snapshot_date": date(2021, 6, 2), "tracks": 50, "entered": 15, "left_behind": 15, "turnover": 0.3},
    )
    other = {"other_playlist_id": "gl", "other_playlist_name": "Top Global", "tracks": 50, "shared": 10}
    write_mart(lake, "market_overlap", JAPAN | other | {"snapshot_date": WEEK, "share": 0.2, "jaccard": 0.11})
    return lake


def test_a_weeks_chart_has_the_move_the_peak_and_the_weeks_of_its_own_list(lake: Path) -> None:
    page = asked("playlists", lake, "Top tracks")
    assert [(row["rank"], row["track_name"], row["move"], row["peak"], row["weeks"]) for row in table(page)] == [
        (1, "Short", "NEW", 1, 1),
        (2, "Long", "▼ 1", 1, 2),
    ]


def test_a_week_before_has_its_own_chart(lake: Path) -> None:
    page = asked("playlists", lake, "Top tracks")
    page.selectbox(key="week").set_value(BEFORE)
    assert [row["track_name"] for row in table(well(page.run()))] == ["Long"]


def test_tracks_of_a_genre_keep_their_rank(lake: Path) -> None:
    page = asked("playlists", lake, "Top tracks")
    page.multiselect(key="top_tracks-genre-of-the-artist").set_value(["j-pop"])
    assert [(row["rank"], row["track_name"]) for row in table(well(page.run()))] == [(2, "Long")]


def test_ranks_are_told_week_by_week(lake: Path) -> None:
    assert [(row["track_name"], row["rank"]) for row in table(asked("playlists", lake, "Top tracks"), 1)] == [
        ("Long", 1),
        ("Long", 2),
        ("Short", 1),
    ]


def test_another_playlist_has_its_own_peak(lake: Path) -> None:
    page = asked("playlists", lake, "Top tracks")
    page.selectbox(key="top_tracks-playlist").set_value("Top Global")
    assert [(row["track_name"], row["peak"]) for row in table(well(page.run()))] == [("Short", 4)]


def test_artists_are_those_with_the_most_places(lake: Path) -> None:
    assert [(row["artist_name"], row["tracks_per_snapshot"]) for row in table(asked("playlists", lake, "Artists"))] == [
        ("Ana", 2.0),
        ("Bo", 1.0),
    ]


def test_entries_leave_the_first_snapshot_out_until_it_is_chosen(lake: Path) -> None:
    page = asked("playlists", lake, "New entries")
    assert [(row["entry"], row["track_name"]) for row in table(page, 1)] == [("re-entry", "Long"), ("new", "Short")]
    page.multiselect(key="chart_entries-kind-of-entry").set_value(["first snapshot"])
    assert [row["position"] for row in table(well(page.run()), 1)] == [3]


def test_the_longest_on_a_chart_come_first_and_those_that_left_can_be_left_out(lake: Path) -> None:
    page = asked("playlists", lake, "Longest on the chart")
    assert [(row["track_name"], row["days"]) for row in table(page)] == [("Long", 12), ("Short", 5)]
    page.toggle(key="still-there").set_value(True)
    assert [row["track_name"] for row in table(well(page.run()))] == ["Long"]


def test_turnover_is_the_share_of_new_tracks_over_the_days_of_a_week(lake: Path) -> None:
    assert [
        (row["playlist"], row["turnover"], row["snapshots"]) for row in table(asked("playlists", lake, "Turnover"))
    ] == [("Top Japan", 0.2, 2)]


def test_markets_share_what_is_on_both_of_their_playlists(lake: Path) -> None:
    page = asked("playlists", lake, "Between markets")
    assert [(row["other"], row["share"], row["shared"]) for row in table(page)] == [("Top Global", 0.2, 10)]


def test_charts_of_one_name_stay_apart(lake: Path, tmp_path: Path) -> None:
    twins = shutil.copytree(lake, tmp_path / "lake")
    named = {"playlist_name": "Top 50", "market": None}
    write_mart(
        twins,
        "top_tracks",
        *[ranked({"playlist_id": "first-one", **named}, LONG, week, 1, best_position=1) for week in (BEFORE, WEEK)],
        ranked({"playlist_id": "second-one", **named}, SHORT, WEEK, 1, best_position=1),
    )
    page = asked("playlists", twins, "Top tracks")
    choice = page.selectbox(key="top_tracks-playlist")
    assert choice.options == ["Top 50 (…st-one)", "Top 50 (…nd-one)"]
    assert [(row["track_name"], row["weeks"]) for row in table(page)] == [("Long", 2)]
    choice.set_value(choice.options[1])
    assert [(row["track_name"], row["weeks"]) for row in table(well(page.run()))] == [("Short", 1)]


def twins_of(lake: Path, copy: Path, name: str, rows: list[Row]) -> Path:
    """A lake whose mart `name` has only these rows, of two playlists of one name."""
    twins = shutil.copytree(lake, copy)
    write_mart(twins, name, *[{"playlist_name": "Top 50", **row} for row in rows])
    return twins


def test_turnover_of_playlists_of_one_name_stays_apart(lake: Path, tmp_path: Path) -> None:
    day = {"snapshot_date": date(2021, 6, 1), "tracks": 10, "left_behind": 0}
    rows = [
        {**day, "playlist_id": f"{p}-one", "entered": n, "turnover": n / 10} for p, n in (("first", 1), ("second", 5))
    ]
    page = asked("playlists", twins_of(lake, tmp_path / "lake", "playlist_turnover", rows), "Turnover")
    assert {row["playlist"]: row["turnover"] for row in table(page)} == {
        "Top 50 (…st-one)": 0.1,
        "Top 50 (…nd-one)": 0.5,
    }


def test_other_playlists_of_one_name_have_their_own_lines(lake: Path, tmp_path: Path) -> None:
    row = {"playlist_id": "p", "snapshot_date": WEEK, "other_playlist_name": "Top", "tracks": 10, "jaccard": 0.1}
    others = [("a", "DE", 0.1), ("b", "FR", 0.2)]
    rows = [{**row, "other_playlist_id": id_, "other_market": market, "share": n} for id_, market, n in others]
    page = asked("playlists", twins_of(lake, tmp_path / "lake", "market_overlap", rows), "Between markets")
    assert {row["other"]: row["share"] for row in table(page)} == {"Top – DE": 0.1, "Top – FR": 0.2}


def test_a_chosen_playlist_keeps_its_label_when_its_market_is_chosen(lake: Path, tmp_path: Path) -> None:
    row = LONG | {"week": WEEK, "rank": 1, "best_position": 1}
    rows = [row | {"playlist_id": market, "market": market, "track_name": market} for market in ("DE", "FR")]
    page = asked("playlists", twins_of(lake, tmp_path / "lake", "top_tracks", rows), "Top tracks")
    page.selectbox(key="top_tracks-playlist").set_value("Top 50 – FR")
    page.multiselect(key="top_tracks-market").set_value(["FR"])
    page = well(page.run())
    assert page.selectbox(key="top_tracks-playlist").value == "Top 50 – FR"
    assert [row["track_name"] for row in table(page)] == ["FR"]
