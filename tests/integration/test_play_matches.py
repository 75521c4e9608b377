"""gold/play_matches through Spark: which plays get a track, what changes it, and who reads it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from helpers.listenings import plays_of
from helpers.reading import rows
from soundlake.insights import builder, load_insights
from soundlake.insights.play_matches import write_play_matches
from soundlake.lake import Lake
from soundlake.recommend.signals import signals
from soundlake.settings import Settings
from soundlake.tables import PLAY_MATCHES, PLAYS, TRACKS, Table


def heard(minute: int, title: str, artist: str = "Ana", id_: str | None = None, isrc: str | None = None) -> Any:
    """A play as Last.fm or ListenBrainz tell it."""
    track = {"id": id_, "name": title, "artists": [{"name": artist}], "external_ids": {"isrc": isrc}}
    return {"user_id": "u1", "played_at": f"2026-10-01T10:{minute:02}:00Z", "track": track}


PLAYED = [
    heard(1, "UNO"),
    heard(2, "uno"),
    heard(3, "Due (Live)"),
    heard(4, "anything", isrc="USXX12000003"),
    heard(5, "Two of a kind"),
    heard(6, "Has an id", id_="t9"),
]
KNOWN: list[dict[str, Any]] = [
    {"track_id": "t1", "track_name": "Uno", "artist_id": "a", "artist_names": ["Ana"]},
    {"track_id": "t2", "track_name": "Due", "artist_id": "a", "artist_names": ["Ana"]},
    {"track_id": "t3", "track_name": "Tre", "artist_id": "a", "artist_names": ["Ana", None], "isrc": "usxx12000003"},
    {"track_id": "t4", "track_name": "Two of a Kind", "artist_id": "a", "artist_names": ["Ana"]},
    {"track_id": "t5", "track_name": "Two of a Kind", "artist_id": "b", "artist_names": ["Ana"]},
    {"track_id": "t6"},
]


def put(spark: SparkSession, lake: Lake, table: Table, found: list[dict[str, Any]]) -> None:
    values = [tuple(row.get(name) for name in table.column_names) for row in found]
    spark.createDataFrame(values, table.ddl).coalesce(1).write.format("delta").mode("append").save(lake.path(table))


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    lake = Lake(str(tmp_path / "lake"))
    put(spark, lake, PLAYS, plays_of(PLAYED))
    put(spark, lake, TRACKS, KNOWN)
    return lake


def found_in(lake: Lake) -> list[tuple[Any, ...]]:
    """The matches as a reader gets them: by `play_id`, beside what was heard."""
    plays, matches = (DeltaTable(f"{lake.uri}/{table.path}").to_pyarrow_table() for table in (PLAYS, PLAY_MATCHES))
    assert plays.num_rows == len(PLAYED)
    with duckdb.connect() as connection:
        connection.register("silver_plays", plays)
        connection.register("gold_play_matches", matches)
        return connection.sql(
            "SELECT p.track_name, m.track_id, m.method "
            "FROM gold_play_matches AS m JOIN silver_plays AS p USING (play_id) "
            "WHERE m.user_id = p.user_id AND m.confidence > 0.5 ORDER BY p.played_at"
        ).fetchall()


SURE = [("UNO", "t1", "names"), ("uno", "t1", "names"), ("anything", "t3", "isrc")]


def test_plays_without_an_id_get_the_track_that_they_surely_are(spark: SparkSession, lake: Lake) -> None:
    assert write_play_matches(spark, lake) == 3
    assert found_in(lake) == SURE
    assert {row["track_id"] for row in rows(lake.uri, PLAYS)} == {None, "t9"}


def test_a_new_track_is_found_and_without_news_nothing_is_written(spark: SparkSession, lake: Lake) -> None:
    write_play_matches(spark, lake)
    assert write_play_matches(spark, lake) == 3
    assert DeltaTable(f"{lake.uri}/{PLAY_MATCHES.path}").version() == 0
    put(spark, lake, TRACKS, [{"track_id": "t7", "track_name": "Due (Live)", "artist_names": ["Ana"]}])
    assert write_play_matches(spark, lake) == 4
    assert found_in(lake) == [*SURE[:2], ("Due (Live)", "t7", "names"), SURE[2]]


def test_a_lake_whose_plays_all_have_ids_needs_no_table(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    assert write_play_matches(spark, lake) is None
    put(spark, lake, PLAYS, plays_of([heard(6, "Has an id", id_="t9")]))
    assert write_play_matches(spark, lake) is None
    assert not lake.exists(spark, PLAY_MATCHES)


def test_marts_count_matched_plays_and_follow_a_new_match(spark: SparkSession, lake: Lake) -> None:
    def by_track() -> tuple[str, dict[str | None, int]]:
        built = {one.name: one for one in builder.build(spark, lake, Settings(), only=["tracks_wide"])}
        (rows_of,) = [rows(lake.uri, one.table) for one in load_insights() if one.name == "weekly_plays"]
        plays = Counter[str | None]()
        for row in rows_of:
            plays[row["track_id"]] += row["plays"]
        return str(built["weekly_plays"]), dict(plays)

    assert by_track()[1] == {None: 5, "t9": 1}
    write_play_matches(spark, lake)
    assert by_track()[1] == {None: 2, "t1": 2, "t3": 1, "t9": 1}
    assert "unchanged" in by_track()[0]
    put(spark, lake, TRACKS, [{"track_id": "t7", "track_name": "Due (Live)", "artist_names": ["Ana"]}])
    assert by_track()[1] == {None: 1, "t1": 2, "t3": 1, "t7": 1, "t9": 1}


def test_recommendations_learn_from_matched_plays(spark: SparkSession, lake: Lake) -> None:
    def liked() -> dict[str, float]:
        found = signals(spark, lake, ["*"], 365).where("entity = 'track'")
        return {row["id"]: row["points"] for row in found.collect()}

    assert liked() == {"t9": 1.0}
    write_play_matches(spark, lake)
    assert liked() == {"t9": 1.0, "t1": 2.0, "t3": 1.0}
