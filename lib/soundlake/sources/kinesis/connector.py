"""The platform's `aws-kinesis` format, for Spark 3.5: what it is told, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from soundlake.settings.model import KinesisSettings

FORMAT = "aws-kinesis"


def options(kinesis: KinesisSettings) -> dict[str, str]:
    """The connector's options.

    Its own defaults begin at LATEST and go on in silence where records were lost: both are always set. The executors
    write down how far they have read when they finish, so that a batch must be read by one action.
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
    """The connector's columns by the names of bronze's.

    It does not name the shard: the sequence number is unique in the stream, so one partition holds them all.
    """
    return {
        "key": F.col("partitionKey"),
        "value": F.col("data"),
        "partition": shard if shard is not None else F.lit(""),
        "position": F.col("sequenceNumber"),
        "arrived_at": F.col("approximateArrivalTimestamp"),
    }
