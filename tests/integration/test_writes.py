"""A batch is appended once, whatever happens around the append."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake import writes
from soundlake.lake import Lake, last_batches
from soundlake.session import run_in_parallel
from soundlake.tables import UNKNOWN_FIELDS, Table
from soundlake.writes import BatchWriter

TABLE = UNKNOWN_FIELDS


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    """A lake with an empty table."""
    lake = Lake(str(tmp_path / "lake"))
    lake.create(spark, TABLE)
    return lake


def rows(spark: SparkSession, field: str) -> DataFrame:
    return spark.range(1).select(
        *[F.lit(field if c.name == "field" else None).cast(c.type).alias(c.name) for c in TABLE.columns]
    )


def fields(lake: Lake, table: Table = TABLE) -> list[str]:
    return sorted(DeltaTable(lake.path(table)).to_pyarrow_table()["field"].to_pylist())


def test_a_batch_that_is_tried_again_adds_nothing(spark: SparkSession, lake: Lake) -> None:
    for query, batch in (("q", 0), ("q", 1), ("q", 1), ("q", 0), ("another", 0)):
        BatchWriter(lake, query, batch).append(TABLE, rows(spark, f"{query} {batch}"))
    assert fields(lake) == ["another 0", "q 0", "q 1"]


def test_nor_does_one_whose_first_attempt_created_the_table(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "new"))
    for _ in range(2):
        BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "once"))
    assert fields(lake) == ["once"]


@pytest.mark.parametrize("interval", [1, 100], ids=["with a checkpoint", "without a checkpoint"])
def test_nor_does_one_whose_checksum_file_was_never_written(spark: SparkSession, tmp_path: Path, interval: int) -> None:
    # As after a kill: Delta writes the file after the commit. Refine appends in threads of its own.
    lake = Lake(str(tmp_path / "killed"))
    lake.create(spark, TABLE, {"delta.checkpointInterval": f"{interval}"})
    for batch in range(3):
        BatchWriter(lake, "q", batch).append(TABLE, rows(spark, f"{batch}"))
    log = Path(lake.path(TABLE)) / "_delta_log"
    for checksum in log.glob("*.crc"):
        checksum.unlink()
    assert spark._jvm is not None
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    for batch in (2, 3):
        writer = BatchWriter(lake, "q", batch)
        run_in_parallel(spark, [partial(writer.append, TABLE, rows(spark, f"{batch}"))])
    assert fields(lake) == ["0", "1", "2", "3"]


def meanwhile(monkeypatch: pytest.MonkeyPatch, write: Callable[[], None]) -> None:
    """Have another write done between the beginning of the next append and its commit."""

    def look_up(snapshot: object) -> dict[str, int]:
        monkeypatch.setattr(writes, "last_batches", last_batches)
        write()
        return last_batches(snapshot)

    monkeypatch.setattr(writes, "last_batches", look_up)


def test_a_concurrent_commit_of_the_same_batch_is_a_conflict(
    spark: SparkSession, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "the other's")))
    with pytest.raises(Exception, match="DELTA_CONCURRENT_TRANSACTION"):
        BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "ours"))
    assert fields(lake) == ["the other's"]


def test_a_concurrent_commit_of_another_query_is_none(
    spark: SparkSession, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: BatchWriter(lake, "another", 0).append(TABLE, rows(spark, "the other's")))
    BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "ours"))
    assert fields(lake) == ["ours", "the other's"]


def test_an_append_takes_one_spark_job(spark: SparkSession, lake: Lake) -> None:
    jobs = spark.sparkContext.statusTracker()
    for batch in range(2):
        spark.sparkContext.setJobGroup(f"append {batch}", "")
        BatchWriter(lake, "q", batch).append(TABLE, rows(spark, f"{batch}"))
    spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]
    assert len(jobs.getJobIdsForGroup("append 1")) == 1


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param(lambda snapshot: snapshot.aMethodThatNoBuildHas(), id="a method"),
        pytest.param(lambda _: cast(Any, SparkSession.active()._jvm).no.build.HasThisClass(), id="a class"),
    ],
)
def test_a_build_of_delta_that_lacks_something_appends_once_too(
    spark: SparkSession,
    lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    missing: Callable[[object], dict[str, int]],
) -> None:
    monkeypatch.setattr(writes, "last_batches", missing)
    for _ in range(2):
        BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "once"))
    assert fields(lake) == ["once"]
    assert "this build of Delta lacks" in caplog.text


def test_a_column_that_the_rows_lack_is_null(spark: SparkSession, lake: Lake) -> None:
    spark.sql(f"ALTER TABLE delta.`{lake.path(TABLE)}` ADD COLUMNS (later string)")
    BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "fewer"))
    assert DeltaTable(lake.path(TABLE)).to_pyarrow_table().select(["field", "later"]).to_pylist() == [
        {"field": "fewer", "later": None}
    ]


def test_a_column_that_the_table_lacks_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    narrow = Lake(str(tmp_path / "narrow"))
    spark.createDataFrame([("a",)], "kind string").write.format("delta").save(narrow.path(TABLE))
    with pytest.raises(Exception, match="schema"):
        BatchWriter(narrow, "q", 0).append(TABLE, rows(spark, "more"))
