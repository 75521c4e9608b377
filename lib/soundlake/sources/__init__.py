"""Sources: Kafka, Kinesis and files behind one protocol; with `publishers` the only rooms that know a broker.

A source frames records and never interprets them; decoding is in `core`.
"""

from __future__ import annotations

from collections.abc import Callable

from soundlake.settings import Settings, check_source
from soundlake.sources.files import FilesSource
from soundlake.sources.kafka import KafkaSource
from soundlake.sources.kinesis.source import KinesisSource
from soundlake.sources.protocol import Gap, Once, Recovered, Source, check_once

__all__ = ["Gap", "Once", "Recovered", "Source", "check_once", "open_source"]


def open_source(settings: Settings) -> Source:
    """Return the source of the settings; raises UsageError where they cannot work."""
    check_source(settings)
    sources: dict[str, Callable[[Settings], Source]] = {
        "files": FilesSource,
        "kafka": KafkaSource,
        "kinesis": KinesisSource,
    }
    return sources[settings.source.type](settings)
