"""Planning and reading batches, against an emulator of Kinesis that reshards, throttles and forgets iterators."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from helpers.services.kinesis import REGION, Emulator, Stream
from soundlake.errors import SoundlakeError
from soundlake.sources.kinesis import planner as planning
from soundlake.sources.kinesis.client import StreamAddress, connect, describe, list_shards
from soundlake.sources.kinesis.expiry import find_gaps
from soundlake.sources.kinesis.offsets import (
    NOTHING,
    TRIM_HORIZON,
    ShardOffset,
    StreamOffset,
    as_json,
    from_json,
    ranges,
)
from soundlake.sources.kinesis.planner import BatchLimits, Planner
from soundlake.sources.kinesis.remaining import has_unread
from soundlake.sources.kinesis.shard_reader import EXPIRED, ShardReader, read_range
from soundlake.sources.kinesis.shards import Shard

DAY = 24 * 3600 * 1000


@pytest.fixture
def stream(kinesis: Emulator) -> Stream:
    return kinesis.new_stream(shards=2)


@pytest.fixture
def client(kinesis: Emulator) -> Any:
    return connect(StreamAddress("any", REGION, kinesis.endpoint_url))


def planner(
    client: Any, stream: Stream, start: str = "TRIM_HORIZON", records: int = 1000, carried: int = 0, **more: Any
) -> Planner:
    return Planner(client, stream.name, start, BatchLimits(records, carried), **more)


def batches(plan: Planner, begun: StreamOffset = NOTHING) -> Iterator[tuple[StreamOffset, StreamOffset]]:
    """The batches until there is nothing new, each with its beginning."""
    while (end := plan.plan(begun)) is not begun:
        yield begun, end
        begun = end


def read(client: Any, stream: Stream, begun: StreamOffset, end: StreamOffset) -> list[tuple[str, str, bytes]]:
    return [
        (wanted.shard, record["SequenceNumber"], record["Data"])
        for wanted in ranges(begun, end)
        for page in read_range(client, stream.name, wanted)
        for record in page
    ]


def numbered(first: int, last: int) -> list[tuple[str, bytes]]:
    return [(f"key-{number}", str(number).encode()) for number in range(first, last)]


def numbers(records: list[tuple[str, str, bytes]]) -> list[int]:
    return sorted(int(data) for _, _, data in records)


def test_batches_are_bounded_and_take_everything_once(client: Any, stream: Stream) -> None:
    places = stream.put(numbered(0, 500))
    found = [read(client, stream, *batch) for batch in batches(planner(client, stream, records=100))]
    assert max(len(records) for records in found) <= 100
    taken = [record for records in found for record in records]
    assert numbers(taken) == list(range(500))
    assert sorted((shard, number) for shard, number, _ in taken) == sorted(places)


def test_a_batch_reads_the_same_again_whatever_came_since(client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 50))
    end = planner(client, stream).plan(NOTHING)
    first = read(client, stream, NOTHING, end)
    stream.put(numbered(50, 80))
    again = read(client, stream, NOTHING, from_json(as_json(end)))
    assert again == first


def test_nothing_new_is_the_same_offset(client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 5))
    plan = planner(client, stream)
    end = plan.plan(NOTHING)
    assert plan.plan(end) is end
    assert as_json(planner(client, stream).plan(end)) == as_json(end)


def test_children_are_read_after_their_parents_through_splits_and_merges(client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 100))
    first, second = stream.open_shards()
    open_now = stream.split(first)
    stream.put(numbered(100, 200))
    stream.merge(*[shard for shard in open_now if shard != second])
    stream.put(numbered(200, 300))
    parents = {shard.name: shard.parents for shard in list_shards(client, stream.name)}

    seen: set[str] = set()
    drained: set[str] = set()
    taken = []
    for begun, end in batches(planner(client, stream, records=30)):
        records = read(client, stream, begun, end)
        for shard, _, _ in records:
            assert set(parents[shard]) <= drained
        seen |= {shard for shard, _, _ in records}
        drained |= {name for name, shard in end.shards.items() if shard.ended}
        taken += records
    assert numbers(taken) == list(range(300))
    assert len(seen) == 5


def test_shards_that_ended_and_are_listed_no_more_are_not_looked_for(
    client: Any, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.put(numbered(0, 5))
    plan = planner(client, stream)
    expired = ShardOffset(TRIM_HORIZON, ended=True, since=int(time.time() * 1000))
    end = plan.plan(NOTHING).with_shards({"shardId-000000000099": expired})
    looked: list[str] = []

    def listing(client: Any, name: str) -> list[Shard]:
        looked.append(name)
        return list_shards(client, name)

    monkeypatch.setattr(planning, "list_shards", listing)
    assert plan.plan(end) is end
    assert looked == []


def test_a_shard_that_splits_while_it_is_read_loses_nothing(client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 20))
    plan = planner(client, stream)
    (only,) = list(batches(plan))[-1:]
    taken = read(client, stream, NOTHING, only[1])
    stream.split(stream.open_shards()[0])
    stream.put(numbered(20, 60))
    for batch in batches(plan, only[1]):
        taken += read(client, stream, *batch)
    assert numbers(taken) == list(range(60))


def test_latest_takes_what_comes_after_the_first_plan_and_is_resolved_once(client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 20))
    begin = describe(client, stream.name).now
    while describe(client, stream.name).now == begin:  # the emulator's clock says seconds
        pass
    end = planner(client, stream, start="LATEST").plan(NOTHING)
    assert ranges(NOTHING, end) == []
    stream.put(numbered(20, 30))
    restarted = planner(client, stream, start="LATEST")
    taken = [record for batch in batches(restarted, end) for record in read(client, stream, *batch)]
    assert numbers(taken) == list(range(20, 30))


def test_a_start_in_time_takes_what_arrived_since(client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 20))
    begin = describe(client, stream.name).now
    while (since := describe(client, stream.name).now) == begin:
        pass
    stream.put(numbered(20, 30))
    end = planner(client, stream, start=str(since)).plan(NOTHING)
    assert numbers(read(client, stream, NOTHING, end)) == list(range(20, 30))


def test_records_are_carried_up_to_a_size_and_read_again_beyond(kinesis: Emulator, client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 40))
    small, large = planner(client, stream, carried=1000), planner(client, stream, carried=100_000)
    end = large.plan(NOTHING)
    wanted = ranges(NOTHING, end)
    assert sum(len(large.carried(one) or []) for one in wanted) == 40
    small.plan(NOTHING)
    assert [small.carried(one) for one in wanted] == [None, None]
    before = kinesis.calls()["GetRecords"]
    read(client, stream, NOTHING, end)
    assert kinesis.calls()["GetRecords"] - before == 2


def test_a_caught_up_shard_costs_one_read_a_plan(kinesis: Emulator, client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 40))
    plan = planner(client, stream)
    end = plan.plan(NOTHING)
    before = dict(kinesis.calls())
    for _ in range(3):
        plan.plan(end)
    spent = {name: count - before.get(name, 0) for name, count in kinesis.calls().items()}
    assert spent == {"GetRecords": 6, "GetShardIterator": 0, "ListShards": 0, "DescribeStreamSummary": 0}


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("GetRecords", "ProvisionedThroughputExceededException"),
        ("GetShardIterator", "ProvisionedThroughputExceededException"),
        ("ListShards", "LimitExceededException"),
        ("GetRecords", "ExpiredIteratorException"),
    ],
)
def test_throttled_calls_and_expired_iterators_are_tried_again(
    kinesis: Emulator, client: Any, stream: Stream, operation: str, error: str
) -> None:
    stream.put(numbered(0, 40))
    kinesis.fail(operation, error, times=1)
    end = planner(client, stream).plan(NOTHING)
    kinesis.fail(operation, error, times=1)
    assert numbers(read(client, stream, NOTHING, end)) == list(range(40))
    kinesis.fail(operation, error, times=0)


def test_a_crawl_whose_iterator_expired_goes_on_where_it_was(kinesis: Emulator, client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 40))
    walk = ShardReader(client, stream.name, stream.open_shards()[0], "TRIM_HORIZON", None)
    first = walk.next_page(5).records
    kinesis.fail("GetRecords", "ExpiredIteratorException", times=1)
    rest = walk.next_page(100).records
    positions = [int(record["SequenceNumber"]) for record in [*first, *rest]]
    assert all(one < other for one, other in pairwise(positions))
    assert len(positions) == len(set(positions)) > 5


def test_a_batch_that_is_no_longer_all_there_is_refused(client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 40))
    end = planner(client, stream).plan(NOTHING)
    name, shard = next(iter(end.shards.items()))
    more = StreamOffset(end.created, {name: ShardOffset(shard.start, shard.after, shard.taken + 1)})
    with pytest.raises(SoundlakeError, match=EXPIRED):
        read(client, stream, NOTHING, more)


def test_a_stream_made_anew_under_the_same_name_is_refused(client: Any, stream: Stream) -> None:
    end = planner(client, stream).plan(NOTHING)
    other = StreamOffset(end.created - 1000 if end.created else None, end.shards)
    with pytest.raises(SoundlakeError, match="was deleted and recreated"):
        planner(client, stream).plan(other)


def test_what_arrived_before_is_left_until_it_is_read(client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 5))
    opened = describe(client, stream.name).now
    plan = planner(client, stream, records=4)
    first = plan.plan(NOTHING)
    assert has_unread(client, stream.name, first, by=opened)
    (*_, (_, last)) = batches(plan, first)
    assert not has_unread(client, stream.name, last, by=opened)


def test_what_arrives_later_is_not_waited_for(client: Any, stream: Stream) -> None:
    end = planner(client, stream).plan(NOTHING)
    opened = describe(client, stream.name).now
    stream.put(numbered(0, 5))
    assert not has_unread(client, stream.name, end, by=opened - 5000)


def aged(offset: StreamOffset, **changes: Any) -> StreamOffset:
    """The offset of a query that stood still for two days, on a stream that keeps one."""
    old = {
        name: ShardOffset(**{**vars(shard), "since": shard.since - 2 * DAY, **changes})
        for name, shard in offset.shards.items()
    }
    return StreamOffset(offset.created, old)


def gaps(client: Any, stream: Stream, offset: StreamOffset) -> tuple[Any, ...]:
    about = describe(client, stream.name)
    return find_gaps(client, stream.name, offset, list_shards(client, stream.name), about, about.now)


def test_nothing_is_lost_while_the_last_record_that_was_read_is_still_there(client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 40))
    assert gaps(client, stream, aged(planner(client, stream).plan(NOTHING))) == ()


def test_records_may_be_lost_where_the_last_one_read_is_gone_and_the_rest_was_old(client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 40))
    end = planner(client, stream).plan(NOTHING)
    (first, shard), *_ = end.shards.items()
    before = str(int(shard.after or 0) - 1)  # a record that Kinesis does not have
    lost = gaps(client, stream, aged(StreamOffset(end.created, {first: shard}), after=before))
    assert [(gap.partition, gap.after, gap.records) for gap in lost] == [(first, before, None)]
    assert lost[0].before is not None
    assert (
        gaps(client, stream, StreamOffset(end.created, {first: ShardOffset(**{**vars(shard), "after": before})})) == ()
    )


def test_expired_records_stop_planning_unless_skipping_them_is_allowed_once(client: Any, stream: Stream) -> None:
    stream.put(numbered(0, 40))
    end = planner(client, stream).plan(NOTHING)
    (name, shard), *_ = end.shards.items()
    gone = StreamOffset(end.created, {**end.shards, "shardId-000000000999": shard})
    with pytest.raises(SoundlakeError, match=f"{EXPIRED}.*shardId-000000000999"):
        planner(client, stream).plan(gone)
    plan = planner(client, stream, skips=["shardId-000000000999"])
    skipped = plan.plan(gone)
    assert skipped.shards["shardId-000000000999"].ended
    assert skipped.shards[name].after == shard.after
    assert ranges(gone, skipped) == []


def test_a_stream_that_stays_idle_writes_down_that_it_was_caught_up(client: Any, stream: Stream) -> None:
    clock = [0.0]
    about = describe(client, stream.name)
    clock[0] = about.now / 1000
    plan = planner(client, stream, clock=lambda: clock[0])
    end = plan.plan(NOTHING)
    clock[0] += 5 * 3600
    assert plan.plan(end) is end
    clock[0] += 2 * 3600
    later = plan.plan(end)
    assert later is not end
    assert ranges(end, later) == []
    assert min(shard.since for shard in later.shards.values()) == int(clock[0] * 1000)
