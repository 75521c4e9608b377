"""A backlog of plays in Kafka: the sample's own records, again and again for other users, and what they come to."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from helpers.services.kafka import Broker
from soundlake.launch.paths import ROOT

PARTITIONS = 4
Identity = tuple[str, str, int]


def templates() -> Iterator[tuple[bytes, Identity]]:
    """The sample's plays of content with a URI: the record, and which play it is."""
    for file in sorted((ROOT / "sample" / "records" / "plays").glob("*.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            try:
                record = json.loads(line)
                if record["kind"] == "play":
                    yield line, identity(record["payload"])
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # the sample has flawed records on purpose


def identity(payload: dict[str, Any]) -> Identity:
    """Who heard what in which second, read as plainly as can be."""
    uri = payload["track"]["uri"] if "track" in payload else payload["spotify_track_uri"]
    when = payload["played_at"] if "track" in payload else payload["ts"]
    return payload["user_id"].encode().decode(), uri.encode().decode(), int(datetime.fromisoformat(when).timestamp())


def made(count: int) -> Iterator[tuple[bytes, bytes, Identity]]:
    """So many records: key, value, and the play that it tells of."""
    known = list(templates())
    for number in range(count):
        turn, place = divmod(number, len(known))
        line, (user, uri, second) = known[place]
        other = f"{user}-{turn}"
        yield (
            other.encode(),
            line.replace(b'"user_id":"' + user.encode(), b'"user_id":"' + other.encode()),
            (
                other,
                uri,
                second,
            ),
        )


def put(broker: Broker, count: int) -> tuple[str, int, int]:
    """Fill a new topic; returns its name, the bytes of all values, and how many different plays they tell of."""
    topic = broker.create_topic(partitions=PARTITIONS)
    plays: set[Identity] = set()
    size, records = 0, made(count)
    while part := list(islice(records, 200_000)):
        config: dict[str, str | int] = {"linger.ms": 50, "batch.size": 1_000_000, "compression.type": "lz4", "acks": 1}
        broker.put(topic, [(key, value) for key, value, _ in part], config=config)
        size += sum(len(value) for _, value, _ in part)
        plays.update(play for *_, play in part)
    return topic, size, len(plays)
