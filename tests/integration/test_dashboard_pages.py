"""The dashboard in a real browser on the lake of the demo: every filter, numbers against DuckDB."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from playwright.sync_api import expect

from helpers.services.dashboard import Ask, Shown, names
from soundlake.dashboard import sql
from soundlake.tables import BATCHES

pytestmark = pytest.mark.browser


def test_the_front_page_tells_findings_that_are_links(shown: Shown, ask: Ask) -> None:
    shown.open("")
    links = shown.page.get_by_test_id("stMain").locator("ul a")
    assert links.count() == 5
    days = ask("SELECT max(days) FROM gold_chart_tracks")[0][0]
    assert f"{days} days" in links.last.inner_text()
    links.last.click()
    expect(shown.page.locator("h1")).to_have_text("Charts")
    assert int(shown.settle().csv()[0]["days"]) == days


def test_top_albums_by_words_days_order_and_number(shown: Shown, ask: Ask) -> None:
    shown.open("top-albums")
    best = "SELECT album_name FROM gold_top_albums {} ORDER BY {} LIMIT {}"
    assert names(shown.csv(), "album_name") == [name for (name,) in ask(best.format("", "rank", 20))]
    shown.slide("How many", "ArrowLeft").press("plays")
    assert names(shown.csv(), "album_name") == [name for (name,) in ask(best.format("", "plays DESC, rank", 10))]
    shown.write("Album or artist", "the")
    worded = "WHERE album_name ILIKE '%the%' OR artist_name ILIKE '%the%'"
    assert names(shown.csv(), "album_name") == [name for (name,) in ask(best.format(worded, "plays DESC, rank", 10))]
    shown.write("Album or artist", "").set_date("Released from", year="2016")
    first = ask("SELECT min(release_date) FROM gold_top_albums")[0][0].replace(year=2016)
    recent = f"WHERE release_date >= DATE '{first}'"
    assert names(shown.csv(), "album_name") == [name for (name,) in ask(best.format(recent, "plays DESC, rank", 10))]
    shown.set_date("to", year="2019")
    last = ask("SELECT max(release_date) FROM gold_top_albums")[0][0].replace(year=2019)
    within = f"WHERE release_date BETWEEN DATE '{first}' AND DATE '{last}'"
    assert names(shown.csv(), "album_name") == [name for (name,) in ask(best.format(within, "plays DESC, rank", 10))]


def test_top_albums_by_type(shown: Shown, ask: Ask) -> None:
    shown.open("top-albums").choose("Type", "single")
    expected = ask("SELECT album_name FROM gold_top_albums WHERE album_type = 'single' ORDER BY rank LIMIT 20")
    assert names(shown.csv(), "album_name") == [name for (name,) in expected] != []
    assert names(shown.clear("Type").csv(), "album_name") != [name for (name,) in expected]


def test_genres_by_where_they_come_from(shown: Shown, ask: Ask) -> None:
    shown.open("genres")
    origins = [name for (name,) in ask("SELECT DISTINCT genre_source FROM gold_genre_popularity ORDER BY 1")]
    assert len(origins) > 1
    for origin in origins:
        rows = shown.choose("Genre from", origin).csv()
        plays = ask(
            f"SELECT genre, sum(plays) FROM gold_genre_popularity WHERE genre_source = '{origin}' "
            "GROUP BY genre ORDER BY 2 DESC, 1 LIMIT 6"
        )
        counted = {genre: sum(int(row["plays"]) for row in rows if row["genre"] == genre) for genre, _ in plays}
        assert counted == dict(plays)
        assert {row["genre"] for row in rows} == set(counted)


def test_genres_by_measure_months_and_choice(shown: Shown, ask: Ask) -> None:
    origin = ask("SELECT max(genre_source) FROM gold_genre_popularity")[0][0]
    shown.open("genres").choose("Genre from", origin)
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
    expected = ask(
        "SELECT count(*) FROM silver_listening AS p JOIN silver_tracks AS t USING (track_id) "
        "WHERE content_type = 'track' AND t.artist_id IS NOT NULL GROUP BY t.artist_id ORDER BY 1 DESC LIMIT 20"
    )
    assert [int(row["plays"]) for row in shown.csv()] == [plays for (plays,) in expected]
    shown.slide("Months", "End", handle=0)
    last = ask("SELECT max(month) FROM gold_most_streamed_artists")[0][0]
    expected = ask(
        f"SELECT sum(plays) AS plays FROM gold_most_streamed_artists WHERE month = DATE '{last}' "
        "AND artist_name IS NOT NULL GROUP BY coalesce(artist_id, artist_name) ORDER BY plays DESC LIMIT 20"
    )
    assert [int(row["plays"]) for row in shown.csv()] == [plays for (plays,) in expected]
    shown.slide("How many", "ArrowLeft")
    assert [int(row["plays"]) for row in shown.csv()] == [plays for (plays,) in expected[:10]]
    shown.press("hours").write("Artist", "yoasobi")
    assert names(shown.csv(), "artist_name") == ["YOASOBI"]


def test_artists_month_by_month_are_those_chosen(shown: Shown, ask: Ask) -> None:
    shown.open("artists").clear("Artists, at most").choose("Artists, at most", "YOASOBI")
    expected = ask(
        "SELECT month, plays, listeners FROM gold_most_streamed_artists WHERE artist_name = 'YOASOBI' ORDER BY month"
    )
    assert [(row["month"], int(row["plays"]), int(row["listeners"])) for row in shown.csv(1)] == [
        (str(month), plays, listeners) for month, plays, listeners in expected
    ]


def test_clusters_have_their_sizes_their_map_and_their_choice(shown: Shown, ask: Ask) -> None:
    shown.open("clusters")
    sizes = {row[0]: row[1] for row in ask("SELECT cluster_name, count(*) FROM gold_track_clusters GROUP BY 1")}
    assert {row["cluster_name"]: int(row["size"]) for row in shown.csv()} == sizes
    shown.press("plays")
    plays = [int(row["plays"]) for row in shown.csv()]
    assert plays == sorted(plays, reverse=True)
    shown.press("popularity")
    popularity = [float(row["mean_popularity"]) for row in shown.csv()]
    assert popularity == sorted(popularity, reverse=True)
    assert len(shown.csv(2)) == ask("SELECT least(2000, count(*)) FROM gold_cluster_map")[0][0]
    tried = ask(
        "SELECT k, round(silhouette, 6) FROM gold_cluster_choices "
        "WHERE model_version = (SELECT model_version FROM gold_cluster_models WHERE is_current) ORDER BY k"
    )
    assert [(int(row["k"]), round(float(row["silhouette"]), 6)) for row in shown.csv(3)] == tried


def test_clusters_by_name_and_month(shown: Shown, ask: Ask) -> None:
    shown.open("clusters")
    cluster = ask("SELECT max(cluster_name) FROM gold_track_clusters")[0][0]
    shown.choose("Cluster", cluster)
    expected = ask(
        f"SELECT track_name FROM gold_tracks_wide WHERE cluster_name = '{cluster}' AND track_name IS NOT NULL "
        "ORDER BY plays DESC, popularity DESC, track_id LIMIT 20"
    )
    assert names(shown.csv(1), "track_name") == [name for (name,) in expected]
    shown.clear("Clusters, at most")
    expect(shown.page.get_by_text("No cluster is chosen.")).to_be_visible()
    shown.choose("Clusters, at most", cluster).slide("Months", "End", handle=0)
    last = ask("SELECT max(month) FROM gold_cluster_mix")[0][0]
    expected = ask(f"SELECT cluster_name, plays FROM gold_cluster_mix WHERE month = DATE '{last}' ORDER BY cluster")
    assert [(row["cluster_name"], int(row["plays"])) for row in shown.csv(4)] == expected


def test_recommendations_for_a_listener_say_why(shown: Shown, ask: Ask) -> None:
    shown.open("recommendations")
    user = ask("SELECT max(user_id) FROM gold_recommendations")[0][0]
    shown.write("Listener's id has", user.upper()).choose("Listener", user)
    expected = ask(
        "SELECT r.rank, t.track_name, r.reason FROM gold_recommendations r "
        f"LEFT JOIN gold_tracks_wide t USING (track_id) WHERE user_id = '{user}' ORDER BY rank"
    )
    assert [(int(row["rank"]), row["track_name"], row["reason"]) for row in shown.csv()] == expected


def test_recommendations_like_a_track_and_curated_playlists(shown: Shown, ask: Ask) -> None:
    shown.open("recommendations").press("A track")
    known = "SELECT track_id, track_name FROM gold_tracks_wide WHERE {} "
    known += "ORDER BY plays DESC, popularity DESC NULLS LAST, track_id"
    name = ask(known.format("cluster IS NOT NULL AND track_name <> ''"))[40][1].replace("'", "''")
    shown.write("Track or artist has", name.replace("''", "'"))
    (track, _), *_ = ask(known.format(f"strpos(lower(track_name || artist_name), lower('{name}')) > 0"))
    expected = ask(f"SELECT rank, round(distance, 6) FROM gold_similar_tracks WHERE track_id = '{track}' ORDER BY rank")
    assert [(int(row["rank"]), round(float(row["distance"]), 6)) for row in shown.csv()] == expected
    shared = [int(row["shared"]) for row in shown.csv(1)]
    assert shared == [
        number for (number,) in ask(f"SELECT shared FROM ({sql.heard_together(track, 20)}) AS r ORDER BY rank")
    ]
    shown.press("Curated playlists").choose("Kind", "activity")
    moods = ask("SELECT playlist_name FROM gold_curated_playlists WHERE kind = 'activity' GROUP BY 1 ORDER BY 1")
    size = ask(f"SELECT count(*) FROM gold_curated_playlists WHERE playlist_name = '{moods[0][0]}'")[0][0]
    assert len(shown.csv()) == size
    shown.clear("Kind")
    (name, count), *_ = ask("SELECT playlist_name, count(*) FROM gold_curated_playlists GROUP BY 1 ORDER BY 1")
    assert len(shown.choose("Playlist", name).csv()) == count


def test_data_quality_by_reason_and_kind(shown: Shown, ask: Ask) -> None:
    shown.open("quality")
    for verdict in ("accepted", "duplicate", "stale", "rejected"):
        total = ask(f"SELECT sum({verdict}) FROM ops_batches WHERE query = 'refine'")[0][0]
        assert shown.metric(verdict.capitalize()) == f"{total:,}"
    in_silver = "SELECT count(*) FROM silver_rejected WHERE reason = 'not_json'"
    shown.choose("Reason", "not_json")
    assert sum(int(row["records"]) for row in shown.csv(1)) == ask(in_silver)[0][0]
    assert {row["reason"] for row in shown.csv(2)} == {"not_json"}
    shown.choose("Kind", "artist")
    of_artists = ask(f"{in_silver} AND kind = 'artist'")[0][0]
    assert [int(row["records"]) for row in shown.csv(1)] == [of_artists]
    assert sum(int(row["records"]) for row in shown.csv(2)) == of_artists


def test_data_quality_by_days(shown: Shown, ask: Ask) -> None:
    first, last = ask("SELECT min(day), max(day) FROM gold_data_quality")[0]
    assert first < last
    shown.open("quality").set_date("to", year=f"{first:%Y}", month=f"{first:%m}", day=f"{first:%d}")
    expected = ask(f"SELECT reason, kind, sum(records) FROM gold_data_quality WHERE day = DATE '{first}' GROUP BY 1, 2")
    assert {(row["reason"], row["kind"], int(row["records"])) for row in shown.csv(1)} == set(expected)
    assert {row["day"] for row in shown.csv(2)} == {str(first)}


def test_any_insight_by_days_and_values(shown: Shown, ask: Ask) -> None:
    shown.open("insights").choose("Insight", "Turnover of playlists").choose("Market", "JP")
    shown.set_date("Snapshot date from", year="2021", month="04").set_date("to", month="07")
    first, last = ask("SELECT min(snapshot_date), max(snapshot_date) FROM gold_playlist_turnover")[0]
    expected = ask(
        f"SELECT snapshot_date, entered FROM gold_playlist_turnover WHERE market = 'JP' AND snapshot_date BETWEEN "
        f"DATE '{first.replace(year=2021, month=4)}' AND DATE '{last.replace(month=7)}' ORDER BY 1"
    )
    assert len(expected) > 1
    assert [(row["snapshot_date"], int(row["entered"] or -1)) for row in shown.csv(1)] == [
        (str(day), -1 if entered is None else entered) for day, entered in expected
    ]


def test_live_sees_a_new_batch_by_itself(shown: Shown, ask: Ask, shown_lake: Path) -> None:
    shown.open("live")
    before = int(shown.metric("Batches").replace(",", ""))
    assert before == ask("SELECT count(*) FROM ops_batches WHERE query = 'refine'")[0][0]
    table = DeltaTable(shown_lake / BATCHES.path)
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
