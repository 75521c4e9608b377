"""Records as Kafka messages: one topic for each kind, the key is the thing's id."""

from __future__ import annotations

from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from soundlake.errors import SoundlakeError, UsageError
from soundlake.publishers.base import BasePublisher
from soundlake.publishers.kafka_options import log_in
from soundlake.settings import Settings
from soundlake.settings.references import followed

# With its retries the client gives a message up after this long; until then none is lost or duplicated.
_DELIVERY_SECONDS = 120
_REACH_SECONDS = 15
_SHOWN = 3


class KafkaPublisher(BasePublisher):
    """An idempotent producer that waits for all replicas and reports every error."""

    def __init__(self, settings: Settings, **overrides: Any) -> None:
        """Raises UsageError without bootstrap servers, SoundlakeError where no broker answers."""
        super().__init__()
        self._servers = settings.source.kafka.bootstrap_servers
        if self._servers is None:
            raise UsageError("source.kafka.bootstrap_servers: needed for --to kafka")
        java = followed("source.kafka.options", settings.source.kafka.options)
        own = followed("publish.kafka_options", settings.publish.kafka_options)
        self._topics = settings.source.topics.model_dump()
        self._failures: list[str] = []
        self._failed = 0
        self._delivery_seconds = overrides.get("delivery.timeout.ms", _DELIVERY_SECONDS * 1000) / 1000
        options = {
            "linger.ms": 20,
            "compression.type": "lz4",
            "delivery.timeout.ms": _DELIVERY_SECONDS * 1000,
            **log_in(java),
            **own,
            "bootstrap.servers": self._servers,
            "enable.idempotence": True,
            "acks": "all",
            "logger": _NullLogger(),
            **overrides,
        }
        try:
            self._producer = Producer(options)
        except KafkaException as error:  # it names the option without its value
            raise UsageError(f"publish.kafka_options: {_why(error)}") from None
        try:
            self._producer.list_topics(timeout=_REACH_SECONDS)
        except KafkaException as error:
            raise SoundlakeError(f"no Kafka broker answers at {self._servers}: {_why(error)}") from None

    def flush(self) -> None:
        """Wait until every message has been acknowledged; see `Publisher`."""
        left = self._producer.flush(self._delivery_seconds + _REACH_SECONDS)
        self._raise_failures(left)

    def _send(self, kind: str, key: str, value: bytes) -> None:
        topic = self._topics[kind]
        while True:
            try:
                self._producer.produce(topic, value, key.encode(), on_delivery=self._delivered)
                break
            except BufferError:  # the queue is full: wait for acknowledgements
                self._producer.poll(1)
                self._raise_failures()
            except KafkaException as error:
                size = len(value) + len(key)
                why = f"{_why(error)} ({size:,} bytes)"
                raise SoundlakeError(f"Kafka topic {topic} does not take the {kind} {key}: {why}") from None
        self._producer.poll(0)
        self._raise_failures()

    def _delivered(self, error: Any, message: Message) -> None:
        if error is not None:
            self._failed += 1
            if len(self._failures) < _SHOWN:
                key = (message.key() or b"").decode(errors="replace")
                self._failures.append(f"{message.topic()}, key {key}: {error.str()}")

    def _raise_failures(self, left: int = 0) -> None:
        if self._failed or left:
            unsure = f"; {left:,} more were not acknowledged in time" if left else ""
            raise SoundlakeError(
                "\n".join([f"Kafka did not take {self._failed:,} records{unsure}: run it again", *self._failures])
            )

    def _release(self) -> None:
        self._producer.purge()


def _why(error: KafkaException) -> str:
    reason = error.args[0]
    return reason.str() if isinstance(reason, KafkaError) else str(reason)


class _NullLogger:
    """Drops the client's log lines: what matters comes back as an error."""

    def log(self, *_: Any) -> None:
        """Drop a line."""

    debug = info = warning = error = critical = log
