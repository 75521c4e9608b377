"""The streaming query from the source to bronze: every record once, untouched."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming import DataStreamWriter

from soundlake.lake import Lake
from soundlake.session import query_id
from soundlake.settings.types import KEPT_BYTES, in_bytes
from soundlake.tables import EVENTS
from soundlake.writes import BatchWriter

QUERY = "ingest"


def with_ingest_time(records: DataFrame, most_bytes: int) -> DataFrame:
    """Add ingested_at, ingest_date and record_bytes to source records.

    Of a record above `most_bytes` the value keeps the first KEPT_BYTES; refine rejects it by its length.
    """
    now, value = F.current_timestamp(), F.col("value")
    length = F.length(value).cast("bigint")
    if "record_bytes" in records.columns:
        length = F.coalesce("record_bytes", length)
    kept = F.when(F.length(value) > most_bytes, F.substring(value, 1, KEPT_BYTES)).otherwise(value)
    added = {"ingested_at": now, "ingest_date": F.to_date(now), "record_bytes": length, "value": kept}
    return records.withColumns(added)


def ingest_query(
    spark: SparkSession,
    lake: Lake,
    records: DataFrame,
    max_record_bytes: str,
    check: Callable[[], None] = lambda: None,
) -> DataStreamWriter:
    """The query, without a trigger yet; `max_record_bytes` is source.max_record_bytes.

    It writes exactly once: each batch is one commit, and a retry of a committed batch writes nothing. `check` is called
    as each batch begins, and may raise to keep it out.
    """
    lake.create(spark, EVENTS)

    def write(batch: DataFrame, batch_id: int) -> None:
        check()
        BatchWriter(lake, query_id(batch.sparkSession), batch_id).append(EVENTS, batch)

    return (
        records.transform(partial(with_ingest_time, most_bytes=in_bytes(max_record_bytes)))
        .writeStream.queryName(QUERY)
        .option("checkpointLocation", lake.checkpoint(QUERY))
        .foreachBatch(write)
    )
