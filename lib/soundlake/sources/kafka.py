"""Records from Kafka: the topics of all kinds, by Spark's own connector."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.errors import SoundlakeError, UsageError
from soundlake.settings import Settings
from soundlake.settings.model import KafkaSettings
from soundlake.settings.references import followed
from soundlake.sources.kafka_broker import Broker
from soundlake.sources.kafka_offsets import TopicPartition, expired, read_offsets
from soundlake.sources.kafka_recovery import as_json, check_same, ends_of, recovered, recovered_offsets
from soundlake.sources.kinds import kind_of
from soundlake.sources.protocol import RECORD_COLUMNS, Gap, Once, Recovered

DEFAULT_CLIENT_OPTIONS = {
    # Records of aborted transactions were never published.
    "isolation.level": "read_committed",
    # A broker that has nothing more answers after so many milliseconds, by itself after 500. Tasks read what is there,
    # and nothing else; but a client that has asked for more waits for that answer before it asks for the next range.
    "fetch.max.wait.ms": "10",
}

_EXPIRED = re.compile(r"KAFKA_DATA_LOSS|failOnDataLoss|OffsetOutOfRange|may have been lost|may have been missed")
_UNKNOWN_TOPIC = re.compile(r"UnknownTopicOrPartition|UNKNOWN_TOPIC_OR_PARTITION")
_REFUSED = re.compile(r"(Sasl|Ssl)?AuthenticationException|AuthorizationException")
_UNREACHABLE = re.compile(
    r"org\.apache\.kafka\S*TimeoutException|No resolvable bootstrap urls|Failed to construct kafka"
    r"|Timed out waiting for a node"
)

HOW_TO_SKIP = (
    "the records after it are safe. To go on without the lost ones set source.kafka.skip_expired=true for the next "
    "start; the gap is then recorded. To lose none the next time, raise the topic's retention.ms or read more often"
)


@dataclass
class KafkaSource:
    """The topics of source.topics, or those that source.kafka.topic_pattern matches."""

    settings: Settings
    _skips: bool = field(default=False, init=False)

    @property
    def once(self) -> Once:
        """Spark's connector knows the end of every partition."""
        return Once.AVAILABLE_NOW

    def check_start(self, spark: SparkSession, resume: str | None) -> tuple[Gap, ...]:
        """See Source: the topics exist, and no unread record has expired."""
        kafka = self.settings.source.kafka
        with Broker.connect(spark, client_options(kafka)) as broker:
            present = broker.topics()
            _check_topics(self.settings, present)
            if resume is None:
                return ()
            begun = read_offsets(resume)
            gone = sorted({topic for topic, _ in begun} - present)
            if gone:
                raise SoundlakeError(_swapped(f"the topics {', '.join(gone)} are no longer there"))
            first, last = broker.bounds(begun)
        shrunk = [place for place, offset in begun.items() if place not in last or offset > last[place]]
        if shrunk:
            places = ", ".join(f"{topic} partition {number}" for topic, number in shrunk)
            raise SoundlakeError(_swapped(f"{places}: the broker holds less than was read already"))
        gaps = expired(begun, first)
        if gaps and not kafka.skip_expired:
            lines = "\n".join(f"  {gap}" for gap in gaps)
            raise SoundlakeError(f"Kafka has deleted records that were not read yet:\n{lines}\n{HOW_TO_SKIP}")
        self._skips = bool(gaps)
        return gaps

    def read_stream(self, spark: SparkSession) -> DataFrame:
        """See Source. Headers are left out; a message without a value is a record whose value is null."""
        reader = spark.readStream.format("kafka").options(**spark_options(self.settings, skips=self._skips))
        return framed(reader.load(), self.settings.source.topics.model_dump())

    def is_drained(self, reached: str) -> bool:
        """See Source."""
        raise NotImplementedError("Spark's trigger availableNow knows")

    def recover_checkpoint(self, spark: SparkSession, held: DataFrame, scratch: str) -> Recovered:
        """See Source: every record that both the broker and bronze hold is compared."""
        ends = ends_of(held)
        with Broker.connect(spark, client_options(self.settings.source.kafka)) as broker:
            present = broker.topics()
            _check_topics(self.settings, present)
            pattern = self.settings.source.kafka.topic_pattern
            read = {topic for topic in present if re.fullmatch(pattern, topic)} if pattern else _wanted(self.settings)
            first, last = broker.bounds(broker.partitions(sorted({*read, *(topic for topic, _ in ends)} & present)))
        offsets = recovered_offsets(ends, first, last)
        begun = {place: first[place] for place, end in ends.items() if first[place] < end}
        if begun:
            check_same(held, self._between(spark, begun, {place: ends[place] for place in begun}))
        return recovered(offsets, ends, last)

    def _between(
        self, spark: SparkSession, begin: Mapping[TopicPartition, int], end: Mapping[TopicPartition, int]
    ) -> DataFrame:
        """The records of some partitions between two offsets."""
        options = {name: value for name, value in spark_options(self.settings).items() if name.startswith("kafka.")}
        options["assign"] = json.dumps({topic: [n for t, n in begin if t == topic] for topic, _ in begin})
        options |= {"startingOffsets": as_json(begin), "endingOffsets": as_json(end)}
        reader = spark.read.format("kafka").options(**options)
        return framed(reader.load(), self.settings.source.topics.model_dump())

    def explain(self, error: str) -> str | None:
        """See Source."""
        servers = self.settings.source.kafka.bootstrap_servers
        if _EXPIRED.search(error):
            return f"Kafka has deleted records that were not read yet, or a topic was recreated; {HOW_TO_SKIP}"
        if _UNKNOWN_TOPIC.search(error):
            return _swapped(f"a topic is no longer at {servers}")
        if _REFUSED.search(error):
            return f"Kafka at {servers} refused the login or the access: see source.kafka.options and the topics' ACLs"
        if _UNREACHABLE.search(error):
            return f"Kafka at {servers} did not answer: see source.kafka.bootstrap_servers and the broker's log"
        return None


