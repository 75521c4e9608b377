"""Asking a Kafka cluster, with the same client and options as Spark's connector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from soundlake.errors import SoundlakeError
from soundlake.sources.kafka_offsets import TopicPartition

_PATIENCE_MILLISECONDS = "30000"
_BYTES = "org.apache.kafka.common.serialization.ByteArrayDeserializer"


@dataclass(frozen=True)
class Broker:
    """A connection to a cluster; `connect` opens and closes it."""

    _jvm: Any
    _consumer: Any

    @classmethod
    @contextmanager
    def connect(cls, spark: SparkSession, options: Mapping[str, str]) -> Iterator[Broker]:
        """Open a connection; raises SoundlakeError, without the options, where the cluster cannot be asked."""
        jvm: Any = spark.sparkContext._jvm
        properties = jvm.java.util.Properties()
        defaults = {"default.api.timeout.ms": _PATIENCE_MILLISECONDS}
        fixed = {"key.deserializer": _BYTES, "value.deserializer": _BYTES}
        for name, value in {**defaults, **options, **fixed}.items():
            properties.setProperty(name, value)
        consumer = None
        try:
            consumer = jvm.org.apache.kafka.clients.consumer.KafkaConsumer(properties)
            yield cls(jvm, consumer)
        except Py4JJavaError as error:
            raise SoundlakeError(f"Kafka at {options['bootstrap.servers']}: {_innermost(error)}") from None
        finally:
            if consumer is not None:
                consumer.close(jvm.java.time.Duration.ZERO)

    def topics(self) -> set[str]:
        """The names of all topics one may see."""
        return {str(topic) for topic in self._consumer.listTopics().keySet()}

    def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        """The partitions of topics."""
        return [(topic, int(one.partition())) for topic in topics for one in self._consumer.partitionsFor(topic)]

    def bounds(self, places: Iterable[TopicPartition]) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        """The first remaining offset of each partition, and the one after its last.

        Partitions that do not exist are left out.
        """
        existing = {topic: {int(one.partition()) for one in self._consumer.partitionsFor(topic)} for topic, _ in places}
        wanted = self._jvm.java.util.ArrayList()
        for topic, number in places:
            if number in existing[topic]:
                wanted.add(self._jvm.org.apache.kafka.common.TopicPartition(topic, number))
        return _read(self._consumer.beginningOffsets(wanted)), _read(self._consumer.endOffsets(wanted))


def _read(offsets: Any) -> dict[TopicPartition, int]:
    return {
        (str(entry.getKey().topic()), int(entry.getKey().partition())): int(entry.getValue())
        for entry in offsets.entrySet()
    }


def _innermost(error: Py4JJavaError) -> str:
    cause = error.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    return f"{cause.getClass().getSimpleName()}: {cause.getMessage()}"
