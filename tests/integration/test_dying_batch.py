"""A batch of refine that dies after any of its appends and is done again leaves what an undisturbed one leaves.

All of it on both roads: as batches that are judged on the driver, and by the workers.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from helpers.building import Record, envelope, stamp
from helpers.dying import DiedError, dying_after, failing_before
from helpers.reading import rows, silver
from helpers.refining import ON_DRIVER, ON_WORKERS, apply, refine
from soundlake.refine import batch
from soundlake.tables import (
    BATCHES,
    CHANGES,
    PLAYLIST_FETCHES,
    PLAYS,
    REJECTED,
    STAMPS,
    TRACKS,
    UNKNOWN_FIELDS,
    Table,
)
from soundlake.writes import BatchWriter

pytestmark = pytest.mark.slow


def play(second: int, name: str) -> dict[str, Any]:
    track = {"id": "t1", "name": name}
    return envelope("play", {"user_id": "u", "played_at": f"2026-03-01T10:00:{second:02}Z", "track": track})


def entry(position: int, track: str, hour: int) -> dict[str, Any]:
    playlist = {"id": "p", "total": 1}
    return envelope("playlist_item", {"playlist": playlist, "position": position, "track": {"id": track}}, stamp(hour))


FIRST: list[Record] = [
    envelope("track", {"id": "t1", "name": "Old", "popularity": 1}, stamp(1)),
    play(1, "Old"),
    entry(0, "t1", 1),
]
SECOND: list[Record] = [
    envelope("track", {"id": "t1", "name": "New", "popularity": 2}, stamp(2)),
    envelope("track", {"id": "t2", "name": "Other", "popularity": 3}, stamp(2)),
    envelope("track", {"id": "t2", "name": "Other", "popularity": 3}, stamp(2)),
    play(2, "New"),
    entry(0, "t2", 2),
    envelope("track", {"id": "t1", "mood": "blue"}, stamp(1)),
    {"name": "nothing says what this is"},
]


def named(number: int, records: list[Record]) -> dict[str, Record]:
    return {f"{number}-{place}": record for place, record in enumerate(records)}


def accounts(lake: Path) -> list[tuple[Any, ...]]:
    counted = ("batch_id", "read", "accepted", "duplicate", "stale", "rejected", "by_kind")
    return sorted(tuple(repr(row[name]) for name in counted) for row in rows(lake, BATCHES))


@pytest.fixture(scope="module")
def after_first(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("first") / "lake"
    refine(spark, lake, 0, named(0, FIRST))
    apply(spark, lake)
    return lake


@pytest.fixture(scope="module")
def undisturbed(spark: SparkSession, after_first: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("undisturbed") / "lake"
    shutil.copytree(after_first, lake)
    refine(spark, lake, 1, named(1, SECOND))
    apply(spark, lake)
    return lake


def refine_and_die(
    spark: SparkSession, lake: Path, append: Callable[..., None], driver_records: int = ON_DRIVER
) -> None:
    """Refine the second batch with another way to append, which dies."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BatchWriter, "append", append)
        with pytest.raises(DiedError):
            refine(spark, lake, 1, named(1, SECOND), driver_records=driver_records)


APPENDED = (TRACKS, PLAYS, PLAYLIST_FETCHES, REJECTED, STAMPS, CHANGES, UNKNOWN_FIELDS, BATCHES)


def test_a_batch_that_is_too_large_for_the_driver_is_judged_by_the_workers(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after_first: Path, undisturbed: Path
) -> None:
    lake, asked = tmp_path / "lake", []
    shutil.copytree(after_first, lake)

    def too_large(_: DataFrame) -> None:
        asked.append(lake)
        # As Spark says it, with no class of its own.
        raise RuntimeError("Total size of serialized results of 2 tasks is bigger than spark.driver.maxResultSize")

    monkeypatch.setattr(batch, "collect", too_large)
    refine(spark, lake, 1, named(1, SECOND))
    apply(spark, lake)
    assert asked
    assert silver(lake) == silver(undisturbed)


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(table, id=table.view, marks=() if table in (PLAYLIST_FETCHES, CHANGES) else pytest.mark.nightly)
        for table in APPENDED
    ],
)
def test_changes_may_be_applied_between_a_write_that_failed_and_its_retry(
    spark: SparkSession, tmp_path: Path, after_first: Path, undisturbed: Path, table: Table
) -> None:
    """As by `maintain`, while the stream is down."""
    lake = tmp_path / "lake"
    shutil.copytree(after_first, lake)
    refine_and_die(spark, lake, failing_before(BatchWriter.append, table))
    apply(spark, lake)
    refine(spark, lake, 1, named(1, SECOND))
    apply(spark, lake)
    assert silver(lake) == silver(undisturbed)


@pytest.mark.parametrize("table", APPENDED, ids=lambda table: table.view)
@pytest.mark.parametrize(
    "driver_records",
    [pytest.param(ON_DRIVER, id="on the driver"), pytest.param(ON_WORKERS, id="on workers", marks=pytest.mark.nightly)],
)
def test_dying_after_a_write(
    spark: SparkSession, tmp_path: Path, after_first: Path, undisturbed: Path, table: Table, driver_records: int
) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(after_first, lake)
    refine_and_die(spark, lake, dying_after(BatchWriter.append, table), driver_records)
    refine(spark, lake, 1, named(1, SECOND), driver_records=driver_records)
    apply(spark, lake)
    assert silver(lake) == silver(undisturbed)
    assert accounts(lake) == accounts(undisturbed)
    for appended in APPENDED:
        assert len(rows(lake, appended)) == len(rows(undisturbed, appended)), appended.path
