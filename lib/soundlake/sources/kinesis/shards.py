"""Shards as they come and go: which are new, and which may be read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from soundlake.sources.kinesis.offsets import TRIM_HORIZON, ShardOffset, StreamOffset

# No stream keeps records for longer; a shard that was closed longer ago is listed no more.
LONGEST_RETENTION_MS = 366 * 24 * 3600 * 1000


@dataclass(frozen=True)
class Shard:
    """A listed shard: it was split or merged from `parents`; a closed one takes no more records."""

    name: str
    parents: tuple[str, ...] = ()
    is_closed: bool = False


def discovered(offset: StreamOffset, listed: Sequence[Shard], created: int, start: str, now: int) -> StreamOffset:
    """Add the shards that are not known yet, and forget those that ended before any stream's retention.

    All shards of the first listing begin at `start`; those that come later are children of them and are read whole.
    """
    is_first = offset.created is None
    shards = {
        name: shard
        for name, shard in offset.shards.items()
        if not (shard.ended and shard.since < now - LONGEST_RETENTION_MS)
    }
    for shard in listed:
        if shard.name not in shards:
            shards[shard.name] = ShardOffset(start if is_first else TRIM_HORIZON, since=now)
    return StreamOffset(created, shards)


def readable(offset: StreamOffset, listed: Iterable[Shard]) -> list[Shard]:
    """Return the shards that may be read now: not at their end, and all their parents drained.

    A parent that is not known has expired, or ended before any stream's retention: there is nothing left of it.
    """
    return [
        shard
        for shard in listed
        if shard.name in offset.shards
        and not offset.shards[shard.name].ended
        and all(offset.shards[parent].ended for parent in shard.parents if parent in offset.shards)
    ]


def vanished(offset: StreamOffset, listed: Iterable[Shard]) -> list[str]:
    """Return the shards that were not read to their end and are no longer listed: their last records have expired."""
    present = {shard.name for shard in listed}
    return sorted(name for name, shard in offset.shards.items() if not shard.ended and name not in present)


def restarted(offset: StreamOffset, names: Iterable[str], listed: Iterable[Shard], now: int) -> StreamOffset:
    """Restart shards whose next records have expired: at the oldest remaining one, or not at all."""
    present = {shard.name for shard in listed}
    changes = {}
    for name in names:
        shard = offset.shards[name]
        if name in present:
            restarts = shard.restarts + 1
            changes[name] = replace(shard, start=TRIM_HORIZON, after=None, restarts=restarts, since=now)
        else:
            changes[name] = replace(shard, ended=True, since=now)
    return offset.with_shards(changes)