def client_options(kafka: KafkaSettings) -> dict[str, str]:
    """The options of the Kafka client, secrets included; raises UsageError without a broker."""
    if kafka.bootstrap_servers is None:
        raise UsageError("source.kafka.bootstrap_servers: needed when source.type is kafka")
    given = followed("source.kafka.options", kafka.options)
    return {**DEFAULT_CLIENT_OPTIONS, **given, "bootstrap.servers": kafka.bootstrap_servers}


def spark_options(settings: Settings, *, skips: bool = False) -> dict[str, str]:
    """The options of Spark's connector; with `skips` it skips expired records."""
    kafka = settings.source.kafka
    options = {f"kafka.{name}": value for name, value in client_options(kafka).items()}
    if kafka.topic_pattern is not None:
        options["subscribePattern"] = kafka.topic_pattern
    else:
        options["subscribe"] = ",".join(_wanted(settings))
    options |= starting(kafka.starting_offsets)
    options["maxOffsetsPerTrigger"] = str(kafka.max_offsets_per_trigger)
    options["failOnDataLoss"] = "false" if skips else "true"
    if kafka.min_partitions is not None:
        options["minPartitions"] = str(kafka.min_partitions)
    return options


def starting(offsets: str) -> dict[str, str]:
    """The options for where a new query starts; a partition with nothing since a given time starts at its end."""
    if offsets in ("earliest", "latest") or offsets.startswith("{"):
        return {"startingOffsets": offsets}
    milliseconds = int(datetime.fromisoformat(offsets).timestamp() * 1000)
    return {"startingTimestamp": str(milliseconds), "startingOffsetsByTimestampStrategy": "latest"}


def framed(messages: DataFrame, topics: Mapping[str, str]) -> DataFrame:
    """Turn the rows of Spark's connector into records; `topics` is the topic of each kind."""
    known = {
        "kind": kind_of(F.col("topic"), topics),
        "key": text_or_null(F.col("key")),
        "source": F.lit("kafka"),
        "stream": F.col("topic"),
        "position": F.col("offset"),
        "arrived_at": F.col("timestamp"),
    }
    return messages.select(
        *[known.get(one.name, F.col(one.name)).cast(one.type).alias(one.name) for one in RECORD_COLUMNS]
    )


def text_or_null(value: Column) -> Column:
    """Bytes as text, null where they are not UTF-8."""
    if hasattr(F, "try_validate_utf8"):  # since Spark 4.0, where decoding malformed bytes is an error
        return F.try_validate_utf8(value.cast("string"))
    text = F.decode(value, "UTF-8")
    return F.when(F.encode(text, "UTF-8") == value, text)


def _wanted(settings: Settings) -> list[str]:
    return sorted(set(settings.source.topics.model_dump().values()))


def _check_topics(settings: Settings, present: set[str]) -> None:
    servers, pattern = settings.source.kafka.bootstrap_servers, settings.source.kafka.topic_pattern
    if pattern is not None:
        if not any(re.fullmatch(pattern, topic) for topic in present):
            raise SoundlakeError(f"source.kafka.topic_pattern: no topic at {servers} matches {pattern}")
        return
    missing = [topic for topic in _wanted(settings) if topic not in present]
    if missing:
        raise SoundlakeError(
            f"Kafka at {servers} has no topic {', '.join(missing)}: create what is missing, name other topics in "
            "source.topics, or read what is there with source.kafka.topic_pattern"
        )


def _swapped(what: str) -> str:
    return (
        f"{what}. A topic that was deleted or recreated does not continue where the old one ended: restore the old one "
        "or read the new one under another name, or into a new lake"
    )
