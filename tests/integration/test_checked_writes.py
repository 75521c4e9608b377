"""Who writes a lake asks for its lease right before each write: once it is lost, nothing is written any more."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from soundlake.lake import Lake, make_current
from soundlake.lease import LeaseLostError
from soundlake.ops.evolution import evolve
from soundlake.ops.maintenance import compact
from soundlake.tables import Column, Table
from soundlake.writes import BatchWriter, append

TABLE = Table(
    "gold",
    "things",
    "Plain.",
    ("model_version",),
    (Column("model_version", "string", "version"), Column("is_current", "boolean", "current")),
)
ANEW = dataclasses.replace(TABLE, name="others")
COMMENTED = dataclasses.replace(TABLE, comment="Another.")


def rows(spark: SparkSession, version: str) -> DataFrame:
    return spark.createDataFrame([(version, True)], TABLE.ddl)


WRITES: dict[str, Callable[[SparkSession, Lake], object]] = {
    "append": lambda spark, lake: append(lake, TABLE, rows(spark, "c")),
    "append of a batch": lambda spark, lake: BatchWriter(lake, "q", 1).append(TABLE, rows(spark, "c")),
    "first append of a batch": lambda spark, lake: BatchWriter(lake, "q", 1).append(ANEW, rows(spark, "c")),
    "create": lambda spark, lake: lake.create(spark, ANEW),
    "change": lambda spark, lake: lake.delta(spark, TABLE).delete("model_version = 'a'"),
    "property": lambda spark, lake: lake.set_property(spark, TABLE, "a.b", "c"),
    "new model": lambda spark, lake: make_current(spark, lake, TABLE, {"model_version": "c", "is_current": True}),
    "evolve": lambda spark, lake: evolve(spark, lake, COMMENTED),
    "compact": lambda spark, lake: compact(spark, lake, TABLE, 168),
}


class Guard:
    """A lease that is lost when a test says so, and how often it was asked for."""

    def __init__(self) -> None:
        self.is_lost, self.asked = False, 0

    def check(self) -> None:
        self.asked += 1
        if self.is_lost:
            raise LeaseLostError("lost")


@pytest.fixture
def guard() -> Guard:
    return Guard()


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path, guard: Guard) -> Lake:
    made = Lake(str(tmp_path), guard.check)
    made.create(spark, TABLE)
    for version in ("a", "b"):
        append(made, TABLE, rows(spark, version))
    return made


def commits(lake: Lake) -> int:
    return sum(1 for _ in Path(lake.uri).glob("gold/*/_delta_log/*.json"))


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_nothing_is_written_once_the_lease_is_lost(
    spark: SparkSession, lake: Lake, guard: Guard, write: Callable[[SparkSession, Lake], object]
) -> None:
    before, guard.is_lost = commits(lake), True
    with pytest.raises(LeaseLostError):
        write(spark, lake)
    assert commits(lake) == before
    guard.is_lost = False
    write(spark, lake)
    assert commits(lake) > before  # it is a write


def test_readers_ask_for_no_lease(spark: SparkSession, lake: Lake, guard: Guard) -> None:
    guard.is_lost = True
    assert lake.read(spark, TABLE).count() == 2
    assert lake.property(spark, TABLE, "none") is None
    assert DeltaTable(lake.path(TABLE)).version() == 2
