"""The stamp index, of a table that Spark writes, maintains and tidies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from delta.tables import DeltaTable
from pyspark.sql import SparkSession

from helpers.stamped import Stamp, StampTable, asked
from soundlake.lake import Lake
from soundlake.refine.index import StampIndex
from soundlake.refine.stamp_log import ONLY_DOMINATED, StampLog
from soundlake.tables import STAMPS
from soundlake.writes import BatchWriter

IDS = ["a", "b", "c"]


def test_an_index_follows_what_spark_does(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(str(tmp_path))
    table = StampTable(tmp_path / STAMPS.path)

    def append(number: int, stamps: list[Stamp]) -> None:
        rows = [tuple(stamp.row(f"q/{number}").get(name) for name in STAMPS.column_names) for stamp in stamps]
        BatchWriter(lake, "q", number).append(STAMPS, spark.createDataFrame(rows, STAMPS.ddl))
        table.stamps += [(f"q/{number}", stamp) for stamp in stamps]

    lake.create(spark, STAMPS)
    index = StampIndex(table.open, tmp_path / "index")
    index.catch_up("q/0")
    append(0, [Stamp("a"), Stamp("b", hour=24 * 365 * 400, values_hash=None)])
    append(1, [Stamp("a", hour=1), Stamp("c")])
    index.catch_up("q/1")  # the batch that has written last is done again
    assert asked(index, IDS, "q/1") == table.known(IDS, "q/1")

    reads: list[str] = []
    read = StampLog.read

    def counted(log: StampLog, file: str) -> Iterator[pa.Table]:
        reads.append(file)
        return read(log, file)

    monkeypatch.setattr(StampLog, "read", counted)
    spark.conf.set("spark.databricks.delta.commitInfo.userMetadata", ONLY_DOMINATED)
    DeltaTable.forPath(spark, lake.path(STAMPS)).delete("id = 'c'")
    spark.conf.unset("spark.databricks.delta.commitInfo.userMetadata")
    DeltaTable.forPath(spark, lake.path(STAMPS)).optimize().executeCompaction()
    index.catch_up("q/2")
    assert reads == []
    assert asked(index, IDS, "q/2") == table.known(IDS, "q/2")

    DeltaTable.forPath(spark, lake.path(STAMPS)).delete("id = 'a'")
    index.catch_up("q/2")
    assert asked(index, IDS, "q/2") == [Stamp("b", hour=24 * 365 * 400, values_hash=None).known]
