"""The first streaming query: every source record into bronze, once and untouched."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming import DataStreamWriter

from soundlake.lake import Lake, conform
from soundlake.tables import EVENTS

QUERY = "ingest"


def stamped(records: DataFrame) -> DataFrame:
    """Add ingested_at and ingest_date to source records; exactly the columns of bronze/events."""
    now = F.current_timestamp()
    return conform(records.withColumns({"ingested_at": now, "ingest_date": F.to_date(now)}), EVENTS)


def ingest_query(spark: SparkSession, lake: Lake, records: DataFrame) -> DataStreamWriter:
    """The query, ready to be given a trigger and started.

    Delta's own sink is exactly-once: one action a batch, and a batch that was committed is not written again.
    """
    lake.create(spark, EVENTS)
    return (
        records.transform(stamped)
        .writeStream.queryName(QUERY)
        .format("delta")
        .outputMode("append")
        .option("checkpointLocation", lake.checkpoint(QUERY))
        .option("path", lake.path(EVENTS))
        .partitionBy(*EVENTS.partitioned_by)
    )
