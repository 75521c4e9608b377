"""Whether anything is left of a stream after an offset."""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING

from soundlake.sources.kinesis.client import list_shards, milliseconds
from soundlake.sources.kinesis.offsets import TRIM_HORIZON, ShardOffset, StreamOffset
from soundlake.sources.kinesis.planner import PAUSE_AFTER_EMPTY_PAGE_SECONDS
from soundlake.sources.kinesis.shard_reader import ShardReader

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient


def has_unread(client: KinesisClient, stream: str, reached: StreamOffset, by: int) -> bool:
    """Whether a record that had arrived by a time (milliseconds, by Kinesis' clock) lies after an offset.

    That clock has whole seconds: records of the second after count as well.
    """
    for shard in list_shards(client, stream):
        begun = reached.shards.get(shard.name, ShardOffset(TRIM_HORIZON))
        if not begun.ended and _next_arrival(client, stream, shard.name, begun, shard.is_closed) <= by + 1000:
            return True
    return False


def _next_arrival(client: KinesisClient, stream: str, shard: str, begun: ShardOffset, is_closed: bool) -> float:
    reader = ShardReader(client, stream, shard, begun.start, begun.after)
    while True:
        page = reader.next_page(1)
        if page.records:
            return milliseconds(page.records[0]["ApproximateArrivalTimestamp"])
        if page.is_end or (page.is_tip and not is_closed):
            return float("inf")
        sleep(PAUSE_AFTER_EMPTY_PAGE_SECONDS)
