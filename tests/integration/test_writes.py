"""A batch is appended once: however often it is tried, by whichever driver, with whichever build of Delta."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake import writes
from soundlake.lake import Lake
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


def test_so_it_is_where_the_first_attempt_made_the_table(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "new"))
    for _ in range(2):
        BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "once"))
    assert fields(lake) == ["once"]


def test_so_it_is_where_delta_noted_nothing_beside_the_commits(spark: SparkSession, lake: Lake) -> None:
    BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "once"))
    log = Path(lake.path(TABLE)) / "_delta_log"
    for noted in log.glob("*.crc"):
        noted.unlink()
    assert spark._jvm is not None
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "once"))
    assert fields(lake) == ["once"]


def meanwhile(monkeypatch: pytest.MonkeyPatch, write: Callable[[], None]) -> None:
    """Have another write done between the beginning of the next append and its commit."""
    looked_up = writes.last_batches

    def look_up(snapshot: object) -> dict[str, int]:
        monkeypatch.setattr(writes, "last_batches", looked_up)
        write()
        return looked_up(snapshot)

    monkeypatch.setattr(writes, "last_batches", look_up)


def test_the_same_batch_by_another_driver_meanwhile_is_a_conflict(
    spark: SparkSession, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "the other's")))
    with pytest.raises(Exception, match="DELTA_CONCURRENT_TRANSACTION"):
        BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "ours"))
    assert fields(lake) == ["the other's"]


def test_another_querys_batch_meanwhile_is_none(
    spark: SparkSession, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: BatchWriter(lake, "another", 0).append(TABLE, rows(spark, "the other's")))
    BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "ours"))
    assert fields(lake) == ["ours", "the other's"]


def test_the_state_of_the_table_is_not_computed_for_it(spark: SparkSession, lake: Lake) -> None:
    jobs = spark.sparkContext.statusTracker()
    for batch in range(2):
        spark.sparkContext.setJobGroup(f"append {batch}", "")
        BatchWriter(lake, "q", batch).append(TABLE, rows(spark, f"{batch}"))
    spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]
    assert len(jobs.getJobIdsForGroup("append 1")) == 1


def test_a_build_of_delta_with_other_methods_is_written_to_by_its_public_writer(
    spark: SparkSession, lake: Lake, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def without_it(snapshot: object) -> dict[str, int]:
        found: dict[str, int] = snapshot.aMethodThatNoBuildHas()  # type: ignore[attr-defined]
        return found

    monkeypatch.setattr(writes, "last_batches", without_it)
    for _ in range(2):
        BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "once"))
    assert fields(lake) == ["once"]
    assert "public writer" in caplog.text


def test_rows_with_other_columns_are_refused(spark: SparkSession, lake: Lake) -> None:
    spark.sql(f"ALTER TABLE delta.`{lake.path(TABLE)}` ADD COLUMNS (later string)")
    BatchWriter(lake, "q", 0).append(TABLE, rows(spark, "fewer"))  # Delta fills a column that is not given
    assert fields(lake) == ["fewer"]
    narrow = Lake(f"{lake.uri}-narrow")
    spark.createDataFrame([("a",)], "kind string").write.format("delta").save(narrow.path(TABLE))
    with pytest.raises(Exception, match="schema"):
        BatchWriter(narrow, "q", 0).append(TABLE, rows(spark, "more"))
