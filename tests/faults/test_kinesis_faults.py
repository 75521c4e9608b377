"""The real job reads Kinesis while shards are split and merged under its producers, and is killed in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from faults.conftest import Told
from faults.job import Job
from faults.sending import Records
from faults.truth import APPLIED_SOON, Message, is_settled, is_taken, outcome
from helpers.services.kinesis import REGION, Emulator, Stream
from soundlake.kinds import KINDS


@contextmanager
def producing(stream: Stream, records: Records) -> Iterator[list[Message]]:
    """A producer at work; gives the list of what the stream took, which goes on growing."""
    stop = Event()
    sent: list[Message] = []

    def work() -> None:
        records.plays(100)  # something to repeat
        turn = 0
        while not stop.is_set():
            values = [value for value in records.mixture(100) if value]  # Kinesis takes no record without bytes
            keyed = [(f"{turn}-{number}", value) for number, value in enumerate(values)]
            places = stream.put(keyed)
            sent.extend(
                Message(stream.name, shard, position, value)
                for (shard, position), (_, value) in zip(places, keyed, strict=True)
            )
            turn += 1
            stop.wait(1)  # two cores take about 200 records a second of this mixture, a thousand a batch

    thread = Thread(target=work)
    thread.start()
    try:
        yield sent
    finally:
        stop.set()
        thread.join()


@pytest.mark.faults
def test_shards_are_split_and_merged_under_load_and_the_job_is_killed(
    kinesis: Emulator, told: Told, tmp_path: Path
) -> None:
    stream, lake = kinesis.new_stream(shards=2), tmp_path / "lake"
    place = {"stream": stream.name, "region": REGION, "endpoint_url": kinesis.endpoint_url}
    sets = [f"source.kinesis.{name}={value}" for name, value in place.items()]
    sets += [
        APPLIED_SOON,
        "source.kinesis.max_records_per_trigger=1000",
        *[f"source.topics.{kind}={stream.name}" for kind in KINDS],
    ]
    arguments = ["--source", "kinesis", "--lake", str(lake), *[word for one in sets for word in ("--set", one)]]

    with producing(stream, Records(5)) as sent:
        job = Job(tmp_path / "log", *arguments)
        job.wait_until(lambda: is_taken(lake, 1), "a first batch is judged")
        first, second = stream.open_shards()
        left, right = [shard for shard in stream.split(first) if shard != second]
        job.wait_until(lambda: {left, right} <= {message.partition for message in [*sent]}, "the children take records")
        there = len(sent)
        job.wait_until(lambda: is_taken(lake, there), "the children are read")
        job.kill()
        merged = stream.merge(left, right)
        stream.split(second)
        Event().wait(1)
        job = Job(tmp_path / "log", *arguments)
        there = len(sent)
        job.wait_until(lambda: is_taken(lake, there), "what was there is read")
        stream.merge(*sorted(set(stream.open_shards()) - set(merged)))
        Event().wait(2)
    job.wait_until(lambda: is_settled(lake, len(sent)), "all is applied")
    job.kill()
    assert len({message.partition for message in sent}) == 8, "some shards took nothing"
    told("Kinesis: shards split and merged under load, `kill -9` in between", 5, outcome(lake, sent))
