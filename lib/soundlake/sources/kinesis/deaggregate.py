"""De-aggregation: unpacking records of the Kinesis Producer Library."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

# How an aggregate begins; no UTF-8 text begins so. Its last bytes are the MD5 of what is between.
MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST_SIZE = 16


class UserRecord(NamedTuple):
    """A record as its producer wrote it, and its position in the shard."""

    key: str
    value: bytes
    position: str
    arrived_at: datetime


def user_records(records: Iterable[Mapping[str, Any]]) -> Iterator[UserRecord]:
    """Unpack the records of GetRecords.

    A plain record stands at its sequence number. The records of an aggregate stand at its sequence number, a dot and
    their 0-based number in it with seven digits: none of them can be a sequence number, and those of one shard compare
    in order, by length and then by text. An aggregate that cannot be unpacked whole stays one record, which refine
    rejects as damaged_aggregate.
    """
    for record in records:
        number, arrived_at = record["SequenceNumber"], record["ApproximateArrivalTimestamp"]
        packed = unpacked(record["Data"])
        if packed is None:
            yield UserRecord(record["PartitionKey"], record["Data"], number, arrived_at)
        else:
            for index, (key, value) in enumerate(packed):
                yield UserRecord(key, value, f"{number}.{index:07d}", arrived_at)


def unpacked(data: bytes) -> list[tuple[str, bytes]] | None:
    """Return the keys and values in an aggregate; None for what is none, or is damaged."""
    body, digest = data[len(MAGIC) : -_DIGEST_SIZE], data[-_DIGEST_SIZE:]
    if not data.startswith(MAGIC) or not body or hashlib.md5(body, usedforsecurity=False).digest() != digest:
        return None
    from google.protobuf.message import DecodeError

    aggregate = _message()()
    try:
        aggregate.ParseFromString(body)
        keys = aggregate.partition_key_table
        return [(keys[record.partition_key_index], record.data) for record in aggregate.records] or None
    except (DecodeError, IndexError):
        return None


@cache
def _message() -> Any:
    # The package's own de-aggregator drops the rest of an aggregate of which one record is damaged; its description of
    # the format is what counts. To load that, it puts its folder on the path: nobody else is to find modules there.
    path = list(sys.path)
    from aws_kinesis_agg import deaggregator

    sys.path[:] = path
    return deaggregator.messages_pb2.AggregatedRecord
