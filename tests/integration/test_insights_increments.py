"""What is computed again when something changed, and what is not. Results are held against DuckDB's on the whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from helpers.asking import answers
from soundlake.frames import conf_set
from soundlake.insights import build_record, builder, load_insights
from soundlake.insights.insight import parse_insight
from soundlake.lake import Lake
from soundlake.ops.maintenance import do_step, steps
from soundlake.settings import Settings, load_settings
from soundlake.tables import PLAYS, Table

DAILY, READER = "listening_by_content_type", "most_streamed_artists"  # by day; reads weekly_plays, which is by week
HEADER = "-- title: T\n-- question: Why?\n-- grain: one row\n-- key: day\n-- chart: table\n-- column day date: a day\n"


def plays(spark: SparkSession, *moments: str, user: str = "u1") -> DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "play_id": f"{user} {moment}",
            "user_id": user,
            "content_type": "track",
            "artist_name": "Ana",
            "played_at": datetime.fromisoformat(moment).replace(tzinfo=UTC),
            "played_date": datetime.fromisoformat(moment).date(),
            "ms_played": 1000,
        }
        for moment in moments
    ]
    return spark.createDataFrame([tuple(row.get(name) for name in PLAYS.column_names) for row in rows], PLAYS.ddl)


class Built:
    """A lake with plays, of which insights are built."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.lake = spark, Lake(str(folder))

    def append(self, *moments: str, user: str = "u1") -> None:
        rows = plays(self.spark, *moments, user=user)
        rows.coalesce(1).write.format("delta").mode("append").save(self.lake.path(PLAYS))

    def build(self, name: str = DAILY, zone: str = "UTC") -> dict[str, tuple[int, int]]:
        """What was computed of how many partitions, by insight."""
        settings = Settings.model_validate({"insights": {"time_zone": zone}})
        built = builder.build(self.spark, self.lake, settings, only=[name])
        return {one.name: (one.computed, one.partitions) for one in built}

    def delta(self, name: str = DAILY) -> DeltaTable:
        return DeltaTable(f"{self.lake.uri}/gold/{name}")

    def rows(self, name: str = DAILY) -> list[dict[str, Any]]:
        return sorted(self.delta(name).to_pyarrow_table().to_pylist(), key=repr)

    def expected(self, name: str = DAILY, zone: str = "UTC") -> list[dict[str, Any]]:
        """The answer of another engine to all plays at once."""
        held = {PLAYS.view: DeltaTable(self.lake.path(PLAYS)).to_pyarrow_table()}
        return sorted(answers(held, name, zone=zone)[name].to_pylist(), key=repr)


