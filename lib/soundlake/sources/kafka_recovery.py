"""Where Kafka continues after bronze, if the topics still are those that bronze was read from."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from soundlake.errors import SoundlakeError
from soundlake.settings.types import KEPT_BYTES
from soundlake.sources.kafka_offsets import TopicPartition
from soundlake.sources.protocol import Recovered

_PLACE = ("stream", "partition", "position")


def ends_of(held: DataFrame) -> dict[TopicPartition, int]:
    """Return the offset after the last one that bronze holds of each partition."""
    last = F.max(F.col("position").cast("bigint")).alias("last")
    rows = held.groupBy("stream", "partition").agg(last).collect()
    return {(row["stream"], int(row["partition"])): row["last"] + 1 for row in rows}


def recovered_offsets(
    ends: Mapping[TopicPartition, int], first: Mapping[TopicPartition, int], last: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """Return where reading resumes: after the records in bronze, or at the beginning of partitions without any.

    `first` and `last` are the bounds of the existing partitions. Raises SoundlakeError where bronze holds more.
    """
    beyond = sorted(place for place, end in ends.items() if place not in last or end > last[place])
    if beyond:
        places = ", ".join(f"{topic} partition {number}" for topic, number in beyond)
        raise SoundlakeError(
            f"--recover-checkpoint: {places}: bronze holds more than the broker. The topic was deleted, or recreated: "
            "bring the old one back, or read the new one into a new lake"
        )
    return {**first, **ends}


def check_same(held: DataFrame, broker: DataFrame) -> None:
    """Raise SoundlakeError where the broker has other records than bronze at the same offsets, or some in between.

    `broker` are its records up to the end of bronze, as records of a source. Of a record that is too large bronze has
    the beginning and the length.
    """
    length, beginning = F.length("value"), F.xxhash64(F.substring("value", 1, KEPT_BYTES))
    is_cut = F.coalesce(F.col("record_bytes") > length, F.lit(False))
    ours = held.select(
        *_PLACE, F.xxhash64("value").alias("ours"), is_cut.alias("is_cut"), F.col("record_bytes").alias("length")
    )
    theirs = broker.select(
        *_PLACE, F.xxhash64("value").alias("whole"), beginning.alias("beginning"), length.alias("bytes")
    )
    both = theirs.join(ours, on=list(_PLACE), how="left")
    is_missing = F.col("is_cut").isNull()
    is_other = F.when(
        F.col("is_cut"), (F.col("ours") != F.col("beginning")) | (F.col("length") != F.col("bytes"))
    ).otherwise(F.col("ours") != F.col("whole"))
    counted = both.agg(F.count_if(is_missing), F.count_if(~is_missing & is_other)).first()
    assert counted is not None  # an aggregate without groups has one row
    missing, other = counted
    if other:
        raise SoundlakeError(
            f"--recover-checkpoint: {other:,} records at the broker differ from those in bronze at the same offsets: a "
            "topic was recreated. Read the new one into a new lake"
        )
    if missing:
        raise SoundlakeError(
            f"--recover-checkpoint: bronze lacks {missing:,} records that the broker has before the end of bronze: "
            "going on would lose them. Put bronze back as it was, or read the topics into a new lake"
        )


def recovered(
    offsets: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], last: Mapping[TopicPartition, int]
) -> Recovered:
    """Return the offset as Spark writes it."""
    unread = sum(last[place] - offset for place, offset in offsets.items())
    found = f"{len(ends):,} partitions are in bronze, at most {unread:,} records are left to read"
    return Recovered(as_json(offsets), found)


def as_json(offsets: Mapping[TopicPartition, int]) -> str:
    """Return offsets as Spark writes them."""
    topics: dict[str, dict[str, int]] = {}
    for (topic, number), offset in sorted(offsets.items()):
        topics.setdefault(topic, {})[str(number)] = offset
    return json.dumps(topics, separators=(",", ":"))
