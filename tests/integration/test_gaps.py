"""What a broker deleted before it was read is written down where all accounts are."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from helpers.reading import rows
from soundlake.lake import Lake
from soundlake.ops.gaps import record_gaps
from soundlake.sources import Gap
from soundlake.tables import BATCHES


def test_a_gap_is_recorded_once_however_often_the_start_is_tried(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.create(spark, BATCHES)
    gaps = [Gap("plays", "0", "9", "15", 5), Gap("plays", "1", None, None, None)]
    for _ in range(2):
        record_gaps(spark, lake, "ingest", "a-query", 3, gaps)
    (row,) = rows(tmp_path, BATCHES)
    assert (row["query"], row["query_id"], row["batch_id"], row["read"]) == ("ingest", "a-query", 3, 0)
    assert [tuple(gap.values()) for gap in row["gaps"]] == [
        ("plays", "0", "9", "15", 5),
        ("plays", "1", None, None, None),
    ]
