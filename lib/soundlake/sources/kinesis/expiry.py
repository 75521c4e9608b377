"""Records that Kinesis deleted before they were read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from soundlake.sources.kinesis.client import Description
from soundlake.sources.kinesis.offsets import StreamOffset
from soundlake.sources.kinesis.shard_reader import first_record, still_has
from soundlake.sources.kinesis.shards import Shard, vanished
from soundlake.sources.protocol import Gap

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient


def find_gaps(
    client: KinesisClient, stream: str, offset: StreamOffset, listed: Sequence[Shard], about: Description, now: int
) -> tuple[Gap, ...]:
    """Return, by shard, what was or may have been lost before it was read.

    That is a shard that is no longer listed, or one whose unread records may be older than the stream's retention and
    whose last read record is gone. Kinesis does not say how many records it deleted, or whether any.
    """
    gaps = [Gap(stream, name, offset.shards[name].after, None, None) for name in vanished(offset, listed)]
    for shard in listed:
        entry = offset.shards.get(shard.name)
        if entry is None or entry.ended or entry.since + about.retention >= now:
            continue
        if entry.after is None or not still_has(client, stream, shard.name, entry.after):
            first = first_record(client, stream, shard.name)
            gaps.append(Gap(stream, shard.name, entry.after, first["SequenceNumber"] if first else None, None))
    return tuple(gaps)
