"""The protocol of publishers, and how to open one.

Used as a context manager: `with open_publisher(settings, "kafka") as publisher`. After `publisher.flush()` all records
so far are durable, and a cursor may be moved. Leaving the block flushes too, and raises where a record was lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from soundlake.errors import UsageError
from soundlake.publishers.envelope import Record
from soundlake.settings import Settings

TARGETS = ("files", "kafka", "kinesis")


class Publisher(Protocol):
    """Sends records.

    When `flush` returns, all records before it are durable; it raises SoundlakeError where one could not be sent. No
    record is durable before. `close` flushes, and may be called more than once.
    """

    is_seen_early: bool
    """Whether readers may see a record before `flush`."""

    def publish(self, kind: str, key: str, record: Record) -> None:
        """Send one record; `key` is the thing's id. Raises SoundlakeError for one that cannot be sent."""

    def publish_all(self, kind: str, keys: Sequence[str], values: Sequence[bytes]) -> None:
        """Send many records of a kind that are already encoded (see `envelope.encode`): faster, for imports."""

    def flush(self) -> None:
        """Return when all records so far are durable; raises SoundlakeError where one is not."""

    def close(self) -> dict[str, int]:
        """Flush, release all resources, and return how many records of each kind were published."""

    def __enter__(self) -> Self:
        """Return the publisher."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, without hiding an earlier error."""


def open_publisher(settings: Settings, to: str | None = None, out: str | None = None) -> Publisher:
    """Open the publisher `to` (else publish.to): files, kafka or kinesis.

    Files go below `out` (a folder or s3://…; else publish.out, else source.files.path, else ./records), messages to the
    topics and the stream that the stream job reads: source.kafka.*, source.kinesis.*. Raises UsageError where a
    setting is missing, SoundlakeError where the broker, stream or bucket cannot be reached.
    """
    target = to or settings.publish.to
    if target not in TARGETS:
        raise UsageError(f"--to {target}: should be one of {', '.join(TARGETS)}")
    if out is not None and target != "files":
        raise UsageError(f"--out {out}: only with --to files; {target} is set up by source.{target}.*")
    if target == "kafka":
        from soundlake.publishers.kafka import KafkaPublisher

        return KafkaPublisher(settings)
    if target == "kinesis":
        from soundlake.publishers.kinesis import KinesisPublisher

        return KinesisPublisher(settings)
    from soundlake.publishers.files import FilesPublisher

    return FilesPublisher(settings, out)


def destination(settings: Settings, to: str | None = None, out: str | None = None) -> str:
    """Where `open_publisher` would send records, as a text that is another for each place."""
    target, source = to or settings.publish.to, settings.source
    if target == "kafka":
        return f"kafka {source.kafka.bootstrap_servers} {source.topics.model_dump_json()}"
    if target == "kinesis":
        return f"kinesis {source.kinesis.region} {source.kinesis.endpoint_url} {source.kinesis.stream}"
    folder = out or settings.publish.out or source.files.path or "./records"
    return f"files {folder if '://' in folder else Path(folder).resolve()} {source.topics.model_dump_json()}"
