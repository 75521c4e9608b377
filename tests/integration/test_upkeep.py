"""Maintenance as a whole: what it makes of a lake, and what it tells of that."""

from __future__ import annotations

from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from helpers.building import Record, envelope, stamp
from helpers.lake_model import LakeModel, here
from helpers.model_tables import put_all, put_stamps
from helpers.reading import rows
from soundlake.lake import Lake
from soundlake.lease import lease
from soundlake.ops.maintenance import MaintenanceRecord, maintain
from soundlake.refine.stamp_log import ONLY_DOMINATED
from soundlake.settings import Settings, load_settings
from soundlake.tables import (
    CHANGES,
    FORECAST_ERRORS,
    MAINTENANCE,
    PLAYLIST_FETCHES,
    PLAYLIST_ITEMS,
    POPULARITY_HISTORY,
    STAMPS,
    TRACKS,
    Table,
)
from soundlake.writes import append

pytestmark = pytest.mark.slow


def track(hour: int, name: str, popularity: int) -> Record:
    return envelope("track", {"id": "t", "name": name, "popularity": popularity}, stamp(hour))


def entry(hour: int, track: str) -> Record:
    return envelope(
        "playlist_item", {"playlist": {"id": "p", "total": 1}, "position": 0, "track": {"id": track}}, stamp(hour)
    )


def make_lake(spark: SparkSession, folder: Path) -> Settings:
    """A lake of some batches, whose changes all wait."""
    model = LakeModel(here)
    batches = [
        [track(1, "Old", 1), entry(1, "a")],
        [track(2, "New", 2), entry(2, "b")],
        [track(3, "New", 3)],
        [track(0, "Older", 0)],
    ]
    for batch in batches:
        model.refine({str(place): record for place, record in enumerate(batch)})
    put_all(spark, folder, model)
    put_stamps(spark, folder, model)
    return load_settings(lake=str(folder), env={})


@pytest.fixture(scope="module")
def kept(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[MaintenanceRecord]]:
    """A lake that was maintained, and what was told of it."""
    folder = tmp_path_factory.mktemp("kept")
    settings = make_lake(spark, folder)
    return folder, maintain(spark, Lake(str(folder)), settings)


def test_changes_that_wait_are_applied_first(kept: tuple[Path, list[MaintenanceRecord]]) -> None:
    assert rows(kept[0], CHANGES) == []
    assert [row["track_name"] for row in rows(kept[0], TRACKS)] == ["New"]
    assert {row["popularity"] for row in rows(kept[0], POPULARITY_HISTORY)} == {3}


def test_volatile_columns_are_brought_up_to_what_is_known(kept: tuple[Path, list[MaintenanceRecord]]) -> None:
    (found,) = rows(kept[0], TRACKS)
    assert (found["popularity"], found["fetched_at"].hour) == (3, 3)


def test_stamps_that_say_nothing_any_more_go(kept: tuple[Path, list[MaintenanceRecord]]) -> None:
    assert [row["rank"]["fetched_at"].hour for row in rows(kept[0], STAMPS) if row["id"] == "t"] == [3]


def test_that_commit_says_that_what_is_known_stays_the_same(kept: tuple[Path, list[MaintenanceRecord]]) -> None:
    history = DeltaTable(kept[0] / STAMPS.path).history()
    assert [one.get("userMetadata") for one in history if one["operation"] == "MERGE"] == [ONLY_DOMINATED]
    assert all(one.get("userMetadata") is None for one in DeltaTable(kept[0] / TRACKS.path).history())


def test_entries_of_overtaken_fetches_go(kept: tuple[Path, list[MaintenanceRecord]]) -> None:
    assert [row["track_id"] for row in rows(kept[0], PLAYLIST_ITEMS)] == ["b"]
    assert [row["track_id"] for row in rows(kept[0], PLAYLIST_FETCHES)] == ["b"]


def test_each_step_is_told_in_ops(kept: tuple[Path, list[MaintenanceRecord]]) -> None:
    told = {(row["table_name"], row["action"]) for row in rows(kept[0], MAINTENANCE)}
    assert told == {(done.table_name, done.action) for done in kept[1]}
    assert told >= {
        ("silver_changes", "applied"),
        ("silver_tracks", "caught up"),
        ("silver_stamps", "cleared"),
        ("silver_playlist_fetches", "cleared"),
        ("silver_stamps", "compacted"),
    }


def test_where_nothing_is_to_be_done_nothing_is_written(
    spark: SparkSession, kept: tuple[Path, list[MaintenanceRecord]]
) -> None:
    settings = load_settings(lake=str(kept[0]), env={})
    tables = (TRACKS, STAMPS, PLAYLIST_FETCHES, PLAYLIST_ITEMS)
    before = {table: DeltaTable(kept[0] / table.path).version() for table in tables}
    maintain(spark, Lake(str(kept[0])), settings)
    assert {table: DeltaTable(kept[0] / table.path).version() for table in tables} == before


def test_tables_of_a_job_that_is_at_work_are_left_to_the_next_time(spark: SparkSession, tmp_path: Path) -> None:
    settings = make_lake(spark, tmp_path / "lake")
    lake = Lake(settings.lake.uri)
    for number in range(2):
        append(lake, FORECAST_ERRORS, spark.range(1).selectExpr(*empty(FORECAST_ERRORS, model_version=f"'{number}'")))
    with lease(settings, "forecast", "forecast"):
        maintain(spark, lake, settings)
        assert lake.files(spark, FORECAST_ERRORS) == 2
    maintain(spark, lake, settings)
    assert lake.files(spark, FORECAST_ERRORS) == 1


def empty(table: Table, **known: str) -> list[str]:
    """A row of nulls, but for what is known, as expressions."""
    return [f"CAST({known.get(column.name, 'NULL')} AS {column.type}) AS {column.name}" for column in table.columns]
