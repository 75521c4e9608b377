"""Unpacking what the Kinesis Producer Library packed: by its own format, written by the library's own writer."""

from __future__ import annotations

import hashlib
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

path = list(sys.path)
from aws_kinesis_agg.aggregator import RecordAggregator  # noqa: E402

sys.path[:] = path

from soundlake.sources.kinesis.deaggregate import MAGIC, UserRecord, unpacked, user_records  # noqa: E402

ARRIVED = datetime(2026, 11, 1, tzinfo=UTC)
SEQUENCE = "49680503902887974792106110752405581232022367748759748610"


def aggregate(*records: tuple[str, bytes]) -> bytes:
    packer = RecordAggregator()
    for key, value in records:
        packer.add_user_record(key, value)
    _, _, data = packer.clear_and_get().get_contents()
    return bytes(data)


def raw(data: bytes, sequence: str = SEQUENCE) -> dict[str, Any]:
    return {
        "SequenceNumber": sequence,
        "ApproximateArrivalTimestamp": ARRIVED,
        "PartitionKey": "outer",
        "Data": data,
    }


def damaged(data: bytes, body: bytes) -> bytes:
    return MAGIC + body + hashlib.md5(body, usedforsecurity=False).digest()


def test_a_plain_record_stays_as_it_is_at_its_sequence_number() -> None:
    assert list(user_records([raw(b"{}")])) == [UserRecord("outer", b"{}", SEQUENCE, ARRIVED)]


def test_an_aggregate_gives_each_record_its_own_key_and_place() -> None:
    found = list(user_records([raw(aggregate(("a", b"1"), ("b", b"2"), ("a", b"\xff\x00")))]))
    assert [(one.key, one.value) for one in found] == [("a", b"1"), ("b", b"2"), ("a", b"\xff\x00")]
    assert len({one.position for one in found}) == 3
    assert all(one.arrived_at == ARRIVED for one in found)


def test_places_of_aggregated_records_compare_in_order_by_length_then_text() -> None:
    twelve = aggregate(*[("k", str(number).encode()) for number in range(12)])
    later = str(int(SEQUENCE) + 1)
    found = list(user_records([raw(twelve), raw(twelve, later)]))
    positions = [one.position for one in found]
    assert sorted(positions, key=lambda position: (len(position), position)) == positions


def test_no_place_of_an_aggregated_record_can_be_a_sequence_number() -> None:
    (found,) = user_records([raw(aggregate(("a", b"1")))])
    assert not found.position.isdigit()


@pytest.mark.parametrize(
    "data",
    [
        MAGIC,
        MAGIC + b"x" * 16,
        aggregate(("a", b"1"))[:-1],
        aggregate(("a", b"1"))[:-1] + b"\x00",
        damaged(b"", b"\xff\xff\xff\xff"),
        # A record that names a partition key that is not there, after one that is whole.
        damaged(b"", b"\x0a\x01k" + b"\x1a\x05\x08\x00\x1a\x01v" + b"\x1a\x05\x08\x07\x1a\x01v"),
        # An aggregate of nothing.
        damaged(b"", b"\x0a\x01k"),
    ],
    ids=["magic only", "no body", "cut off", "wrong digest", "no protobuf", "a wrong key", "empty"],
)
def test_a_damaged_aggregate_stays_one_record_that_is_no_text(data: bytes) -> None:
    assert unpacked(data) is None
    assert list(user_records([raw(data)])) == [UserRecord("outer", data, SEQUENCE, ARRIVED)]
    with pytest.raises(UnicodeDecodeError):
        data.decode()


def test_unpacking_leaves_the_module_path_alone() -> None:
    unpacked(aggregate(("a", b"1")))
    assert not any("aws_kinesis_agg" in folder for folder in sys.path)
