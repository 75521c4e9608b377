"""silver_listening on Spark: what it holds, and that insights and recommendations count by it."""

from __future__ import annotations

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from helpers.listenings import basic, extended, plays_of, poll
from soundlake.insights import builder
from soundlake.lake import Lake, view_of
from soundlake.recommend.signals import histories, signals
from soundlake.settings import Settings
from soundlake.tables import PLAYS
from soundlake.views import LISTENING

# Three listenings; the last was polled after the export was made.
RECORDS = [
    extended("2026-10-01 10:03:20", "a"),
    poll("2026-10-01 10:00:00", "a"),
    basic("2026-10-01 10:03", "a"),
    basic("2026-10-02 10:03", "b"),
    poll("2026-10-01 18:00:00", "c"),
]


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(str(tmp_path_factory.mktemp("listening") / "lake"))
    rows = [tuple(play.get(name) for name in PLAYS.column_names) for play in plays_of(RECORDS)]
    assert len(rows) == 5
    spark.createDataFrame(rows, PLAYS.ddl).coalesce(1).write.format("delta").save(lake.path(PLAYS))
    return lake


def test_a_listening_counts_once(spark: SparkSession, lake: Lake) -> None:
    listening = view_of(LISTENING, lake.read(spark, PLAYS))
    assert listening.columns == list(LISTENING.column_names)
    assert sorted(row["track_name"] for row in listening.collect()) == ["a", "b", "c"]


def test_recommendations_learn_from_listenings(spark: SparkSession, lake: Lake) -> None:
    found = signals(spark, lake, ["*"], 365).where("entity = 'track'").collect()
    assert {(row["id"], row["points"]) for row in found} == {("a", 1.0), ("c", 1.0)}


def test_recommendations_know_by_name_what_was_heard_without_an_id(spark: SparkSession, lake: Lake) -> None:
    (history,) = histories(signals(spark, lake, ["*"], 365)).collect()
    assert {track["id"] for track in history["tracks"]} == {"a", "c"}
    assert {song.split("\n")[0] for song in history["songs"]} == {"a", "b", "c"}  # no table has their tracks


def test_marts_count_listenings_and_follow_a_newer_export(spark: SparkSession, lake: Lake) -> None:
    def build() -> tuple[str, dict[str, int]]:
        (built,) = builder.build(spark, lake, Settings(), only=["listening_by_content_type"])
        rows = DeltaTable(f"{lake.uri}/gold/listening_by_content_type").to_pyarrow_table().to_pylist()
        return str(built), {str(row["day"]): row["plays"] for row in rows}

    assert build()[1] == {"2026-10-01": 2, "2026-10-02": 1}
    newer = plays_of([extended("2026-10-01 18:03:20", "c"), extended("2026-10-02 10:03:10", "b")])
    rows = [tuple(play.get(name) for name in PLAYS.column_names) for play in newer]
    spark.createDataFrame(rows, PLAYS.ddl).coalesce(1).write.format("delta").mode("append").save(lake.path(PLAYS))
    assert build()[1] == {"2026-10-01": 2, "2026-10-02": 1}
    assert "unchanged" in build()[0]
