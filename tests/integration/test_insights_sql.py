"""What each insight answers on two engines: Spark, which builds the tables, and DuckDB, given the same SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from helpers.asking import answers, schema
from soundlake import tables
from soundlake.insights import Insight, load_insights, render
from soundlake.tables import Table
from soundlake.views import VIEWS

pytestmark = pytest.mark.xdist_group("spark")  # which a fixture asks for by its parameter

Run = Callable[..., list[dict[str, Any]]]
Ask = Callable[..., list[tuple[Any, ...]]]

INSIGHTS = {insight.name: insight for insight in load_insights()}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def features(track_id: str, energy: float) -> dict[str, Any]:
    return {"track_id": track_id, "energy": energy, "key": 7, "mode": 1, "time_signature": 4, "duration_ms": 777}


def play(user: str, when: str, track: str | None, artist: str | None = None, ms: int | None = None) -> dict[str, Any]:
    played_at = at(when)
    return {
        "user_id": user,
        "content_type": "track",
        "track_id": track,
        "artist_name": artist,
        "played_at": played_at,
        "played_date": played_at.date(),
        "ms_played": ms,
    }


def entry(day: str, position: int, track: str | None, playlist: str = "P1", **more: Any) -> dict[str, Any]:
    artist = {"T1": "A1", "T3": "A2", "T5": "A2", "T9": "A9"}.get(track or "")
    album = {"T1": "L1", "T3": None, "T5": "L6"}.get(track or "")
    names = {"playlist_id": playlist, "playlist_name": f"{playlist}!", "source": "charts"}
    ids = {"track_id": track, "artist_id": artist, "album_id": album, "album_name": album and f"{album}!"}
    return {**names, **ids, "snapshot_date": date.fromisoformat(day), "position": position, **more}


LAKE: dict[Table, list[dict[str, Any]]] = {
    tables.ARTISTS: [
        {"artist_id": "A1", "artist_name": "Ana", "genres": ["pop", "rock"], "popularity": 80},
        {"artist_id": "A2", "artist_name": "Bo", "genres": ["rock", "rock", None], "genre_source": "playlist"},
        {"artist_id": "A3", "artist_name": "Cy", "genres": []},
        {"artist_id": "A4", "artist_name": "Di"},
    ],
    tables.ALBUMS: [
        {"album_id": "L1", "album_name": "One", "artist_id": "A1", "artist_name": "Ana", "popularity": 70}
        | {"release_date": date(2020, 6, 15), "album_type": "album", "label": "Label"},
        {"album_id": "L2", "album_name": "Two", "artist_id": "A2", "release_date": date(2021, 3, 1)},
        {"album_id": "L3", "album_name": "Five years old", "release_date": date(2016, 3, 1), "popularity": 99},
        {"album_id": "L4", "album_name": "Announced", "release_date": date(2022, 6, 1), "popularity": 99},
        {"album_id": "L7", "album_name": "Nearly five years old", "release_date": date(2016, 3, 2)},
        {"album_id": "L8", "album_name": "Undated", "popularity": 99},
    ],
    tables.TRACKS: [
        {"track_id": "T1", "track_name": "Uno", "artist_id": "A1", "artist_name": "Ana", "album_id": "L1"}
        | {"popularity": 60, "duration_ms": 111, "fetched_at": at("2021-12-31 12:00"), "explicit": True},
        {"track_id": "T2", "artist_id": "A1", "album_id": "L1", "popularity": 50},
        {"track_id": "T3", "artist_id": "A2", "artist_name": "Bo", "album_id": "L2", "popularity": 90},
        {"track_id": "T4", "artist_id": "A3", "artist_name": "Cy", "album_id": "L5", "album_name": "Five"}
        | {"popularity": 30, "release_date": date(2019, 1, 1)},
        {"track_id": "T5", "artist_id": "A2", "artist_name": "Bo", "album_id": "L6", "release_date": date(2018, 5, 1)},
        {"track_id": "T6", "artist_id": "A1", "artist_name": "Ana", "album_id": "L6", "popularity": 30}
        | {"release_date": date(2018, 5, 1)},
        {"track_id": "T7", "artist_id": "A4"},
    ],
    tables.TRACK_FEATURES: [features("T1", 0.25), features("T3", 0.75), features("T9", 0.5)],
    tables.PLAYS: [
        play("u1", "2021-01-10 12:00", "T1", "Ana", ms=100),
        play("u1", "2021-01-31 23:30", "T1", "Ana"),
        play("u2", "2021-02-05 12:00", "T1", "Ana"),
        play("u1", "2021-01-11 12:00", "T3", "Bo", ms=1000),
        play("u2", "2021-01-12 12:00", "T5", "Bo (spelled otherwise)"),
        play("u1", "2021-01-13 12:00", "X9", "Zed", ms=5),
        play("u1", "2021-01-14 12:00", None, "Zed"),
        play("u1", "2021-01-16 12:00", "X8"),
        play("u1", "2021-01-17 12:00", None, "Host", ms=9)
        | {"content_type": "episode", "episode_name": "E1"}
        | {"reason_end": "endplay", "skipped": True},
        play("u1", "2021-01-17 16:30", None)
        | {"content_type": "episode", "episode_name": "E2", "skipped": False}
        | {"reason_end": "endplay"},
        play("u2", "2021-01-17 16:50", None) | {"content_type": "episode", "content_uri": "e1", "episode_name": "E1"},
    ],
    tables.POPULARITY_HISTORY: [
        {"entity": "track", "id": "T1", "observed_on": date(2020, 12, 5), "popularity": 40},
        {"entity": "track", "id": "T1", "observed_on": date(2020, 12, 20), "popularity": 60},
        {"entity": "track", "id": "T2", "observed_on": date(2020, 12, 6), "popularity": 81},
        {"entity": "track", "id": "T1", "observed_on": date(2021, 1, 2)},
        {"entity": "track", "id": "T3", "observed_on": date(2021, 1, 1), "popularity": 90},
        {"entity": "track", "id": "T3", "observed_on": date(2021, 2, 3), "popularity": 80},
        {"entity": "track", "id": "T3", "observed_on": date(2021, 2, 28), "popularity": 85},
        {"entity": "artist", "id": "T3", "observed_on": date(2021, 1, 1), "popularity": 1},
    ],
    tables.PLAYLIST_ITEMS: [
        entry("2021-01-30", 0, "T1", streams=70),
        entry("2021-01-30", 1, "T3", streams=100),
        entry("2021-01-30", 2, None),
        entry("2021-01-31", 0, "T1", streams=60),
        entry("2021-01-31", 1, "T1", streams=5),
        entry("2021-02-01", 0, "T3"),
        entry("2021-02-01", 1, "T5"),
        entry("2021-02-01", 0, "T3", playlist="P2", market="JP"),
        entry("2021-02-01", 1, "T9", playlist="P2", market="JP"),
        entry("2021-02-01", 0, "T3", playlist="P3", source="another"),
    ],
    tables.REJECTED: [
        {"kind": "track", "reason": "no_id", "detail": "b", "arrived_at": at("2021-01-31 23:00")},
        {"kind": "track", "reason": "no_id", "detail": "a", "arrived_at": at("2021-01-31 20:00")},
        {"kind": None, "reason": "not_json", "arrived_at": at("2021-01-31 10:00")},
    ],
    tables.TRACK_CLUSTERS: [
        {"track_id": "T1", "cluster": 0, "cluster_name": "calm", "model_version": "m2"},
        {"track_id": "T2", "cluster": 0, "cluster_name": "calm", "model_version": "m2"},
        {"track_id": "T3", "cluster": 1, "cluster_name": "loud", "model_version": "m2"},
        {"track_id": "T9", "cluster": 1, "cluster_name": "loud", "model_version": "m2"},
        {"track_id": "T4", "cluster": 1, "cluster_name": "old", "model_version": "m1"},
    ],
    tables.CLUSTER_MODELS: [
        {"model_version": "m1", "is_current": False},
        {"model_version": "m2", "is_current": True},
    ],
    tables.CLUSTER_PROFILES: [
        {"model_version": "m1", "cluster": 0, "cluster_name": "old", "size": 9, "energy": 0.9},
        {"model_version": "m2", "cluster": 0, "cluster_name": "calm", "size": 2, "energy": 0.25},
        {"model_version": "m2", "cluster": 1, "cluster_name": "loud", "size": 1, "energy": 0.75},
        {"model_version": "m2", "cluster": 2, "cluster_name": "empty", "size": 0, "energy": 0.5},
    ],
}


def needed(insight: Insight) -> list[Insight]:
    return [other for other in INSIGHTS.values() if other.table.view in insight.reads]


def run_on_spark(session: SparkSession, insight: Insight, as_of: date | None, zone: str) -> list[dict[str, Any]]:
    for other in needed(insight):
        rows = [tuple(row.values()) for row in ask_spark(session, other, as_of, zone)]
        session.createDataFrame(rows, other.table.ddl).createOrReplaceTempView(other.table.view)
    return [row.asDict() for row in session.sql(render(insight.sql, as_of, zone, "spark")).collect()]


ask_spark = cache(run_on_spark)  # what several insights read is computed once


@cache
def ask_duckdb(insight: Insight, as_of: date | None, zone: str) -> list[dict[str, Any]]:
    held = {table.view: pa.Table.from_pylist(rows, schema(table)) for table, rows in LAKE.items()}
    rows: list[dict[str, Any]] = answers(held, insight.name, as_of=as_of, zone=zone)[insight.name].to_pylist()
    return rows


@pytest.fixture(scope="module")
def ask_spark_lake(spark: SparkSession) -> Iterator[Run]:
    session = spark.newSession()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    session.conf.set("spark.sql.shuffle.partitions", "1")
    for table in tables.TABLES:
        values = [tuple(row.get(name) for name in table.column_names) for row in LAKE.get(table, [])]
        session.createDataFrame(values, table.ddl).coalesce(1).createOrReplaceTempView(table.view)
    for view in VIEWS:
        session.sql(view.sql()).createOrReplaceTempView(view.view)
    yield lambda *question: ask_spark(session, *question)
    ask_spark.cache_clear()


@pytest.fixture(params=["duckdb", "spark"])
def run(request: pytest.FixtureRequest) -> Run:
    return ask_duckdb if request.param == "duckdb" else request.getfixturevalue("ask_spark_lake")


@pytest.fixture
def ask(run: Run) -> Ask:
    def ask(name: str, *columns: str, as_of: date | None = None, zone: str = "UTC") -> list[tuple[Any, ...]]:
        return [tuple(row[column] for column in columns) for row in run(INSIGHTS[name], as_of, zone)]

    return ask


@pytest.mark.parametrize("name", INSIGHTS)
def test_an_insight_gives_the_columns_it_declares(run: Run, name: str) -> None:
    for row in run(INSIGHTS[name], None, "UTC"):
        assert tuple(row) == INSIGHTS[name].table.column_names


@pytest.mark.parametrize("name", INSIGHTS)
def test_its_key_identifies_a_row(ask: Ask, name: str) -> None:
    keys = ask(name, *INSIGHTS[name].key)
    assert len(keys) == len(set(keys))
    assert keys or name == "genre_momentum"  # which needs more weeks of plays: test_genre_momentum.py


def test_top_albums_ranks_by_popularity_of_album_else_of_tracks_then_by_plays(ask: Ask) -> None:
    assert sorted(ask("top_albums", "rank", "album_id", "score", "plays")) == [
        (1, "L2", 90.0, 1),
        (2, "L1", 70.0, 3),
        (3, "L6", 30.0, 1),
        (4, "L5", 30.0, 0),
        (5, "L7", None, 0),
    ]


def test_top_albums_looks_back_five_years_from_the_day_asked_for(ask: Ask) -> None:
    def albums(as_of: date) -> list[str]:
        return sorted(row[0] for row in ask("top_albums", "album_id", as_of=as_of))

    assert albums(date(2020, 6, 15)) == ["L1", "L3", "L5", "L6", "L7"]
    assert albums(date(2022, 6, 1)) == ["L1", "L2", "L4", "L5", "L6"]


def test_top_albums_knows_albums_from_either_table(ask: Ask) -> None:
    columns = ("album_id", "album_name", "artist_name", "release_date", "label", "tracks_known", "max_track_popularity")
    albums = {row[0]: row[1:] for row in ask("top_albums", *columns)}
    assert albums["L1"] == ("One", "Ana", date(2020, 6, 15), "Label", 2, 60)
    assert albums["L5"] == ("Five", "Cy", date(2019, 1, 1), None, 1, 30)
    assert albums["L6"] == (None, None, date(2018, 5, 1), None, 2, 30)
    assert albums["L7"] == ("Nearly five years old", None, date(2016, 3, 2), None, 0, None)


def test_most_streamed_artists_counts_each_month_by_itself(ask: Ask) -> None:
    columns = ("month", "rank", "artist_id", "artist_name", "plays", "listeners", "ms_played")
    assert sorted(ask("most_streamed_artists", *columns)) == [
        (date(2021, 1, 1), 1, "A2", "Bo", 2, 2, 1000),
        (date(2021, 1, 1), 2, "A1", "Ana", 2, 1, 100),
        (date(2021, 1, 1), 3, None, "Zed", 2, 1, 5),
        (date(2021, 2, 1), 1, "A1", "Ana", 1, 1, None),
    ]


def test_most_streamed_artists_tells_months_in_the_time_zone_asked_for(ask: Ask) -> None:
    in_tokyo = ask("most_streamed_artists", "month", "artist_name", "plays", zone="Asia/Tokyo")
    assert [row for row in sorted(in_tokyo) if row[1] == "Ana"] == [
        (date(2021, 1, 1), "Ana", 1),
        (date(2021, 2, 1), "Ana", 2),
    ]


def test_genre_popularity_is_the_mean_over_tracks_and_stands_beside_the_plays(ask: Ask) -> None:
    columns = ("month", "genre", "genre_source", "tracks_observed", "avg_popularity", "plays", "listeners")
    assert sorted(ask("genre_popularity", *columns)) == [
        (date(2020, 12, 1), "pop", "artist", 2, 65.5, 0, 0),
        (date(2020, 12, 1), "rock", "artist", 2, 65.5, 0, 0),
        (date(2021, 1, 1), "pop", "artist", 0, None, 2, 1),
        (date(2021, 1, 1), "rock", "artist", 0, None, 2, 1),
        (date(2021, 1, 1), "rock", "playlist", 1, 90.0, 2, 2),
        (date(2021, 2, 1), "pop", "artist", 0, None, 1, 1),
        (date(2021, 2, 1), "rock", "artist", 0, None, 1, 1),
        (date(2021, 2, 1), "rock", "playlist", 1, 82.5, 0, 0),
    ]


def test_tracks_wide_brings_together_what_is_known_of_a_track(ask: Ask) -> None:
    columns = ("track_name", "artist_name", "artist_popularity", "album_name", "album_popularity", "genre")
    more = ("release_year", "duration_ms", "energy", "key", "cluster", "cluster_name", "plays", "listeners")
    rows = {row[0]: row[1:] for row in ask("tracks_wide", "track_id", *columns, *more)}
    assert rows.keys() == {"T1", "T2", "T3", "T4", "T5", "T6", "T7", "X8", "X9"}
    assert rows["T1"] == ("Uno", "Ana", 80, "One", 70, "pop", 2020, 111, 0.25, 7, 0, "calm", 3, 2)
    assert rows["T3"] == (None, "Bo", None, "Two", None, "rock", 2021, 777, 0.75, 7, 1, "loud", 1, 1)
    assert rows["T7"] == (None, "Di", *[None] * 10, 0, 0)
    assert rows["X9"] == (None, "Zed", *[None] * 10, 1, 1)  # no record of it has come: its plays tell who it is by


def test_tracks_wide_says_where_the_genre_came_from(ask: Ask) -> None:
    sources = {row[0]: row[1] for row in ask("tracks_wide", "track_id", "genre_source")}
    assert (sources["T1"], sources["T3"], sources["T4"]) == ("artist", "playlist", None)


def test_cluster_overview_has_every_cluster_of_the_current_model_and_no_other(ask: Ask) -> None:
    columns = ("cluster", "cluster_name", "size", "share", "trained_on", "mean_popularity", "plays", "top_genre")
    assert sorted(ask("cluster_overview", *columns, "energy")) == [
        (0, "calm", 2, 0.5, 2, 55.0, 3, "pop", 0.25),
        (1, "loud", 2, 0.5, 1, 90.0, 1, "rock", 0.75),
        (2, "empty", 0, 0.0, 0, None, 0, None, 0.5),
    ]


def test_weekly_plays_cut_a_week_at_the_turn_of_the_month(ask: Ask) -> None:
    rows = ask("weekly_plays", "starts_on", "week", "month", "user_id", "plays")
    of_t1 = [row for row in sorted(rows) if row[0] >= date(2021, 1, 25)]
    assert of_t1 == [
        (date(2021, 1, 25), date(2021, 1, 25), date(2021, 1, 1), "u1", 1),
        (date(2021, 2, 1), date(2021, 2, 1), date(2021, 2, 1), "u2", 1),
    ]


def test_listeners_have_their_plays_tracks_time_and_months(ask: Ask) -> None:
    rows = ask("listeners", "user_id", "plays", "tracks", "ms_played", "first_month", "last_month")
    assert sorted(rows) == [
        ("u1", 6, 4, 1105, date(2021, 1, 1), date(2021, 1, 1)),
        ("u2", 2, 2, None, date(2021, 1, 1), date(2021, 2, 1)),
    ]


def test_weekly_popularity_keeps_sums_from_which_means_are_made(ask: Ask) -> None:
    rows = ask("weekly_popularity", "starts_on", "entity", "id", "observations", "popularity_total")
    assert [row[1:] for row in sorted(rows) if row[0] == date(2021, 1, 1)] == [
        ("artist", "T3", 1, 1),
        ("track", "T3", 1, 90),
    ]


def test_weekly_playlist_tracks_count_days_places_and_streams(ask: Ask) -> None:
    columns = ("starts_on", "playlist_id", "track_id", "playlist_snapshots", "snapshots", "entries", "best_position")
    rows = ask("weekly_playlist_tracks", *columns, "position_total", "points", "streams")
    assert sorted(row for row in rows if row[1] == "P1") == [
        (date(2021, 1, 25), "P1", "T1", 2, 2, 3, 1, 4, 6, 135),
        (date(2021, 1, 25), "P1", "T3", 2, 1, 1, 2, 2, 2, 100),
        (date(2021, 2, 1), "P1", "T3", 1, 1, 1, 1, 1, 2, None),
        (date(2021, 2, 1), "P1", "T5", 1, 1, 1, 2, 2, 1, None),
    ]


def test_song_popularity_rises_and_falls_by_popularity_else_by_plays(ask: Ask) -> None:
    columns = ("starts_on", "track_id", "rank", "popularity", "popularity_change", "plays", "plays_change", "trend")
    rows = [row[1:] for row in sorted(ask("song_popularity", "period", *columns)) if row[0] == "month"]
    assert rows == [
        (date(2020, 12, 1), "T1", 2, 50.0, None, 0, None, "new"),
        (date(2020, 12, 1), "T2", 1, 81.0, None, 0, None, "new"),
        (date(2021, 1, 1), "T1", 1, None, None, 2, None, None),
        (date(2021, 1, 1), "T3", 2, 90.0, None, 1, None, "new"),
        (date(2021, 1, 1), "T5", 3, None, None, 1, None, "new"),
        (date(2021, 1, 1), "X8", 4, None, None, 1, None, "new"),
        (date(2021, 1, 1), "X9", 5, None, None, 1, None, "new"),
        (date(2021, 2, 1), "T1", 1, None, None, 1, -1, "fall"),
        (date(2021, 2, 1), "T3", 2, 82.5, -7.5, 0, None, "fall"),
    ]


def test_song_popularity_of_a_week_is_compared_with_the_week_before(ask: Ask) -> None:
    columns = ("starts_on", "track_id", "plays", "previous_plays", "trend")
    rows = [row[1:] for row in sorted(ask("song_popularity", "period", *columns)) if row[0] == "week"]
    assert [row for row in rows if row[1] == "T1" and row[2]] == [
        (date(2021, 1, 4), "T1", 1, None, None),
        (date(2021, 1, 25), "T1", 1, 0, "rise"),
        (date(2021, 2, 1), "T1", 1, 1, "steady"),
    ]


def test_artist_popularity_is_the_mean_over_the_tracks_of_the_artist(ask: Ask) -> None:
    columns = ("starts_on", "artist_id", "artist_name", "genre", "tracks_observed", "popularity", "plays", "listeners")
    rows = [row[1:] for row in sorted(ask("artist_popularity", "period", *columns)) if row[0] == "month"]
    assert rows == [
        (date(2020, 12, 1), "A1", "Ana", "pop", 2, 65.5, 0, 0),
        (date(2021, 1, 1), "A1", "Ana", "pop", 0, None, 2, 1),
        (date(2021, 1, 1), "A2", "Bo", "rock", 1, 90.0, 2, 2),
        (date(2021, 2, 1), "A1", "Ana", "pop", 0, None, 1, 1),
        (date(2021, 2, 1), "A2", "Bo", "rock", 1, 82.5, 0, 0),
    ]


def test_each_genre_of_an_artist_is_told_once_with_where_it_came_from(ask: Ask) -> None:
    assert sorted(ask("artist_genres", "artist_id", "genre", "genre_source")) == [
        ("A1", "pop", "artist"),
        ("A1", "rock", "artist"),
        ("A2", "rock", "playlist"),
    ]


def test_genres_have_a_trend_too(ask: Ask) -> None:
    rows = ask("genre_trends", "period", "starts_on", "genre", "genre_source", "trend")
    assert {row[2:] for row in rows if row[:2] == ("month", date(2021, 2, 1))} == {
        ("pop", "artist", "fall"),
        ("rock", "artist", "fall"),
        ("rock", "playlist", "fall"),
    }


def test_top_tracks_go_by_streams_where_a_source_has_them(ask: Ask) -> None:
    columns = ("week", "rank", "track_id", "previous_rank", "genre", "streams", "points", "mean_position")
    assert [row[1:] for row in sorted(ask("top_tracks", "playlist_id", *columns)) if row[0] == "P1"] == [
        (date(2021, 1, 25), 1, "T1", None, "pop", 135, 6, pytest.approx(4 / 3)),
        (date(2021, 1, 25), 2, "T3", None, "rock", 100, 2, 2.0),
        (date(2021, 2, 1), 1, "T3", 2, "rock", None, 2, 1.0),
        (date(2021, 2, 1), 2, "T5", None, "rock", None, 1, 2.0),
    ]


def test_chart_tracks_come_again_after_a_snapshot_without_them(ask: Ask) -> None:
    columns = ("track_id", "first_on", "last_on", "days", "re_entries", "peak_position", "on_chart", "streams")
    assert [row[1:] for row in sorted(ask("chart_tracks", "playlist_id", *columns)) if row[0] == "P1"] == [
        ("T1", date(2021, 1, 30), date(2021, 1, 31), 2, 0, 1, False, 135),
        ("T3", date(2021, 1, 30), date(2021, 2, 1), 2, 1, 1, True, 100),
        ("T5", date(2021, 2, 1), date(2021, 2, 1), 1, 0, 2, True, None),
    ]


def test_chart_entries_tell_the_first_time_from_another(ask: Ask) -> None:
    columns = ("snapshot_date", "track_id", "entry", "position", "left_on", "snapshots_away")
    assert [row[1:] for row in sorted(ask("chart_entries", "playlist_id", *columns)) if row[0] == "P1"] == [
        (date(2021, 1, 30), "T1", "first snapshot", 1, None, None),
        (date(2021, 1, 30), "T3", "first snapshot", 2, None, None),
        (date(2021, 2, 1), "T3", "re-entry", 1, date(2021, 1, 30), 1),
        (date(2021, 2, 1), "T5", "new", 2, None, None),
    ]


def test_turnover_of_a_playlist_is_the_part_that_entered(ask: Ask) -> None:
    columns = ("snapshot_date", "previous_date", "tracks", "entered", "left_behind", "stayed", "turnover")
    assert [row[1:] for row in sorted(ask("playlist_turnover", "playlist_id", *columns)) if row[0] == "P1"] == [
        (date(2021, 1, 30), None, 2, None, None, None, None),
        (date(2021, 1, 31), date(2021, 1, 30), 1, 0, 1, 1, 0.0),
        (date(2021, 2, 1), date(2021, 1, 31), 2, 2, 1, 0, 1.0),
    ]


def test_artists_appear_more_or_less_than_in_the_period_before(ask: Ask) -> None:
    columns = ("starts_on", "artist_id", "rank", "entries", "tracks_per_snapshot", "change", "trend")
    rows = ask("artist_appearances", "playlist_id", "period", *columns)
    assert [row[2:] for row in sorted(rows, key=repr) if row[:2] == ("P1", "week")] == [
        (date(2021, 1, 25), "A1", 1, 3, 1.5, None, None),
        (date(2021, 1, 25), "A2", 2, 1, 0.5, None, None),
        (date(2021, 2, 1), "A2", 1, 2, 2.0, 1.5, "rise"),
    ]


def test_albums_of_playlists_are_known_from_the_tracks_too(ask: Ask) -> None:
    rows = ask("album_frequency", "playlist_id", "period", "starts_on", "album_id", "album_name", "entries", "share")
    assert [row[2:] for row in sorted(rows) if row[:2] == ("P1", "month")] == [
        (date(2021, 1, 1), "L1", "L1!", 3, 0.75),
        (date(2021, 1, 1), "L2", None, 1, 0.25),
        (date(2021, 2, 1), "L2", None, 1, 0.5),
        (date(2021, 2, 1), "L6", "L6!", 1, 0.5),
    ]


def test_markets_are_compared_within_one_source(ask: Ask) -> None:
    columns = ("playlist_id", "other_playlist_id", "other_market", "tracks", "shared", "share", "jaccard")
    assert sorted(ask("market_overlap", *columns)) == [
        ("P1", "P2", "JP", 2, 1, 0.5, pytest.approx(1 / 3)),
        ("P2", "P1", None, 2, 1, 0.5, pytest.approx(1 / 3)),
    ]


def test_listening_by_hour_is_told_in_the_time_zone_asked_for(ask: Ask) -> None:
    columns = ("day", "weekday", "hour", "plays", "listeners")

    def episodes(zone: str) -> list[tuple[Any, ...]]:
        rows = ask("listening_by_hour", "content_type", *columns, zone=zone)
        return [row[1:] for row in sorted(rows) if row[0] == "episode"]

    assert episodes("UTC") == [(date(2021, 1, 17), 7, 12, 1, 1), (date(2021, 1, 17), 7, 16, 2, 2)]
    assert episodes("Asia/Tokyo") == [(date(2021, 1, 17), 7, 21, 1, 1), (date(2021, 1, 18), 1, 1, 2, 2)]
    assert episodes("Asia/Kolkata") == [(date(2021, 1, 17), 7, 17, 1, 1), (date(2021, 1, 17), 7, 22, 2, 2)]


def test_listening_by_content_type_tells_podcasts_from_music(ask: Ask) -> None:
    rows = ask("listening_by_content_type", "day", "content_type", "plays", "listeners", "titles", "ms_played")
    assert [row[1:] for row in sorted(rows) if row[0] == date(2021, 1, 17)] == [("episode", 3, 2, 3, 9)]
    assert {row[1] for row in rows} == {"track", "episode"}


def test_skips_have_a_reason_where_a_source_says(ask: Ask) -> None:
    rows = ask("skips_by_reason", "content_type", "reason", "plays", "skipped", "not_skipped")
    assert [row[1:] for row in sorted(rows) if row[0] == "episode"] == [("endplay", 2, 1, 1), ("unknown", 1, 0, 0)]


def test_audio_features_are_weighted_by_plays_entries_or_tracks(ask: Ask) -> None:
    rows = ask("audio_feature_trends", "basis", "month", "tracks", "weight", "energy", "tempo")
    assert sorted(rows) == [
        ("played", date(2021, 1, 1), 2, 3, pytest.approx((2 * 0.25 + 0.75) / 3, abs=1e-6), None),
        ("played", date(2021, 2, 1), 1, 1, 0.25, None),
        ("playlists", date(2021, 1, 1), 2, 4, 0.375, None),
        ("playlists", date(2021, 2, 1), 2, 4, pytest.approx((3 * 0.75 + 0.5) / 4), None),
    ]


def test_cluster_mix_has_the_share_of_each_cluster_in_a_month(ask: Ask) -> None:
    columns = (
        "month",
        "cluster",
        "cluster_name",
        "plays",
        "listeners",
        "share_of_plays",
        "entries",
        "share_of_entries",
    )
    assert sorted(ask("cluster_mix", *columns)) == [
        (date(2021, 1, 1), 0, "calm", 2, 1, pytest.approx(2 / 3), 3, 0.75),
        (date(2021, 1, 1), 1, "loud", 1, 1, pytest.approx(1 / 3), 1, 0.25),
        (date(2021, 2, 1), 0, "calm", 1, 1, 1.0, 0, 0.0),
        (date(2021, 2, 1), 1, "loud", 0, 0, 0.0, 4, 1.0),
    ]


def test_data_quality_counts_rejected_records_by_day_and_reason(ask: Ask) -> None:
    columns = ("day", "kind", "reason", "records", "example")
    assert sorted(ask("data_quality", *columns)) == [
        (date(2021, 1, 31), "track", "no_id", 2, "a"),
        (date(2021, 1, 31), "unknown", "not_json", 1, None),
    ]
    assert {row[0] for row in ask("data_quality", "day", "kind", zone="Asia/Tokyo") if row[1] == "track"} == {
        date(2021, 2, 1)
    }
