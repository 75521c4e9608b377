"""Arrow tables of the driver as frames of Spark, and back."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import SparkSession

from soundlake.frames import collect, frame_of


def test_a_table_of_several_chunks_comes_over_whole(spark: SparkSession) -> None:
    parts = [pa.table({"id": pa.array(ids, pa.string())}) for ids in (["a"], [], ["b", "c"], [None])]
    frame = frame_of(spark, pa.concat_tables(parts), "id string")
    assert collect(frame)["id"].to_pylist() == ["a", "b", "c", None]


def test_it_is_one_partition_so_that_one_file_is_written(spark: SparkSession) -> None:
    assert frame_of(spark, pa.table({"id": ["a", "b", "c"]}), "id string").rdd.getNumPartitions() == 1


def test_an_empty_table_is_an_empty_frame(spark: SparkSession) -> None:
    assert collect(frame_of(spark, pa.table({"id": pa.array([], pa.string())}), "id string")).num_rows == 0
