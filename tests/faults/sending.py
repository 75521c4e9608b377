"""Producers that send what real ones send: new plays, repeats, late and shuffled records, poison between good ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event, Thread
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from faults.poison import SORTS
from faults.truth import Message
from helpers.services.kafka import Broker

START = datetime(2026, 3, 1, tzinfo=UTC)
TEN_DAYS = timedelta(days=10)
Values = list[bytes | None]


class Records:
    """A seeded stream of records. Times go on from record to record; those of repeats and late ones do not."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - nothing secret
        self.sent: list[dict[str, Any]] = []
        self._name = f"u{seed}"

    def plays(self, count: int, late: timedelta = timedelta()) -> Values:
        """Plays that nobody told of before; `late` is how long before the others they were heard and fetched."""
        return [self._play(late) for _ in range(count)]

    def repeats(self, count: int, among: int | None = None) -> Values:
        """Plays told once more: the very same record, the same payload fetched later, or with another name.

        They are taken from the last `among` records, or from all.
        """
        return [self._again(self.random.choice(self.sent[-among:] if among else self.sent)) for _ in range(count)]

    def tracks(self, count: int, ids: int = 500) -> Values:
        """Tracks of few ids, fetched in no order, up to ten days late."""
        made: Values = []
        for _ in range(count):
            id_ = f"{self._name}-t{self.random.randrange(ids)}"
            fetched = START + timedelta(days=20) - TEN_DAYS * self.random.random()
            made.append(_value("track", {"id": id_, "name": f"Song of {self.random.random()}"}, fetched))
        return made

    def poison(self, count: int) -> Values:
        """So many records of every sort that no table takes."""
        return [SORTS[number % len(SORTS)] for number in range(count)]

    def mixture(self, count: int) -> Values:
        """Everything, in no order."""
        values = [
            *self.plays(count * 60 // 100),
            *self.plays(count * 5 // 100, late=TEN_DAYS),
            *self.repeats(count * 10 // 100, among=200),
            *self.repeats(count * 5 // 100),
            *self.tracks(count * 15 // 100),
            *(self.random.choice(SORTS) for _ in range(count * 5 // 100)),
        ]
        self.random.shuffle(values)
        return values

    def _play(self, late: timedelta) -> bytes:
        number = len(self.sent)
        heard = START + TEN_DAYS + timedelta(seconds=number) - late
        payload = {
            "user_id": f"{self._name}-{number % 50}",
            "played_at": heard.isoformat().replace("+00:00", "Z"),
            "track": {"id": f"t{number % 997}", "name": f"Song {number}"},
        }
        fetched_at = heard + timedelta(minutes=5)
        value = _value("play", payload, fetched_at)
        self.sent.append({"payload": payload, "fetched_at": fetched_at, "value": value})
        return value

    def _again(self, record: dict[str, Any]) -> bytes:
        if self.random.random() < 0.5:
            first: bytes = record["value"]
            return first
        record["fetched_at"] += timedelta(seconds=1)
        name = record["payload"]["track"]["name"] if self.random.random() < 0.5 else f"Song {self.random.random()}"
        track = {**record["payload"]["track"], "name": name}
        return _value("play", {**record["payload"], "track": track}, record["fetched_at"])


def _value(kind: str, payload: dict[str, Any], fetched_at: datetime) -> bytes:
    record = {"kind": kind, "fetched_at": fetched_at.isoformat().replace("+00:00", "Z"), "source": "faults"}
    return json.dumps({**record, "payload": payload}, ensure_ascii=False).encode()


def keyed(values: Iterable[bytes | None]) -> list[tuple[bytes | None, bytes | None]]:
    """Values with keys that spread them over all partitions."""
    return [(str(number % 101).encode(), value) for number, value in enumerate(values)]


@contextmanager
def producing(broker: Broker, topic: str, records: Records, a_turn: int = 200, pause: float = 0.4) -> Iterator[None]:
    """A producer at work for as long as the context lasts; what it sends survives the broker's restarts."""
    stop = Event()

    def work() -> None:
        producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "enable.idempotence": True, "log_level": 0})
        records.plays(200)  # something to repeat
        while not stop.is_set():
            for key, value in keyed(records.mixture(a_turn)):
                producer.produce(topic, key=key, value=value)
            producer.poll(0)
            stop.wait(pause)
        assert producer.flush(120) == 0

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def messages(broker: Broker, topic: str) -> list[Message]:
    """All that the broker has of a topic, asked for as any other client would."""
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": topic, "log_level": 0})
    partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
    places = [TopicPartition(topic, number) for number in partitions]
    bounds = [consumer.get_watermark_offsets(place, timeout=30) for place in places]
    left = sum(last - first for first, last in bounds)
    starts = [TopicPartition(topic, p.partition, first) for p, (first, _) in zip(places, bounds, strict=True)]
    consumer.assign(starts)
    found = []
    while left:
        taken = consumer.consume(min(left, 10_000), timeout=30)
        assert taken, f"{left} messages of {topic} do not come"
        for message in taken:
            assert message.error() is None, message.error()
            found.append(Message(topic, str(message.partition()), str(message.offset()), message.value()))
        left -= len(taken)
    consumer.close()
    return found
