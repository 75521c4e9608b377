"""Search, and the pages of things: what is found, in which order, and what each page tells."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from helpers.marts import small_lake, write, write_mart
from helpers.pages import draw, linked, table, told, well
from soundlake.dashboard import charts
from soundlake.dashboard.finder import find, folded
from soundlake.dashboard.links import address, anchor, leading
from soundlake.dashboard.source import DataSource
from soundlake.settings import load_settings
from soundlake.tables import ALBUMS, SIMILAR_TRACKS

pytestmark = pytest.mark.heavy

TRACKS = [
    ("t1", "夜に駆ける", "a1", "YOASOBI", "l1", "THE BOOK", 9),
    ("t2", "群青", "a1", "YOASOBI", "l1", "THE BOOK", 4),
    ("t3", "Déjà Vu", "a2", "Beyoncé", "l2", "B'Day", 7),
    ("t4", "Night Dancer", "a3", "imase", "l3", "Night Dancer", 2),
    ("t5", "Dancing Queen", "a4", "ABBA", "l4", "Arrival", 3),
    ("t6", "Queen", "a5", "Queen Ana", "l5", "Q", 1),
]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    lake = small_lake(tmp_path / "lake")
    columns = ("track_id", "track_name", "artist_id", "artist_name", "album_id", "album_name", "plays")
    write_mart(lake, "tracks_wide", *[dict(zip(columns, row, strict=True)) for row in TRACKS])
    chart = {"playlist_id": "p1", "playlist_name": "Tokyo Super Hits", "market": "JP", "weeks": 3, "days": 20}
    on_chart = {"track_id": "t1", "track_name": "夜に駆ける", "artist_id": "a1", "artist_name": "YOASOBI"}
    days = {"first_on": date(2021, 1, 1), "last_on": date(2021, 1, 20), "peak_on": date(2021, 1, 3)}
    places = {"entry_position": 5, "peak_position": 2, "last_position": 3, "on_chart": True, "re_entries": 0}
    write_mart(lake, "chart_tracks", {**chart, **on_chart, **days, **places})
    week = {"playlist_id": "p1", "playlist_name": "Tokyo Super Hits", "track_id": "t1"}
    write_mart(
        lake, "top_tracks", *[{**week, "week": date(2021, 1, day), "rank": rank} for day, rank in ((4, 5), (11, 2))]
    )
    heard = [("user-1", "t1"), ("user-1", "t3"), ("user-2", "t1"), ("user-2", "t3"), ("user-2", "t5")]
    write_mart(lake, "weekly_plays", *[{"user_id": user, "track_id": track, "plays": 1} for user, track in heard])
    months = ((date(2021, 4, 1), 3), (date(2021, 6, 1), 6))
    monthly = [{"period": "month", "starts_on": month, "plays": plays, "listeners": 1} for month, plays in months]
    write_mart(lake, "song_popularity", *[{**one, "track_id": "t1"} for one in monthly])
    write_mart(lake, "artist_popularity", *[{**one, "artist_id": "a1"} for one in monthly])
    write(lake, SIMILAR_TRACKS, {"track_id": "t1", "rank": 1, "similar_track_id": "t2", "similarity": 0.9})
    return lake


def found(lake: Path, words: str) -> dict[str, list[str]]:
    answers = find(DataSource(load_settings(lake=str(lake), env={})), words)
    return {thing: frame["name"].tolist() for thing, frame in answers.items()}


@pytest.mark.parametrize(
    ("words", "thing", "names"),
    [
        ("夜に", "track", ["夜に駆ける"]),
        ("yoas", "artist", ["YOASOBI"]),
        ("yoasbi", "artist", ["YOASOBI"]),
        ("BEYONCE", "artist", ["Beyoncé"]),
        ("deja", "track", ["Déjà Vu"]),
        ("ｙｏａｓｏｂｉ", "artist", ["YOASOBI"]),
        ("yoasobi", "track", ["夜に駆ける", "群青"]),
        ("the book", "album", ["THE BOOK"]),
        ("super hits", "playlist", ["Tokyo Super Hits"]),
        ("user-2", "listener", ["user-2", "user-1"]),
        ("b'day", "album", ["B'Day"]),
    ],
)
def test_one_box_finds_by_beginnings_words_and_typos(lake: Path, words: str, thing: str, names: list[str]) -> None:
    assert found(lake, words)[thing] == names


def test_a_name_itself_comes_before_its_beginning_and_a_word_of_another(lake: Path) -> None:
    assert found(lake, "queen")["track"] == ["Queen", "Dancing Queen"]
    assert found(lake, "night")["track"] == ["Night Dancer"]


def test_what_nobody_has_as_a_name_is_not_found(lake: Path) -> None:
    assert found(lake, "zzzzzz") == {}
    page = draw("search", lake)
    page.text_input[0].set_value("zzzzzz")
    assert any("Nothing has such a name." in one for one in told(well(page.run())))


def test_words_are_compared_without_case_accents_and_width() -> None:
    assert folded(" ＢｅｙｏｎｃÉ ") == folded("beyonce") == "beyonce"


def test_a_search_shows_links(lake: Path) -> None:
    page = draw("search", lake)
    page.text_input[0].set_value("夜に")
    (html,) = [one.proto.body for one in well(page.run()).get("html")]
    assert '<a href="track?id=t1" target="_self">夜に駆ける</a> by <a href="artist?id=a1"' in html


def test_an_address_is_safe_whatever_an_id_or_a_name_has() -> None:
    assert address("track", "a&b/c") == "track?id=a%26b%2Fc"
    assert address("listener", "me") == "year?listener=me"
    assert address("track", None, "A & B") == "search?q=A%20%26%20B"
    assert anchor("track", "x", "<b>") == '<a href="track?id=x" target="_self">&lt;b&gt;</a>'


def test_a_bar_leads_to_the_page_of_its_thing() -> None:
    frame = pd.DataFrame({"id": ["a1"], "name": ["YOASOBI"], "plays": [3]})
    titles = {"name": "Artist", "plays": "Plays"}
    chart = charts.bars(leading(frame, "name", {"name": ("artist", "id")}), "plays", "name", titles).to_dict()
    assert chart["encoding"]["href"]["field"] == "link"
    assert [row["link"] for rows in chart["datasets"].values() for row in rows] == ["artist?id=a1"]
    assert "href" not in charts.bars(frame, "plays", "name", titles).to_dict()["encoding"]


def drawn(view: str, lake: Path, id_: str = "", *sets: str) -> AppTest:
    page = draw(view, lake, *sets)
    if id_:
        page.query_params["id"] = id_
    return well(page.run())


def test_a_track_has_its_charts_with_peak_and_weeks_and_what_is_near(lake: Path) -> None:
    page = drawn("track", lake)  # the most played one
    assert page.title[0].value == "夜に駆ける"
    assert [row["plays"] for row in table(page)] == [3, 0, 6]  # no gap in May
    assert [(row["week"].day, row["rank"]) for row in table(page, 1)] == [(4, 5), (11, 2)]
    (chart,) = table(page, 2)
    assert (chart["peak_position"], chart["weeks"]) == (2, 3)
    assert linked(page, 2)[0]["playlist_name"] == "playlist?id=p1#Tokyo Super Hits"
    assert linked(page, 3)[0]["track_name"] == "track?id=t2#群青"
    assert [row["track_name"] for row in table(page, 4)] == ["Déjà Vu", "Dancing Queen"]


def test_an_artist_has_tracks_albums_and_whom_listeners_also_like(lake: Path) -> None:
    page = drawn("artist", lake, "a1")
    assert page.title[0].value == "YOASOBI"
    assert [row["track_name"] for row in linked(page, 1)] == ["track?id=t1#夜に駆ける", "track?id=t2#群青"]
    assert [(row["album_name"], row["tracks"]) for row in linked(page, 2)] == [("album?id=l1#THE BOOK", 2)]
    also = linked(page, len(page.dataframe) - 1)
    assert [(row["artist_name"], row["shared"], round(row["similarity"], 3)) for row in also] == [
        ("artist?id=a2#Beyoncé", 2, 1.0),
        ("artist?id=a4#ABBA", 1, 0.707),
    ]


def test_an_album_has_its_tracks_and_their_charts(lake: Path) -> None:
    page = drawn("album", lake, "l1")
    assert page.title[0].value == "THE BOOK"
    assert [one.label for one in page.metric] == ["Plays", "Tracks known"]  # it has no date and no popularity
    assert [row["plays"] for row in table(page)] == [9, 4]
    assert linked(page, 2)[0]["track_name"] == "track?id=t1#夜に駆ける"


def test_a_playlist_has_what_is_on_it_now(lake: Path) -> None:
    page = drawn("playlist", lake, "p1")
    assert page.title[0].value == "Tokyo Super Hits"
    assert [(row["last_position"], row["peak_position"], row["weeks"]) for row in table(page)] == [(3, 2, 3)]


@pytest.mark.parametrize("view", ["track", "artist", "album", "playlist"])
def test_a_thing_that_is_not_there_is_said_to_be_unknown(lake: Path, view: str) -> None:
    assert any(f"No such {view} is known." in one for one in told(drawn(view, lake, "none")))


def covers(view: str, lake: Path, id_: str, hosts: str) -> list[str]:
    """What a page tells the browser to load, with the hosts that the operator allows."""
    images = drawn(view, lake, id_, f"dashboard.cover_hosts={hosts}").get("image")
    return [one.url for image in images for one in image.proto.imgs]


@pytest.mark.parametrize(("view", "id_"), [("album", "l1"), ("track", "t1")])
def test_a_cover_is_loaded_only_from_hosts_that_are_allowed(lake: Path, view: str, id_: str) -> None:
    cover = "https://i.scdn.co/image/ab67"
    write(lake, ALBUMS, {"album_id": "l1", "album_name": "THE BOOK", "cover_url": cover})
    assert covers(view, lake, id_, "") == []
    assert covers(view, lake, id_, "elsewhere.example") == []
    assert covers(view, lake, id_, "elsewhere.example,i.scdn.co") == [cover]


@pytest.mark.parametrize(
    "address", ["https://i.scdn.co@elsewhere.example/x", "https://i.scdn.co.elsewhere.example/x", "https://[/x", None]
)
def test_an_address_that_only_looks_allowed_is_not_loaded(lake: Path, address: str | None) -> None:
    write(lake, ALBUMS, {"album_id": "l1", "album_name": "THE BOOK", "cover_url": address})
    assert covers("album", lake, "l1", "i.scdn.co") == []


def test_a_page_needs_no_table_of_albums(lake: Path) -> None:
    assert covers("album", lake, "l1", "i.scdn.co") == []
