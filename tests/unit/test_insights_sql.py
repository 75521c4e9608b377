"""What each insight answers on two engines: Spark, which builds the tables, and DuckDB, given the same SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from soundlake import tables
from soundlake.insights import Insight, load_insights, render
from soundlake.tables import Table

Run = Callable[..., list[dict[str, Any]]]

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
        play("u1", "2021-01-17 12:00", None, "Host") | {"content_type": "episode"},
    ],
    tables.POPULARITY_HISTORY: [
        {"entity": "track", "id": "T1", "observed_on": date(2020, 12, 5), "popularity": 40},
        {"entity": "track", "id": "T1", "observed_on": date(2020, 12, 20), "popularity": 60},
        {"entity": "track", "id": "T2", "observed_on": date(2020, 12, 6), "popularity": 81},
        {"entity": "track", "id": "T1", "observed_on": date(2021, 1, 2)},
        {"entity": "track", "id": "T3", "observed_on": date(2021, 1, 1), "popularity": 90},
        {"entity": "artist", "id": "T3", "observed_on": date(2021, 1, 1), "popularity": 1},
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
    session.conf.set("spark.sql.session.timeZone", zone)
    for other in needed(insight):
        session.sql(render(other.sql, as_of)).createOrReplaceTempView(other.table.view)
    return [row.asDict() for row in session.sql(render(insight.sql, as_of)).collect()]


def run_on_duckdb(
    connection: duckdb.DuckDBPyConnection, insight: Insight, as_of: date | None, zone: str
) -> list[dict[str, Any]]:
    connection.execute(f"SET TimeZone = '{zone}'")
    for other in needed(insight):
        connection.execute(f"CREATE OR REPLACE VIEW {other.table.view} AS {render(other.sql, as_of)}")
    answer = connection.execute(render(insight.sql, as_of))
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


@pytest.fixture(scope="module")
def engines(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    session, connection = spark.newSession(), duckdb.connect()
    session.conf.set("spark.sql.shuffle.partitions", "1")
    connection.execute("CREATE MACRO element_at(list, position) AS list_extract(list, position)")
    folder = tmp_path_factory.mktemp("lake")
    for table, rows in LAKE.items():
        values = [tuple(row.get(name) for name in table.column_names) for row in rows]
        frame = session.createDataFrame(values, table.ddl)
        frame.createOrReplaceTempView(table.view)
        frame.coalesce(1).write.parquet(f"{folder}/{table.view}")
        connection.read_parquet(f"{folder}/{table.view}/*.parquet").create(table.view)
    yield {
        "spark": cache(lambda *question: run_on_spark(session, *question)),
        "duckdb": cache(lambda *question: run_on_duckdb(connection, *question)),
    }
    connection.close()


@pytest.fixture(params=["spark", "duckdb"])
def ask(engines: dict[str, Run], request: pytest.FixtureRequest) -> Callable[..., list[tuple[Any, ...]]]:
    def ask(name: str, *columns: str, as_of: date | None = None, zone: str = "UTC") -> list[tuple[Any, ...]]:
        answer = engines[request.param](INSIGHTS[name], as_of, zone)
        return [tuple(row[column] for column in columns) for row in answer]

    return ask


@pytest.mark.parametrize("engine", ["spark", "duckdb"])
@pytest.mark.parametrize("name", INSIGHTS)
def test_an_insight_gives_the_columns_it_declares(engines: dict[str, Run], engine: str, name: str) -> None:
    answer = engines[engine](INSIGHTS[name], None, "UTC")
    assert tuple(answer[0]) == INSIGHTS[name].table.column_names


@pytest.mark.parametrize("name", INSIGHTS)
def test_its_key_identifies_a_row(ask: Run, name: str) -> None:
    keys = ask(name, *INSIGHTS[name].key)
    assert len(keys) == len(set(keys)) > 0


def test_top_albums_ranks_by_popularity_of_album_else_of_tracks_then_by_plays(ask: Run) -> None:
    assert sorted(ask("top_albums", "rank", "album_id", "score", "plays")) == [
        (1, "L2", 90.0, 1),
        (2, "L1", 70.0, 3),
        (3, "L6", 30.0, 1),
        (4, "L5", 30.0, 0),
        (5, "L7", None, 0),
    ]


def test_top_albums_looks_back_five_years_from_the_day_asked_for(ask: Run) -> None:
    def albums(as_of: date) -> list[str]:
        return sorted(row[0] for row in ask("top_albums", "album_id", as_of=as_of))

    assert albums(date(2020, 6, 15)) == ["L1", "L3", "L5", "L6", "L7"]
    assert albums(date(2022, 6, 1)) == ["L1", "L2", "L4", "L5", "L6"]


def test_top_albums_knows_albums_from_either_table(ask: Run) -> None:
    columns = ("album_id", "album_name", "artist_name", "release_date", "label", "tracks_known", "max_track_popularity")
    albums = {row[0]: row[1:] for row in ask("top_albums", *columns)}
    assert albums["L1"] == ("One", "Ana", date(2020, 6, 15), "Label", 2, 60)
    assert albums["L5"] == ("Five", "Cy", date(2019, 1, 1), None, 1, 30)
    assert albums["L6"] == (None, None, date(2018, 5, 1), None, 2, 30)
    assert albums["L7"] == ("Nearly five years old", None, date(2016, 3, 2), None, 0, None)


def test_most_streamed_artists_counts_each_month_by_itself(ask: Run) -> None:
    columns = ("month", "rank", "artist_id", "artist_name", "plays", "listeners", "ms_played")
    assert sorted(ask("most_streamed_artists", *columns)) == [
        (date(2021, 1, 1), 1, "A2", "Bo", 2, 2, 1000),
        (date(2021, 1, 1), 2, "A1", "Ana", 2, 1, 100),
        (date(2021, 1, 1), 3, None, "Zed", 2, 1, 5),
        (date(2021, 2, 1), 1, "A1", "Ana", 1, 1, None),
    ]


def test_most_streamed_artists_tells_months_in_the_time_zone_asked_for(ask: Run) -> None:
    in_tokyo = ask("most_streamed_artists", "month", "artist_name", "plays", zone="Asia/Tokyo")
    assert [row for row in sorted(in_tokyo) if row[1] == "Ana"] == [
        (date(2021, 1, 1), "Ana", 1),
        (date(2021, 2, 1), "Ana", 2),
    ]


def test_genre_popularity_is_the_mean_over_tracks_and_stands_beside_the_plays(ask: Run) -> None:
    columns = ("month", "genre", "genre_source", "tracks_observed", "avg_popularity", "plays", "listeners")
    assert sorted(ask("genre_popularity", *columns)) == [
        (date(2020, 12, 1), "pop", "artist", 2, 65.5, 0, 0),
        (date(2020, 12, 1), "rock", "artist", 2, 65.5, 0, 0),
        (date(2021, 1, 1), "pop", "artist", 0, None, 2, 1),
        (date(2021, 1, 1), "rock", "artist", 0, None, 2, 1),
        (date(2021, 1, 1), "rock", "playlist", 1, 90.0, 2, 2),
        (date(2021, 2, 1), "pop", "artist", 0, None, 1, 1),
        (date(2021, 2, 1), "rock", "artist", 0, None, 1, 1),
    ]


def test_tracks_wide_brings_together_what_is_known_of_a_track(ask: Run) -> None:
    columns = ("track_name", "artist_name", "artist_popularity", "album_name", "album_popularity", "genre")
    more = ("release_year", "duration_ms", "energy", "key", "cluster", "cluster_name", "plays", "listeners")
    rows = {row[0]: row[1:] for row in ask("tracks_wide", "track_id", *columns, *more)}
    assert rows.keys() == {"T1", "T2", "T3", "T4", "T5", "T6", "T7"}
    assert rows["T1"] == ("Uno", "Ana", 80, "One", 70, "pop", 2020, 111, 0.25, 7, 0, "calm", 3, 2)
    assert rows["T3"] == (None, "Bo", None, "Two", None, "rock", 2021, 777, 0.75, 7, 1, "loud", 1, 1)
    assert rows["T7"] == (None, "Di", *[None] * 10, 0, 0)


def test_tracks_wide_says_where_the_genre_came_from(ask: Run) -> None:
    sources = dict(ask("tracks_wide", "track_id", "genre_source"))
    assert (sources["T1"], sources["T3"], sources["T4"]) == ("artist", "playlist", None)


def test_cluster_overview_has_every_cluster_of_the_current_model_and_no_other(ask: Run) -> None:
    columns = ("cluster", "cluster_name", "size", "share", "trained_on", "mean_popularity", "plays", "top_genre")
    assert sorted(ask("cluster_overview", *columns, "energy")) == [
        (0, "calm", 2, 0.5, 2, 55.0, 3, "pop", 0.25),
        (1, "loud", 2, 0.5, 1, 90.0, 1, "rock", 0.75),
        (2, "empty", 0, 0.0, 0, None, 0, None, 0.5),
    ]
