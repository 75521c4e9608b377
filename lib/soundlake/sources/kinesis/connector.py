"""The platform's `aws-kinesis` format, for Spark 3.5: its options and columns."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from soundlake.settings.model import KinesisSettings

FORMAT = "aws-kinesis"


def options(kinesis: KinesisSettings) -> dict[str, str]:
    """The connector's options.

    By default it begins at LATEST and silently skips lost records: both are always set. Executors record how far they
    have read when they finish, so a batch must be read by one action.
    """
    assert kinesis.stream is not None
    assert kinesis.region is not None
    start = kinesis.starting_position
    return {
        "kinesis.streamName": kinesis.stream,
        "kinesis.region": kinesis.region,
        "kinesis.endpointUrl": kinesis.endpoint_url or f"https://kinesis.{kinesis.region}.amazonaws.com",
        "kinesis.consumerType": "GetRecords",
        "kinesis.startingPosition": start if start in ("TRIM_HORIZON", "LATEST") else f"AT_TIMESTAMP {start}",
        "kinesis.failOnDataLoss": str(not kinesis.skip_expired).lower(),
        "kinesis.maxFetchRecordsPerShard": str(kinesis.max_records_per_trigger),
    }


def columns(shard: Column | None = None) -> Mapping[str, Column]:
    """The connector's columns under the names of bronze.

    It does not name the shard: sequence numbers are unique in the stream, so all records are in one partition.
    """
    return {
        "key": F.col("partitionKey"),
        "value": F.col("data"),
        "partition": shard if shard is not None else F.lit(""),
        "position": F.col("sequenceNumber"),
        "arrived_at": F.col("approximateArrivalTimestamp"),
    }
