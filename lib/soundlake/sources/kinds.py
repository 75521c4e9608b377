"""The kind of a topic or stream."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from pyspark.sql import Column
from pyspark.sql import functions as F


def kinds_of_topics(topics: Mapping[str, str]) -> dict[str, str]:
    """Return the kind of each topic, given the topic of each kind; a topic of several kinds has none."""
    names = list(topics.values())
    return {topic: kind for kind, topic in topics.items() if names.count(topic) == 1}


def kind_of(topic: Column, topics: Mapping[str, str]) -> Column:
    """The kind of a topic, null where it has none."""
    kinds = kinds_of_topics(topics)
    if not kinds:
        return F.lit(None).cast("string")
    return F.create_map(*[F.lit(text) for text in chain(*sorted(kinds.items()))])[topic]
