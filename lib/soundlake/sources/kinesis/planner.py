"""Planning a batch: how far each shard is read, found by reading it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from time import monotonic, sleep, time
from typing import TYPE_CHECKING

from soundlake.errors import SoundlakeError
from soundlake.sources.kinesis.client import Description, describe, list_shards, milliseconds
from soundlake.sources.kinesis.expiry import find_gaps
from soundlake.sources.kinesis.offsets import ShardOffset, ShardRange, StreamOffset
from soundlake.sources.kinesis.shard_reader import EXPIRED, ShardReader
from soundlake.sources.kinesis.shards import Shard, discovered, readable, restarted

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import RecordTypeDef

# Shards are listed again when one has ended, and at this interval.
LIST_EVERY_SECONDS = 60
# A batch ends where the reader is by then: an old stream with few records has many empty pages.
LONGEST_READ_SECONDS = 20
# Kinesis allows five reads a second of a shard, for all its readers together.
PAUSE_AFTER_EMPTY_PAGE_SECONDS = 0.2
MOST_THREADS = 16
# A task's partition must fit into one message of Spark (spark.rpc.message.maxSize, 128 MB).
MOST_CARRIED_TO_A_TASK = 32 << 20
# The size of a record beside its data and key.
OVERHEAD_BYTES = 100


@dataclass(frozen=True)
class BatchLimits:
    """How large a batch may be, and how much of it the driver keeps to hand over."""

    records: int
    carried_bytes: int


@dataclass(frozen=True)
class _Step:
    """What was read of one shard: the new offset, and the records if they were few enough to keep."""

    offset: ShardOffset
    records: list[RecordTypeDef] | None


class Planner:
    """Plans batches one after another. Its readers stay open between batches, so planning reads no record twice."""

    def __init__(
        self,
        client: KinesisClient,
        stream: str,
        start: str,
        limits: BatchLimits,
        skips: Collection[str] = (),
        clock: Callable[[], float] = time,
    ) -> None:
        self._client = client
        self._stream = stream
        self._start = start
        self._limits = limits
        self._skips = set(skips)
        self._clock = clock
        self._readers: dict[str, ShardReader] = {}
        self._since: dict[str, int] = {}
        self._carried: dict[tuple[str, str | None, str], list[RecordTypeDef]] = {}
        self._listed: list[Shard] = []
        self._about: Description | None = None
        self._listed_at = 0.0

    def plan(self, begun: StreamOffset) -> StreamOffset:
        """Return where the batch that follows `begun` ends; `begun` itself where there is nothing new.

        Raises SoundlakeError where records have expired that were not read, or where the stream was recreated.
        """
        self._carried = {}
        about = self._look(begun)
        now = self._now()
        start = str(about.now) if self._start == "LATEST" else self._start
        offset = discovered(begun, self._listed, about.created, start, now)
        offset = self._without_expired(offset, about, now)
        shards = readable(offset, self._listed)
        if shards:
            most = max(1, self._limits.records // len(shards))
            keep = min(self._limits.carried_bytes // len(shards), MOST_CARRIED_TO_A_TASK)
            with ThreadPoolExecutor(min(MOST_THREADS, len(shards))) as pool:
                steps = list(pool.map(lambda shard: self._step(shard, offset.shards[shard.name], most, keep), shards))
            found = {shard.name: step.offset for shard, step in zip(shards, steps, strict=True)}
            self._since |= {name: shard.since for name, shard in found.items()}
            for shard, step in zip(shards, steps, strict=True):
                self._carry(shard.name, offset.shards[shard.name], step)
            offset = offset.with_shards(found)
        return offset if self._is_news(begun, offset, about, now) else begun

    def carried(self, wanted: ShardRange) -> list[RecordTypeDef] | None:
        """Return the records of a range where the last plan has kept them."""
        return self._carried.get((wanted.shard, wanted.after, wanted.until))

    def _look(self, begun: StreamOffset) -> Description:
        is_due = monotonic() - self._listed_at > LIST_EVERY_SECONDS
        # A shard that has ended has children: list shards until they appear. Those of one that has expired are known,
        # or have expired as well.
        parents = {parent for shard in self._listed for parent in shard.parents}
        has_ended = any(
            begun.shards[shard.name].ended and shard.name not in parents
            for shard in self._listed
            if shard.name in begun.shards
        )
        if self._about is None or is_due or has_ended:
            self._about = describe(self._client, self._stream)
            self._listed = list_shards(self._client, self._stream)
            self._listed_at = monotonic()
        if begun.created not in (None, self._about.created):
            raise SoundlakeError(
                f"the stream {self._stream} was deleted and recreated since the checkpoint was written"
            )
        return self._about

    def _without_expired(self, offset: StreamOffset, about: Description, now: int) -> StreamOffset:
        known = {
            name: replace(shard, since=self._since.get(name, shard.since)) for name, shard in offset.shards.items()
        }
        gaps = find_gaps(self._client, self._stream, offset.with_shards(known), self._listed, about, now)
        lost = {gap.partition for gap in gaps}
        if lost - self._skips:
            lines = "; ".join(str(gap) for gap in gaps if gap.partition not in self._skips)
            raise SoundlakeError(f"{EXPIRED}: {lines}")
        for name in lost:
            self._readers.pop(name, None)
        # Allowed once: records that expire while the query runs stop it.
        self._skips = set()
        return restarted(offset, lost, self._listed, now)

    def _step(self, shard: Shard, begun: ShardOffset, most: int, keep: int) -> _Step:
        reader = self._readers.get(shard.name)
        if reader is None or reader.after != begun.after:
            reader = ShardReader(self._client, self._stream, shard.name, begun.start, begun.after)
            self._readers[shard.name] = reader
        began, deadline = self._now(), monotonic() + LONGEST_READ_SECONDS
        end, size = begun, 0
        kept: list[RecordTypeDef] | None = []
        while end.taken - begun.taken < most:
            page = reader.next_page(most - (end.taken - begun.taken))
            size += sum(_weight(record) for record in page.records)
            kept = [*kept, *page.records] if kept is not None and size <= keep else None
            if page.records:
                arrived = milliseconds(page.records[-1]["ApproximateArrivalTimestamp"])
                end = replace(end, after=reader.after, taken=end.taken + len(page.records), since=arrived)
            if page.is_end:
                end = replace(end, ended=True, since=began)
                del self._readers[shard.name]
                break
            if page.is_tip and not shard.is_closed:
                end = replace(end, since=began)
                break
            if monotonic() > deadline:
                break
            if not page.records:
                sleep(PAUSE_AFTER_EMPTY_PAGE_SECONDS)
        return _Step(end, kept)

    def _carry(self, name: str, begun: ShardOffset, step: _Step) -> None:
        if step.records and step.offset.after is not None:
            self._carried[name, begun.after, step.offset.after] = step.records

    def _is_news(self, begun: StreamOffset, end: StreamOffset, about: Description, now: int) -> bool:
        """Whether the offsets differ in more than `since`, or `since` is so old that a restart would suspect a gap."""
        still = {name: replace(shard, since=0) for name, shard in begun.shards.items()}
        if still != {name: replace(shard, since=0) for name, shard in end.shards.items()}:
            return True
        return any(
            now - shard.since > about.retention / 4 and end.shards[name].since > shard.since
            for name, shard in begun.shards.items()
            if not shard.ended
        )

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _weight(record: RecordTypeDef) -> int:
    return len(record["Data"]) + len(record["PartitionKey"]) + OVERHEAD_BYTES