@pytest.fixture(scope="module")
def first(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Built:
    first = Built(spark, tmp_path_factory.mktemp("first") / "lake")
    first.append("2021-01-31 12:00", "2021-02-01 12:00", "2021-02-01 23:30", "2021-03-05 12:00")
    assert first.build() == {DAILY: (3, 3)}
    assert len(first.rows()) == 3
    return first


@pytest.fixture
def built(first: Built, tmp_path: Path) -> Built:
    """A copy of the lake, to change."""
    shutil.copytree(first.lake.uri, tmp_path / "lake")
    return Built(first.spark, tmp_path / "lake")


def test_what_did_not_change_is_left_alone(built: Built) -> None:
    assert built.build() == {DAILY: (0, 3)}
    assert built.delta().version() == 0
    assert built.rows() == built.expected()


def test_a_new_day_and_a_late_play_are_computed_and_no_other_day(built: Built) -> None:
    built.append("2021-01-31 13:00", user="u2")  # late
    built.append("2021-03-06 10:00")
    assert built.build() == {DAILY: (2, 4)}
    assert built.rows() == built.expected()
    replaced = built.delta().history(1)[0]["operationParameters"]["predicate"]
    assert ("2021-01-31" in replaced, "2021-03-06" in replaced) == (True, True)
    assert ("2021-02-01" in replaced, "2021-03-05" in replaced) == (False, False)


def test_days_stay_as_they_are_in_a_local_time_zone_too(built: Built) -> None:
    assert built.build(zone="Asia/Tokyo") == {DAILY: (4, 4)}  # another question: everything is computed
    built.append("2021-02-01 15:30")  # the 2nd in Tokyo
    assert built.build(zone="Asia/Tokyo") == {DAILY: (1, 4)}
    assert built.rows() == built.expected(zone="Asia/Tokyo")


def test_a_changed_play_and_a_day_that_is_gone_are_noticed(built: Built) -> None:
    plays = f"delta.`{built.lake.path(PLAYS)}`"
    built.spark.sql(f"DELETE FROM {plays} WHERE played_date = DATE '2021-03-05'")
    built.spark.sql(f"UPDATE {plays} SET ms_played = NULL WHERE played_at = TIMESTAMP '2021-01-31 12:00:00'")
    assert built.build() == {DAILY: (2, 3)}
    assert built.rows() == built.expected()
    assert len(built.rows()) == 2


def test_files_written_anew_are_no_change(built: Built) -> None:
    rows = built.spark.read.format("delta").load(built.lake.path(PLAYS)).collect()
    again = built.spark.createDataFrame(list(reversed(rows)), PLAYS.ddl).repartition(3)
    again.write.format("delta").mode("overwrite").save(built.lake.path(PLAYS))
    assert built.build() == {DAILY: (0, 3)}
    built.append("2021-03-05 13:00")
    assert built.build() == {DAILY: (1, 3)}
    assert built.rows() == built.expected()


def test_a_mart_that_somebody_else_wrote_into_is_built_as_a_whole(built: Built) -> None:
    mart = built.spark.read.format("delta").load(f"{built.lake.uri}/gold/{DAILY}")
    mart.limit(1).write.format("delta").mode("append").save(f"{built.lake.uri}/gold/{DAILY}")
    assert built.build() == {DAILY: (3, 3)}
    assert built.rows() == built.expected()


def test_a_running_stream_joins_the_files_of_a_mart_which_is_no_reason_to_build_it_again(built: Built) -> None:
    built.append("2021-03-06 10:00")
    built.build()
    assert len(built.delta().file_uris()) > 1
    settings = load_settings(lake=built.lake.uri, env={})
    (of_mart,) = [step for step in steps(built.spark, built.lake, settings) if step.table.name == DAILY]
    assert str(do_step(of_mart)) == f"gold_{DAILY}: compacted"
    assert len(built.delta().file_uris()) == 1
    assert built.rows() == built.expected()
    assert built.build() == {DAILY: (0, 4)}


def test_a_mart_whose_old_files_were_deleted_does_not_look_changed(built: Built) -> None:
    built.append("2021-01-31 13:00")
    built.build()
    (table,) = [insight.table for insight in load_insights() if insight.name == DAILY]
    before = built.delta().version()
    files = {*Path(built.lake.path(table)).glob("*.parquet")}
    with conf_set(built.spark, "spark.databricks.delta.retentionDurationCheck.enabled", "false"):
        built.lake.delta(built.spark, table).vacuum(0)
    assert {*Path(built.lake.path(table)).glob("*.parquet")} < files
    assert built.delta().version() == before


def test_a_run_that_dies_between_two_marts_is_made_up_for(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    assert built.build(READER) == {"weekly_plays": (3, 3), READER: (1, 1)}
    built.append("2021-01-31 14:00", user="u3")
    write: Callable[..., None] = build_record.write_with_record

    def dies_at_the_reader(rows: DataFrame, lake: Lake, table: Table, *more: Any) -> None:
        if table.name == READER:
            raise KeyboardInterrupt
        write(rows, lake, table, *more)

    with monkeypatch.context() as patched:
        patched.setattr(builder, "write_with_record", dies_at_the_reader)
        with pytest.raises(KeyboardInterrupt):
            built.build(READER)
    assert built.build(READER) == {"weekly_plays": (0, 3), READER: (1, 1)}
    for name in ("weekly_plays", READER):
        assert built.rows(name) == built.expected(name)
    assert built.build(READER) == {"weekly_plays": (0, 3), READER: (0, 1)}


def test_rows_and_the_note_of_what_they_were_made_from_are_one_commit(built: Built) -> None:
    built.append("2021-03-06 10:00")
    built.build()
    commits = built.delta().history()
    assert [("soundlake" in commit.get("userMetadata", ""), commit["operation"]) for commit in commits] == [
        (True, "WRITE"),
        (True, "WRITE"),
    ]


def test_an_incremental_insight_reads_one_table() -> None:
    by_day = HEADER + "-- incremental: day = played_date of silver_plays\n"
    assert parse_insight("x", by_day + "SELECT day FROM silver_plays").incremental is not None
    with pytest.raises(ValueError, match="reads its one source and nothing else"):
        parse_insight("x", by_day + "SELECT day FROM silver_plays JOIN silver_tracks USING (track_id)")
    with pytest.raises(ValueError, match="by week, which is none of its dates"):
        parse_insight("x", by_day.replace("day = p", "week = p") + "SELECT day FROM silver_plays")
