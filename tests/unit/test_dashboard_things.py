"""Search, and the pages of things: what is found, in which order, and what each page tells."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from helpers.marts import small_lake, write, write_mart, write_weekly_plays
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
    ("played", "ただ君に晴れ", None, "ヨルシカ", None, "負け犬", 2),  # of which only plays tell
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
    april, june = date(2021, 4, 1), date(2021, 6, 1)
    heard = [("user-1", "t1", april, 3), ("user-1", "t3", april, 1), ("user-2", "t3", april, 1)]
    heard += [("user-2", "t5", april, 1), ("user-2", "t1", june, 6), ("user-2", "played", june, 2)]
    write_weekly_plays(
        lake,
        *[{"user_id": user, "track_id": track, "month": month, "plays": plays} for user, track, month, plays in heard],
    )
    months = [("a1", "YOASOBI", april, 3), ("a1", "YOASOBI", june, 6), (None, "ヨルシカ", june, 2)]
    write_mart(
        lake,
        "most_streamed_artists",
        *[
            {"artist_id": artist, "artist_name": name, "month": month, "plays": plays, "listeners": 1}
            for artist, name, month, plays in months
        ],
    )
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
        ("ヨル", "artist", ["ヨルシカ"]),
        ("負け犬", "track", ["ただ君に晴れ"]),
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


def test_without_the_mart_of_listeners_everything_else_is_found(lake: Path) -> None:
    shutil.rmtree(lake / "gold" / "listeners")
    page = draw("search", lake)
    page.text_input[0].set_value("queen")
    page = well(page.run())
    assert [one.value for one in page.subheader] == ["Tracks", "Artists", "Albums"]
    assert any("`gold_listeners` is not there yet" in one for one in told(page))


def test_words_are_compared_without_case_accents_and_width() -> None:
    assert folded(" ＢｅｙｏｎｃÉ ") == folded("beyonce") == "beyonce"


def test_a_search_shows_links(lake: Path) -> None:
    page = draw("search", lake)
    page.text_input[0].set_value("夜に")
    (html,) = [one.proto.body for one in well(page.run()).get("html")]
    assert '<a href="track?id=t1" target="_self">夜に駆ける</a> by <a href="artist?id=a1"' in html


def test_an_address_is_safe_whatever_an_id_or_a_name_has() -> None:
    assert address("track", "a&b/c") == "track?id=a%26b%2Fc"
    assert address("artist", None, "A & B") == "artist?name=A%20%26%20B"
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
    assert [row["track_name"] for row in table(page, 4)] == ["Déjà Vu", "ただ君に晴れ", "Dancing Queen"]


def test_an_artist_has_tracks_albums_and_whom_listeners_also_like(lake: Path) -> None:
    page = drawn("artist", lake, "a1")
    assert page.title[0].value == "YOASOBI"
    assert [row["track_name"] for row in linked(page, 1)] == ["track?id=t1#夜に駆ける", "track?id=t2#群青"]
    assert [(row["album_name"], row["tracks"]) for row in linked(page, 2)] == [("album?id=l1#THE BOOK", 2)]
    also = linked(page, len(page.dataframe) - 1)
    assert [(row["artist_name"], row["shared"], round(row["similarity"], 3)) for row in also] == [
        ("artist?id=a2#Beyoncé", 2, 1.0),
        ("artist?id=a4#ABBA", 1, 0.707),
        ("artist?name=%E3%83%A8%E3%83%AB%E3%82%B7%E3%82%AB#ヨルシカ", 1, 0.707),
    ]


def test_an_artist_of_whom_only_plays_tell_has_a_page_by_name(lake: Path) -> None:
    page = draw("artist", lake)
    page.query_params["name"] = "ヨルシカ"
    well(page.run())
    assert page.title[0].value == "ヨルシカ"
    assert [(one.label, one.value) for one in page.metric] == [("Plays", "2"), ("Tracks known", "1")]
    assert [row["plays"] for row in table(page)] == [2]
    assert linked(page, 1)[0]["track_name"] == "track?id=played#ただ君に晴れ"


def test_a_name_whose_id_is_known_leads_to_the_same_page(lake: Path) -> None:
    page = draw("artist", lake)
    page.query_params["name"] = "YOASOBI"
    assert [one.value for one in well(page.run()).metric][:2] == ["9", "2"]


def test_a_track_of_which_only_plays_tell_has_a_page(lake: Path) -> None:
    page = drawn("track", lake, "played")
    assert page.title[0].value == "ただ君に晴れ"
    assert [row["plays"] for row in table(page)] == [2]


def test_what_one_listener_alone_hears_is_not_called_similar(lake: Path) -> None:
    write_weekly_plays(
        lake,
        *[{"user_id": "me", "track_id": one, "month": date(2021, 4, 1), "plays": 1} for one in ("t1", "t3")],
    )
    assert any("there is only one" in one.value for one in drawn("track", lake, "t1").caption)
    assert any("there is only one" in one.value for one in drawn("artist", lake, "a1").caption)


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


def test_ranks_on_charts_of_one_name_are_two_lines(lake: Path) -> None:
    row = {"playlist_name": "Top", "track_id": "t1", "week": date(2021, 1, 4)}
    write_mart(
        lake, "top_tracks", *[row | {"playlist_id": f"{p}-one", "rank": n} for p, n in (("first", 1), ("next", 2))]
    )
    page = drawn("track", lake, "t1")
    shown = [row for number in range(len(page.dataframe)) for row in table(page, number)]
    ranks = {row["playlist"]: row["rank"] for row in shown if "playlist" in row}
    assert ranks == {"Top (…st-one)": 1, "Top (…xt-one)": 2}
