"""Plays the bundled records into Kafka or Kinesis, so many a second."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any, NamedTuple

from soundlake.launch.paths import SAMPLE
from soundlake.publishers.publisher import open_publisher
from soundlake.settings import Settings
from soundlake.settings.model import TopicSettings

_BEAT_SECONDS = 0.1


class SampleRecord(NamedTuple):
    """A record as it is sent."""

    kind: str
    key: str
    value: bytes


def sample_records(folder: Path = SAMPLE) -> list[SampleRecord]:
    """The bundled records, each kind in its order and spread evenly over the whole: all tables fill at once."""
    placed = []
    for kind, topic in TopicSettings().model_dump().items():
        files = sorted((folder / topic.rpartition(".")[2]).glob("*.gz"))
        lines = [line for file in files for line in _lines(file)]
        placed += [(number / len(lines), SampleRecord(kind, _key(line), line)) for number, line in enumerate(lines)]
    return [record for _, record in sorted(placed)]


def play(records: list[SampleRecord], settings: Settings, rate: float, stopped: Event) -> int:
    """Publish records to publish.to at `rate` a second until all are sent or it is stopped; returns how many were."""
    began = monotonic()
    with open_publisher(settings) as publisher:
        for number, (kind, key, value) in enumerate(records, 1):
            publisher.publish_all(kind, [key], [value])
            ahead = number / rate - (monotonic() - began)
            if ahead > _BEAT_SECONDS:
                publisher.flush()
                if stopped.wait(ahead):
                    break
        return sum(publisher.close().values())


def _lines(file: Path) -> list[bytes]:
    return gzip.decompress(file.read_bytes()).removesuffix(b"\n").split(b"\n")


def _key(line: bytes) -> str:
    """The id of the thing; of what has none, such as a play, its user. The sample has dirt in it, too."""
    try:
        record = json.loads(line)
    except ValueError:
        return ""
    payload: Any = record.get("payload") if isinstance(record, dict) else None
    found = (payload.get("id") or payload.get("user_id")) if isinstance(payload, dict) else None
    return str(found or "")
