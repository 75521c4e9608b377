"""A batch of refine that dies after any of its writes and is done again leaves what an undisturbed one leaves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from reading import rows, silver
from records import Record, envelope, events, stamp

from soundlake.lake import Lake
from soundlake.refine.batch import refine_batch
from soundlake.refine.writes import BatchWriter
from soundlake.tables import (
    BATCHES,
    PLAYLIST_FETCHES,
    PLAYLIST_ITEMS,
    PLAYS,
    POPULARITY_HISTORY,
    REJECTED,
    STAMPS,
    TRACKS,
    Table,
)

pytestmark = pytest.mark.slow


class DiedError(Exception):
    """The process is gone."""


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
    {"name": "nothing says what this is"},
]


def refine(spark: SparkSession, lake: Path, number: int, records: list[Record]) -> None:
    batch = events(spark, None, {f"{number}-{place}": record for place, record in enumerate(records)})
    refine_batch(spark, Lake(str(lake)), batch, "a query", number)


def accounts(lake: Path) -> list[tuple[Any, ...]]:
    counted = ("batch_id", "read", "accepted", "duplicate", "stale", "rejected", "by_kind")
    return sorted(tuple(repr(row[name]) for name in counted) for row in rows(lake, BATCHES))


@pytest.fixture(scope="module")
def after_first(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("first") / "lake"
    refine(spark, lake, 0, FIRST)
    return lake


@pytest.fixture(scope="module")
def undisturbed(spark: SparkSession, after_first: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("undisturbed") / "lake"
    shutil.copytree(after_first, lake)
    refine(spark, lake, 1, SECOND)
    return lake


@pytest.mark.parametrize(
    ("table", "write"),
    [
        (TRACKS, "append"),
        (TRACKS, "upsert"),
        (PLAYS, "append"),
        (PLAYLIST_ITEMS, "replace"),
        (PLAYLIST_FETCHES, "append"),
        (POPULARITY_HISTORY, "append"),
        (REJECTED, "append"),
        (STAMPS, "append"),
        (BATCHES, "append"),
    ],
    ids=lambda value: value.view if isinstance(value, Table) else value,
)
def test_dying_after_a_write(
    spark: SparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    after_first: Path,
    undisturbed: Path,
    table: Table,
    write: str,
) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(after_first, lake)
    with monkeypatch.context() as patched:
        patched.setattr(BatchWriter, write, _dying_after(getattr(BatchWriter, write), table))
        with pytest.raises(DiedError):
            refine(spark, lake, 1, SECOND)
    refine(spark, lake, 1, SECOND)
    assert silver(lake) == silver(undisturbed)
    assert accounts(lake) == accounts(undisturbed)
    assert len(rows(lake, REJECTED)) == len(rows(undisturbed, REJECTED)) == 1


def _dying_after(write: Callable[..., None], table: Table) -> Callable[..., None]:
    def write_and_die(self: BatchWriter, written: Table, frame: DataFrame, *more: Any, **named: Any) -> None:
        write(self, written, frame, *more, **named)
        if written is table:
            raise DiedError

    return write_and_die


def test_a_batch_that_is_planned_as_a_large_one_writes_the_same(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Path
) -> None:
    for module in ("batch", "keyed", "work"):
        monkeypatch.setattr(f"soundlake.refine.{module}.FEW_RECORDS", 0)
    lake = tmp_path / "lake"
    for number, records in enumerate((FIRST, SECOND, SECOND)):
        refine(spark, lake, number, records)
    assert silver(lake) == silver(undisturbed)
    assert accounts(lake)[:2] == accounts(undisturbed)
    assert [row["duplicate"] for row in rows(lake, BATCHES) if row["batch_id"] == 2] == [5]
