"""Reporting the ages of a lake's newest rows while the stream runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from soundlake.lake import Lake
from soundlake.ops.row_ages import RowAges, reporting_ages
from soundlake.refine.batch_metrics import QUERY
from soundlake.settings import Settings
from soundlake.tables import BATCHES


@contextmanager
def reporting(spark: SparkSession, lake: Lake, settings: Settings) -> Iterator[None]:
    """Report the ages to log.metrics_group, if there is one, for as long as the context lasts."""
    if settings.log.metrics_group is None:
        yield
        return

    def progress() -> list[Any]:
        return [batch for query in spark.streams.active for batch in query.recentProgress]

    with reporting_ages(settings.log.metrics_group, RowAges(last_refined(spark, lake)), progress):
        yield


def last_refined(spark: SparkSession, lake: Lake) -> datetime:
    """When the last batch of refine that read rows began; now where there is none."""
    batches = lake.read(spark, BATCHES).where((F.col("query") == QUERY) & (F.col("read") > 0))
    row = batches.agg(F.unix_micros(F.max("started_at"))).first()
    assert row is not None  # an aggregate has one row
    return datetime.now(UTC) if row[0] is None else datetime.fromtimestamp(row[0] / 1_000_000, UTC)
