"""Reading a shard, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from soundlake.errors import SoundlakeError
from soundlake.sources.kinesis.offsets import TRIM_HORIZON, ShardRange

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import RecordTypeDef

MOST_IN_A_PAGE = 10_000

# By this text the driver recognises the failure, whatever Spark and Python wrap around it.
EXPIRED = "KINESIS_RECORDS_EXPIRED"


@dataclass(frozen=True)
class Page:
    """Consecutive records; `is_tip`: there were no more by then; `is_end`: the shard has ended."""

    records: list[RecordTypeDef]
    is_tip: bool
    is_end: bool


class ShardReader:
    """Reads one shard, from its start or from after a record.

    Kinesis forgets an iterator after five minutes: the reader then opens a new one where it is.
    """

    def __init__(self, client: KinesisClient, stream: str, shard: str, start: str, after: str | None) -> None:
        self._client = client
        self._stream = stream
        self._shard = shard
        self._start = start
        self._iterator: str | None = None
        self.after = after

    def next_page(self, most: int) -> Page:
        """Read the next records, at most `most`; a page may be empty although more follow, see `is_tip`."""
        limit = min(most, MOST_IN_A_PAGE)
        try:
            answer = self._client.get_records(ShardIterator=self._iterator or self._open(), Limit=limit)
        except self._client.exceptions.ExpiredIteratorException:
            answer = self._client.get_records(ShardIterator=self._open(), Limit=limit)
        records = answer["Records"]
        if records:
            self.after = records[-1]["SequenceNumber"]
        self._iterator = answer.get("NextShardIterator")
        # A full page may be followed by another, for which some emulators also report 0.
        is_tip = not answer.get("MillisBehindLatest") and len(records) < limit
        return Page(records, is_tip=is_tip, is_end=not self._iterator)

    def _open(self) -> str:
        kind: dict[str, Any] = {"ShardIteratorType": TRIM_HORIZON}
        if self.after is not None:
            kind = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": self.after}
        elif self._start != TRIM_HORIZON:
            moment = datetime.fromtimestamp(int(self._start) / 1000, UTC)
            kind = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": moment}
        return self._client.get_shard_iterator(StreamName=self._stream, ShardId=self._shard, **kind)["ShardIterator"]


def read_range(client: KinesisClient, stream: str, wanted: ShardRange) -> Iterator[list[RecordTypeDef]]:
    """Read what was planned, page by page.

    Raises SoundlakeError where some of it is gone: a batch is read as planned, or not at all.
    """
    reader = ShardReader(client, stream, wanted.shard, wanted.start, wanted.after)
    left = wanted.count
    while left:
        page = reader.next_page(left)
        left -= len(page.records)
        last = page.records[-1]["SequenceNumber"] if page.records else None
        went_past = last is not None and int(last) > int(wanted.until)
        ran_out = left > 0 and (last == wanted.until or page.is_end or (page.is_tip and not page.records))
        if went_past or ran_out or (left == 0 and last != wanted.until):
            raise SoundlakeError(
                f"{EXPIRED}: shard {wanted.shard} of {stream} no longer has all {wanted.count} records of the batch, "
                f"after {wanted.after or wanted.start} up to {wanted.until}"
            )
        yield page.records


def read_remains(client: KinesisClient, stream: str, wanted: ShardRange) -> Iterator[list[RecordTypeDef]]:
    """Read what is left of a planned batch whose records have begun to expire."""
    reader = ShardReader(client, stream, wanted.shard, TRIM_HORIZON, None)
    first, last = int(wanted.after or 0), int(wanted.until)
    while True:
        page = reader.next_page(MOST_IN_A_PAGE)
        yield [record for record in page.records if first < int(record["SequenceNumber"]) <= last]
        is_over = page.records and int(page.records[-1]["SequenceNumber"]) >= last
        if is_over or page.is_end or page.is_tip:
            return


def still_has(client: KinesisClient, stream: str, shard: str, position: str) -> bool:
    """Whether a record is still in its shard, and with it all that follow."""
    first = first_record(client, stream, shard, AT_SEQUENCE_NUMBER=position)
    return first is not None and first["SequenceNumber"] == position


def first_record(client: KinesisClient, stream: str, shard: str, **at: str) -> RecordTypeDef | None:
    """Return the first record of a shard, or from AT_SEQUENCE_NUMBER on; None where there is none."""
    kind: dict[str, Any] = {"ShardIteratorType": TRIM_HORIZON}
    if at:
        ((name, position),) = at.items()
        kind = {"ShardIteratorType": name, "StartingSequenceNumber": position}
    try:
        iterator = client.get_shard_iterator(StreamName=stream, ShardId=shard, **kind)["ShardIterator"]
    except (client.exceptions.InvalidArgumentException, client.exceptions.ResourceNotFoundException):
        return None
    while iterator:
        answer = client.get_records(ShardIterator=iterator, Limit=1)
        if answer["Records"] or not answer.get("MillisBehindLatest"):
            return next(iter(answer["Records"]), None)
        iterator = answer.get("NextShardIterator", "")
    return None
