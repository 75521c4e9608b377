"""Spark frames: to and from Arrow tables on the driver, on every version of Spark, and persisted while in use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from soundlake.core.packing import from_bytes, to_bytes


def collect(df: DataFrame) -> pa.Table:
    """All rows of a frame, as an Arrow table on the driver."""
    if hasattr(df, "toArrow"):  # since Spark 4.0
        return df.toArrow()
    in_batches: Any = df._collect_as_arrow  # Spark 3.5 has no other way
    return pa.Table.from_batches(in_batches(), schema=to_arrow_schema(df.schema))


def frame_of(spark: SparkSession, table: pa.Table, ddl: str) -> DataFrame:
    """An Arrow table as a frame of one partition; `ddl` is its Spark schema."""
    if hasattr(DataFrame, "toArrow"):
        # In one chunk: at an empty one PySpark stops, and silently drops the rest.
        return spark.createDataFrame(table.combine_chunks()).coalesce(1)
    one = spark.range(1, numPartitions=1)
    return one.mapInArrow(partial(_emit, to_bytes(table)), ddl)


def _emit(data: bytes, ones: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for _ in ones:
        yield from from_bytes(data).to_batches()


@contextmanager
def kept(df: DataFrame) -> Iterator[DataFrame]:
    """A frame that is computed once for all reads within the context.

    It keeps its lineage: what a lost worker held is recomputed.
    """
    persisted = df.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        yield persisted
    finally:
        persisted.unpersist()


@contextmanager
def conf_set(spark: SparkSession, name: str, value: str) -> Iterator[None]:
    """Set a setting of the session within the context, and restore it afterwards."""
    before = spark.conf.get(name, None)
    spark.conf.set(name, value)
    try:
        yield
    finally:
        if before is None:
            spark.conf.unset(name)
        else:
            spark.conf.set(name, before)
