"""Kafka offsets as Spark writes them, and the gaps between them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from soundlake.errors import SoundlakeError
from soundlake.sources.protocol import Gap

# A topic and the number of a partition.
TopicPartition = tuple[str, int]


def read_offsets(text: str) -> dict[TopicPartition, int]:
    """Return the next offset of each partition; raises SoundlakeError where the text is no offset of Kafka."""
    try:
        topics = json.loads(text)
        return {(topic, int(number)): int(at) for topic, places in topics.items() for number, at in places.items()}
    except (ValueError, AttributeError, TypeError):
        raise SoundlakeError(f"the checkpoint is not of a query that reads Kafka; it holds {text[:80]}") from None


def expired(begun: Mapping[TopicPartition, int], first: Mapping[TopicPartition, int]) -> tuple[Gap, ...]:
    """Return what is lost where the first remaining offset lies beyond the next one to read."""
    return tuple(
        Gap(topic, str(number), str(at - 1) if at else None, str(first[topic, number]), first[topic, number] - at)
        for (topic, number), at in sorted(begun.items())
        if first[topic, number] > at
    )
