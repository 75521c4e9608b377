"""How far a stream was read, as stored in Spark's checkpoint. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

TRIM_HORIZON = "TRIM_HORIZON"


@dataclass(frozen=True)
class ShardOffset:
    """How far one shard was read.

    Attributes:
        start: Where reading began: TRIM_HORIZON, or a time in milliseconds as text.
        after: The sequence number of the last record read, None before the first.
        taken: How many records were read, so that a batch knows how many there are between two offsets.
        since: All unread records arrived after this (milliseconds); before the stream's retention, some may be lost.
        ended: The shard is closed and was read to its end.
        restarts: How often reading restarted at TRIM_HORIZON, where records had expired and could be skipped.
    """

    start: str
    after: str | None = None
    taken: int = 0
    since: int = 0
    ended: bool = False
    restarts: int = 0


@dataclass(frozen=True)
class StreamOffset:
    """How far a stream was read. `created` is its creation time (milliseconds), None before the first plan."""

    created: int | None
    shards: Mapping[str, ShardOffset]

    def with_shards(self, changes: Mapping[str, ShardOffset]) -> StreamOffset:
        """Replace the offsets of some shards."""
        return replace(self, shards={**self.shards, **changes})


@dataclass(frozen=True)
class ShardRange:
    """The records of a shard in a batch: `count` records after `after` (None: from `start`), the last is `until`."""

    shard: str
    start: str
    after: str | None
    until: str
    count: int


# Where every query begins, always the same: batch 0 writes down what the start was resolved to, and a crash before that
# has promised nothing.
NOTHING = StreamOffset(None, {})


def as_json(offset: StreamOffset) -> dict[str, Any]:
    """Write an offset as JSON; equal offsets have equal texts, which Spark compares."""
    if offset.created is None:
        return {}
    shards = {name: _fields(shard) for name, shard in sorted(offset.shards.items())}
    return {"version": 1, "created": offset.created, "shards": shards}


def from_json(value: Mapping[str, Any]) -> StreamOffset:
    """Parse an offset; raises ValueError for anything else."""
    if not value:
        return NOTHING
    if value.get("version") != 1:
        raise ValueError("the checkpoint is not of a query that reads Kinesis, or of another version of Soundlake")
    return StreamOffset(value["created"], {name: ShardOffset(**fields) for name, fields in value["shards"].items()})


def _fields(shard: ShardOffset) -> dict[str, Any]:
    plain = ShardOffset(shard.start)
    return {"start": shard.start} | {
        name: value for name, value in vars(shard).items() if value != getattr(plain, name) and name != "start"
    }


def ranges(begun: StreamOffset, end: StreamOffset) -> list[ShardRange]:
    """Return what lies between two offsets, by shard.

    The start of a shard is taken from the end: there it stands as it was resolved when the batch was first planned.
    """
    found = []
    for name, shard in sorted(end.shards.items()):
        before = begun.shards.get(name, ShardOffset(shard.start))
        count = shard.taken - before.taken
        if count > 0:
            assert shard.after is not None
            after = before.after if shard.restarts == before.restarts else None
            found.append(ShardRange(name, shard.start, after, shard.after, count))
    return found
