"""The dashboard in a real browser on the lake of the demo: every page, every filter, numbers against DuckDB."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from playwright.sync_api import Browser, expect
from pyspark.sql import SparkSession
from services.browser import chromium
from services.dashboard import Shown, dashboard

from soundlake.dashboard.app import PAGES
from soundlake.insights import load_insights
from soundlake.launch.paths import ROOT
from soundlake.settings import load_settings
from soundlake.tables import BATCHES

pytestmark = pytest.mark.browser

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
PICTURES = ROOT / "build" / "pictures"
IN_README = ("top-albums-desktop", "charts-desktop", "clusters-desktop", "recommendations-phone")

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def lake(request: pytest.FixtureRequest, demo_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo's lake, with every table that pages show."""
    copy = tmp_path_factory.mktemp("dashboard") / "lake"
    shutil.copytree(demo_lake, copy)
    if not (copy / "gold" / "recommendations").exists():
        from soundlake.lake import Lake
        from soundlake.recommend.job import recommend

        spark: SparkSession = request.getfixturevalue("spark")
        recommend(spark, Lake(str(copy)), load_settings(lake=str(copy), env={}))
    return copy


@pytest.fixture(scope="module")
def url(lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dashboard(lake, tmp_path_factory.mktemp("server") / "log", "--set=dashboard.extract_now=true") as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def shown(browser: Browser, url: str) -> Iterator[Shown]:
    width, height = SIZES["desktop"]
    page = browser.new_page(viewport={"width": width, "height": height})
    yield Shown(page, url)
    page.close()


@pytest.fixture(scope="module")
def ask(lake: Path) -> Ask:
    """Another way to the same tables: DuckDB over what delta-rs reads."""

    def run(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            for layer in ("gold", "silver", "ops"):
                for folder in (lake / layer).iterdir():
                    if f"{layer}_{folder.name}" in sql:
                        connection.register(f"{layer}_{folder.name}", DeltaTable(folder).to_pyarrow_table())
            return connection.sql(sql).fetchall()

    return run


def names(rows: list[dict[str, str]], column: str) -> list[str]:
    return [row[column] for row in rows]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", [path for path in PAGES if path != "overview"] + [""])
def test_every_page_is_drawn_at_every_width(browser: Browser, url: str, path: str, size: str) -> None:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    shown = Shown(page, url).open(path)
    assert shown.errors == []
    assert page.get_by_test_id("stAlertContentInfo").all_inner_texts() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for mark in page.locator("h1, [data-testid=stVegaLiteChart], button").all():
        box = mark.bounding_box()
        assert box is None or box["x"] + box["width"] <= width + 1
    _take_picture(shown, f"{path or 'overview'}-{size}")
    page.close()


def _take_picture(shown: Shown, name: str) -> None:
    """A small picture of what is to be seen at first, as the README shows it."""
    from PIL import Image

    page = shown.page
    for chart in page.get_by_test_id("stVegaLiteChart").all()[:1]:
        expect(chart.locator("canvas, svg").first).to_be_visible()
    PICTURES.mkdir(parents=True, exist_ok=True)
    file = PICTURES / f"{name}.png"
    page.screenshot(path=file)
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(64).save(file, optimize=True)
    if (docs := os.environ.get("SOUNDLAKE_PICTURES")) and name in IN_README:
        shutil.copy(file, ROOT / docs / file.name)


def test_top_albums_by_type_words_day_order_and_number(shown: Shown, ask: Ask) -> None:
    shown.open("top-albums")
    best = "SELECT album_name FROM gold_top_albums {} ORDER BY {} LIMIT {}"
    assert names(shown.csv(), "album_name") == [name for (name,) in ask(best.format("", "rank", 20))]
    shown.slide("How many", "ArrowLeft").press("plays")
    assert names(shown.csv(), "album_name") == [name for (name,) in ask(best.format("", "plays DESC, rank", 10))]
    shown.write("Album or artist", "the")
    worded = "WHERE album_name ILIKE '%the%' OR artist_name ILIKE '%the%'"
    assert names(shown.csv(), "album_name") == [name for (name,) in ask(best.format(worded, "plays DESC, rank", 10))]
    shown.write("Album or artist", "").set_year("Released from", "2019")
    first = ask("SELECT min(release_date) FROM gold_top_albums")[0][0].replace(year=2019)
    recent = f"WHERE release_date >= DATE '{first}'"
    assert names(shown.csv(), "album_name") == [name for (name,) in ask(best.format(recent, "plays DESC, rank", 10))]


def test_genres_by_measure_months_and_choice(shown: Shown, ask: Ask) -> None:
    shown.open("genres")
    origin = ask("SELECT min(genre_source) FROM gold_genre_popularity")[0][0]
    largest = ask(
        f"SELECT genre FROM gold_genre_popularity WHERE genre_source = '{origin}' "
        "GROUP BY genre ORDER BY sum(plays) DESC, genre LIMIT 6"
    )
    assert {row["genre"] for row in shown.csv()} == {genre for (genre,) in largest}
    shown.choose("Measure", "Tracks observed")
    shown.clear("Genres").choose("Genres", "pop")
    rows = shown.csv()
    assert {row["genre"] for row in rows} == {"pop"}
    shown.slide("Months", "ArrowRight", handle=0)
    first = ask("SELECT DISTINCT month FROM gold_genre_popularity ORDER BY month")[1][0]
    rows = shown.csv()
    assert min(row["month"] for row in rows) >= str(first)
    expected = ask(
        "SELECT month, plays, tracks_observed FROM gold_genre_popularity "
        f"WHERE genre = 'pop' AND genre_source = '{origin}' AND month >= DATE '{first}' ORDER BY month"
    )
    assert [(row["month"], int(row["plays"]), int(row["tracks_observed"])) for row in rows] == [
        (str(month), plays, tracks) for month, plays, tracks in expected
    ]


def test_artists_by_months_words_and_hours(shown: Shown, ask: Ask) -> None:
    shown.open("artists")
    plays = dict(ask("SELECT artist_name, count(*) FROM silver_plays WHERE content_type = 'track' GROUP BY 1"))
    rows = shown.csv()
    assert len(rows) == 20
    assert [int(row["plays"]) for row in rows] == sorted((int(row["plays"]) for row in rows), reverse=True)
    assert [int(row["plays"]) for row in rows] == [plays[row["artist_name"]] for row in rows]
    shown.slide("Months", "End", handle=0)
    last = ask("SELECT max(month) FROM gold_most_streamed_artists")[0][0]
    expected = ask(
        f"SELECT sum(plays) AS plays FROM gold_most_streamed_artists WHERE month = DATE '{last}' "
        "AND artist_name IS NOT NULL GROUP BY artist_name ORDER BY plays DESC LIMIT 20"
    )
    assert [int(row["plays"]) for row in shown.csv()] == [plays for (plays,) in expected]
    shown.press("hours").write("Artist", "yoasobi")
    assert names(shown.csv(), "artist_name") == ["YOASOBI"]


def test_charts_by_market_playlist_week_and_genre(shown: Shown, ask: Ask) -> None:
    shown.open("charts").choose("Market", "JP")
    (playlist, week), *_ = ask(
        "SELECT playlist_name, max(week) FROM gold_top_tracks WHERE market = 'JP' GROUP BY 1 ORDER BY count(*) DESC, 1"
    )
    expected = ask(
        f"SELECT track_name, points FROM gold_top_tracks WHERE market = 'JP' AND playlist_name = '{playlist}' "
        f"AND week = DATE '{week}' ORDER BY rank LIMIT 20"
    )
    assert [(row["track_name"], int(row["points"])) for row in shown.csv()] == expected
    earlier = ask(
        f"SELECT DISTINCT week FROM gold_top_tracks WHERE playlist_name = '{playlist}' ORDER BY 1 DESC LIMIT 2"
    )[1][0]
    shown.choose("Week from (Monday)", str(earlier))
    expected = ask(
        f"SELECT track_name FROM gold_top_tracks WHERE market = 'JP' AND playlist_name = '{playlist}' "
        f"AND week = DATE '{earlier}' ORDER BY rank LIMIT 20"
    )
    assert names(shown.csv(), "track_name") == [name for (name,) in expected]
    assert any(ord(letter) > 0x3000 for name in names(shown.csv(), "track_name") for letter in name)  # Japanese, whole


@pytest.mark.parametrize(
    ("question", "view"),
    [
        ("Artists", "artist_appearances"),
        ("Albums", "album_frequency"),
        ("New entries", "chart_entries"),
        ("Longest on the chart", "chart_tracks"),
        ("Turnover", "playlist_turnover"),
        ("Between markets", "market_overlap"),
    ],
)
def test_every_question_about_charts_has_an_answer(shown: Shown, question: str, view: str) -> None:
    shown.open("charts").press(question)
    assert shown.errors == []
    assert len(shown.csv()) > 0, view


def test_the_longest_on_a_chart_are_those_of_the_mart(shown: Shown, ask: Ask) -> None:
    shown.open("charts").press("Longest on the chart").choose("Playlist", "Top 50 - Global")
    expected = ask(
        "SELECT track_name, days FROM gold_chart_tracks WHERE playlist_name = 'Top 50 - Global' "
        "ORDER BY days DESC, peak_position, track_name LIMIT 20"
    )
    assert [(row["track_name"], int(row["days"])) for row in shown.csv()] == expected
    shown.press("Only tracks that are on it now")
    expected = ask(
        "SELECT track_name, days FROM gold_chart_tracks WHERE playlist_name = 'Top 50 - Global' AND on_chart "
        "ORDER BY days DESC, peak_position, track_name LIMIT 20"
    )
    assert [(row["track_name"], int(row["days"])) for row in shown.csv()] == expected


def test_clusters_have_their_sizes_their_map_and_their_choice(shown: Shown, ask: Ask) -> None:
    shown.open("clusters")
    sizes = dict(ask("SELECT cluster_name, count(*) FROM gold_track_clusters GROUP BY 1"))
    assert {row["cluster_name"]: int(row["size"]) for row in shown.csv()} == sizes
    shown.press("plays")
    plays = [int(row["plays"]) for row in shown.csv()]
    assert plays == sorted(plays, reverse=True)
    assert len(shown.csv(1)) == ask("SELECT least(2000, count(*)) FROM gold_cluster_map")[0][0]
    tried = ask(
        "SELECT k, round(silhouette, 6) FROM gold_cluster_choices "
        "WHERE model_version = (SELECT model_version FROM gold_cluster_models WHERE is_current) ORDER BY k"
    )
    assert [(int(row["k"]), round(float(row["silhouette"]), 6)) for row in shown.csv(2)] == tried


def test_recommendations_for_a_listener_say_why(shown: Shown, ask: Ask) -> None:
    shown.open("recommendations")
    user = ask("SELECT max(user_id) FROM gold_recommendations")[0][0]
    shown.choose("Listener", user)
    expected = ask(
        "SELECT r.rank, t.track_name, r.reason FROM gold_recommendations r "
        f"LEFT JOIN gold_tracks_wide t USING (track_id) WHERE user_id = '{user}' ORDER BY rank"
    )
    assert [(int(row["rank"]), row["track_name"], row["reason"]) for row in shown.csv()] == expected


def test_recommendations_like_a_track_and_curated_playlists(shown: Shown, ask: Ask) -> None:
    shown.open("recommendations").press("A track")
    (track,), *_ = ask(
        "SELECT track_id FROM gold_tracks_wide WHERE cluster IS NOT NULL AND track_name IS NOT NULL "
        "ORDER BY plays DESC, popularity DESC NULLS LAST, track_id LIMIT 1"
    )
    expected = ask(
        f"SELECT rank, round(similarity, 6) FROM gold_similar_tracks WHERE track_id = '{track}' ORDER BY rank"
    )
    assert [(int(row["rank"]), round(float(row["similarity"]), 6)) for row in shown.csv()] == expected
    shown.press("Curated playlists")
    (name, count), *_ = ask("SELECT playlist_name, count(*) FROM gold_curated_playlists GROUP BY 1 ORDER BY 1")
    assert len(shown.choose("Playlist", name).csv()) == count


def test_data_quality_by_reason(shown: Shown, ask: Ask) -> None:
    shown.open("quality")
    for verdict in ("accepted", "duplicate", "stale", "rejected"):
        total = ask(f"SELECT sum({verdict}) FROM ops_batches WHERE query = 'refine'")[0][0]
        assert shown.metric(verdict.capitalize()) == f"{total:,}"
    shown.choose("Reason", "not_json")
    expected = ask("SELECT count(*) FROM silver_rejected WHERE reason = 'not_json'")[0][0]
    assert sum(int(row["records"]) for row in shown.csv(1)) == expected
    assert {row["reason"] for row in shown.csv(2)} == {"not_json"}


def test_every_insight_can_be_looked_at(shown: Shown) -> None:
    shown.open("insights")
    for insight in load_insights():
        shown.choose("Insight", insight.title)
        assert shown.errors == [], insight.name
        assert shown.page.get_by_role("button", name="Download CSV").count() == 1, insight.name


def test_live_sees_a_new_batch_by_itself(shown: Shown, ask: Ask, lake: Path) -> None:
    shown.open("live")
    before = int(shown.metric("Batches").replace(",", ""))
    assert before == ask("SELECT count(*) FROM ops_batches WHERE query = 'refine'")[0][0]
    table = DeltaTable(lake / BATCHES.path)
    row = table.to_pyarrow_table().slice(0, 1).to_pylist()[0]
    batch = {
        **row,
        "query": "refine",
        "batch_id": 999_999,
        "started_at": datetime.now(UTC),
        "duration_ms": 500,
        "read": 100,
    }
    write_deltalake(table, pa.Table.from_pylist([batch], table.to_pyarrow_table().schema), mode="append")
    expect(shown.page.get_by_test_id("stMetric").filter(has_text="Batches")).to_contain_text(
        f"{before + 1:,}", timeout=60_000
    )
    assert shown.metric("Records a second") == "200"


def test_extract_now_says_what_is_missing(shown: Shown) -> None:
    shown.open("live")
    shown.page.get_by_role("button", name="Extract now").click()
    expect(shown.page.get_by_text("The extraction failed (exit code 2).")).to_be_visible(timeout=60_000)
