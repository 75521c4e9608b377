"""Shards as they come and go, and offsets as the checkpoint keeps them. Pure."""

from __future__ import annotations

import json

import pytest

from soundlake.sources.kinesis.offsets import (
    NOTHING,
    ShardOffset,
    ShardRange,
    StreamOffset,
    as_json,
    from_json,
    ranges,
)
from soundlake.sources.kinesis.shards import LONGEST_RETENTION_MS, Shard, discovered, readable, restarted, vanished

NOW = 1_800_000_000_000


def offset(**shards: ShardOffset) -> StreamOffset:
    return StreamOffset(1, shards)


def shard(after: str | None = None, taken: int = 0, ended: bool = False, since: int = NOW) -> ShardOffset:
    return ShardOffset("TRIM_HORIZON", after, taken, since, ended)


def names(shards: list[Shard]) -> list[str]:
    return [one.name for one in shards]


def test_all_shards_of_the_first_listing_begin_where_the_setting_says() -> None:
    found = discovered(NOTHING, [Shard("a"), Shard("b")], 1, "1700000000000", NOW)
    assert {name: one.start for name, one in found.shards.items()} == {"a": "1700000000000", "b": "1700000000000"}


def test_a_shard_that_comes_later_is_read_from_its_beginning() -> None:
    found = discovered(offset(a=shard("5", 5, ended=True)), [Shard("a"), Shard("b", ("a",))], 1, "LATEST", NOW)
    assert found.shards["b"] == ShardOffset("TRIM_HORIZON", since=NOW)


def test_children_wait_until_all_their_parents_are_drained() -> None:
    listed = [Shard("a", is_closed=True), Shard("b", is_closed=True), Shard("c", ("a", "b"))]
    assert names(readable(offset(a=shard(), b=shard(), c=shard()), listed)) == ["a", "b"]
    assert names(readable(offset(a=shard(ended=True), b=shard(), c=shard()), listed)) == ["b"]
    assert names(readable(offset(a=shard(ended=True), b=shard(ended=True), c=shard()), listed)) == ["c"]


def test_a_parent_that_has_expired_keeps_no_child_waiting() -> None:
    assert names(readable(offset(b=shard()), [Shard("b", ("a",))])) == ["b"]


def test_a_drained_shard_stays_known_until_no_stream_could_list_it() -> None:
    old, older = (
        shard(ended=True, since=NOW - LONGEST_RETENTION_MS + 1),
        shard(ended=True, since=NOW - 2 * LONGEST_RETENTION_MS),
    )
    assert set(discovered(offset(a=old, b=older), [], 1, "LATEST", NOW).shards) == {"a"}


def test_a_shard_that_is_listed_no_more_before_its_end_has_vanished() -> None:
    known = offset(a=shard("1", 1), b=shard("2", 2, ended=True), c=shard())
    assert vanished(known, [Shard("c")]) == ["a"]


def test_a_batch_is_what_lies_between_two_offsets() -> None:
    begun, end = (
        offset(a=shard("5", 2), b=shard("7", 1)),
        offset(a=shard("9", 6), b=shard("7", 1, ended=True), c=shard("3", 3)),
    )
    assert ranges(begun, end) == [
        ShardRange("a", "TRIM_HORIZON", "5", "9", 4),
        ShardRange("c", "TRIM_HORIZON", None, "3", 3),
    ]


def test_the_first_batch_begins_where_its_end_says_that_reading_began() -> None:
    end = StreamOffset(1, {"a": ShardOffset("1700000000000", "9", 2)})
    assert ranges(NOTHING, end) == [ShardRange("a", "1700000000000", None, "9", 2)]


def test_a_shard_whose_records_expired_begins_anew_at_the_oldest_that_is_left() -> None:
    known = offset(a=shard("5", 2), b=shard("7", 3))
    anew = restarted(known, ["a", "b"], [Shard("a")], NOW)
    assert (anew.shards["a"].after, anew.shards["a"].taken, anew.shards["b"].ended) == (None, 2, True)
    read_on = anew.with_shards({"a": ShardOffset("TRIM_HORIZON", "9", 4, NOW, restarts=1)})
    assert ranges(known, read_on) == [ShardRange("a", "TRIM_HORIZON", None, "9", 2)]


def test_an_offset_survives_the_checkpoint_and_equal_ones_are_equal_texts() -> None:
    known = offset(b=shard("7", 3, ended=True), a=ShardOffset("1700000000000"))
    text = json.dumps(as_json(known))
    assert from_json(json.loads(text)) == known
    assert json.dumps(as_json(from_json(json.loads(text)))) == text
    assert (
        json.dumps(as_json(StreamOffset(1, {name: known.shards[name] for name in reversed(list(known.shards))})))
        == text
    )


def test_nothing_is_the_empty_offset() -> None:
    assert (as_json(NOTHING), from_json({})) == ({}, NOTHING)


def test_an_offset_of_another_source_is_refused() -> None:
    with pytest.raises(ValueError, match="not of a query that reads Kinesis"):
        from_json({"topic": {"0": 5}})
