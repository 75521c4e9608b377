"""The real job reads a real Kafka while it is killed, its broker is killed, and its producers misbehave.

One job runs on through most of these tests, as it would for months; each test ends with all that was ever sent held
against what the lake has.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from threading import Event

import pytest

from faults.conftest import Told
from faults.job import Job
from faults.sending import TEN_DAYS, Records, Values, keyed, messages, producing
from faults.truth import APPLIED_SOON, Message, Outcome, is_settled, is_taken, outcome
from helpers.reading import rows
from helpers.services.kafka import Broker
from soundlake.kinds import KINDS
from soundlake.tables import BATCHES

SEED = 20261124
ALL = pytest.mark.faults


def options(broker: Broker, topic: str, lake: Path, *sets: str) -> list[str]:
    """The job's options: one topic carries all kinds."""
    named = [f"source.kafka.bootstrap_servers={broker.bootstrap_servers}", APPLIED_SOON, *sets]
    named += [f"source.topics.{kind}={topic}" for kind in KINDS]
    return ["--source", "kafka", "--lake", str(lake), *[word for one in named for word in ("--set", one)]]


@dataclass
class Flow:
    """A topic, the lake it flows into, and the job that is running, if one is."""

    broker: Broker
    folder: Path
    topic: str
    records: Records = field(default_factory=lambda: Records(SEED))
    job: Job | None = None

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    @property
    def ingest(self) -> Path:
        return self.lake / "_checkpoints" / "ingest"

    def start(self) -> Job:
        """The running job, started where there is none."""
        if self.job is None or not self.job.is_running():
            self.job = Job(self.folder / "log", *options(self.broker, self.topic, self.lake))
        return self.job

    def send(self, values: Values) -> None:
        self.broker.put(self.topic, keyed(values))

    def planned(self) -> int:
        """How many batches ingest has planned."""
        return sum(file.name.isdigit() for file in (self.ingest / "offsets").glob("*"))

    def has_planned_more(self, batches: int) -> bool:
        return self.planned() > batches

    def come_to(self) -> Outcome:
        """Wait until all that was sent is judged and applied, and count."""
        sent = messages(self.broker, self.topic)
        self.start().wait_until(lambda: is_settled(self.lake, len(sent)), f"all {len(sent)} records are applied")
        return outcome(self.lake, sent)


@pytest.fixture(scope="module")
def flow(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    flow = Flow(kafka, tmp_path_factory.mktemp("flow"), kafka.create_topic(partitions=3))
    try:
        yield flow
    finally:
        if flow.job is not None:
            flow.job.kill()


@pytest.mark.parametrize("rounds", [1, pytest.param(19, marks=(ALL, pytest.mark.timeout(1_800)))])
def test_killed_at_random_times_while_producers_run(flow: Flow, told: Told, rounds: int) -> None:
    random = Random(SEED + rounds)  # noqa: S311 - nothing secret
    with producing(flow.broker, flow.topic, Records(SEED + rounds)):
        for _ in range(rounds):
            job, planned = flow.start(), flow.planned()
            if random.random() < 0.8:
                job.wait_until(partial(flow.has_planned_more, planned), "a batch is planned", every=0.01)
            Event().wait(random.uniform(0, 4))
            job.kill()
        flow.start()
    told("`kill -9` at a random time, producers running", rounds, flow.come_to())


@ALL
def test_the_broker_is_killed_in_the_middle_of_a_batch(flow: Flow, told: Told) -> None:
    job = flow.start()
    flow.come_to()
    planned = flow.planned()
    flow.send(flow.records.plays(60_000))
    job.wait_until(lambda: flow.planned() > planned, "a batch is planned", every=0.01)
    flow.broker.kill()
    flow.broker.start()
    flow.send(flow.records.mixture(2_000))
    told("broker killed with `kill -9` and started again in the middle of a batch", 1, flow.come_to())
    assert flow.job is job, "the job had to be started again"


@ALL
def test_partitions_are_added_while_producers_run(flow: Flow, told: Told) -> None:
    flow.start()
    with producing(flow.broker, flow.topic, Records(SEED + 100)):
        flow.broker.add_partitions(flow.topic, 6)
        Event().wait(3)
    flow.send(flow.records.plays(5_000))
    assert {message.partition for message in messages(flow.broker, flow.topic)} == set("012345")
    told("partitions added while producers run", 1, flow.come_to())


@ALL
def test_a_producer_repeats_within_across_and_beyond_batches(flow: Flow, told: Told) -> None:
    flow.start()
    flow.send([*flow.records.plays(2_000), *flow.records.repeats(2_000, among=2_000)])
    flow.come_to()
    flow.send(flow.records.repeats(2_000, among=2_000))
    flow.come_to()
    flow.send(flow.records.repeats(4_000))
    told("producer repeats within, across and beyond batches", 3, flow.come_to())


@ALL
def test_shuffled_events_and_those_that_are_ten_days_late(flow: Flow, told: Told) -> None:
    flow.start()
    values = [*flow.records.plays(2_000), *flow.records.plays(2_000, late=TEN_DAYS), *flow.records.tracks(2_000)]
    flow.records.random.shuffle(values)
    flow.send(values[:3_000])
    flow.come_to()
    flow.send(values[3_000:])
    told("events shuffled and ten days late", 2, flow.come_to())


@ALL
def test_poison_of_every_sort_between_good_records(flow: Flow, told: Told) -> None:
    flow.start()
    poison, good = flow.records.poison(10_000), flow.records.plays(10_000)
    flow.send([value for pair in zip(poison, good, strict=True) for value in pair])
    told("10,000 poison records of every sort between good ones", 1, flow.come_to())


@ALL
def test_a_second_driver_is_refused_and_sigterm_ends_the_first_in_peace(flow: Flow, told: Told, tmp_path: Path) -> None:
    job = flow.start()
    with producing(flow.broker, flow.topic, Records(SEED + 200)):
        second = Job(tmp_path / "log", *options(flow.broker, flow.topic, flow.lake, "lake.lease_wait=0 seconds"))
        assert second.wait() == 1
        assert "already at work" in second.said()
        assert job.terminate() == 0
    told("two drivers, then SIGTERM, producers running", 2, flow.come_to())


@ALL
@pytest.mark.parametrize(
    ("damage", "said"), [("deleted", "do not belong together"), ("cut off", "truncated")], ids=["deleted", "cut off"]
)
def test_a_damaged_checkpoint_is_refused_until_it_is_put_back(
    flow: Flow, told: Told, tmp_path: Path, damage: str, said: str
) -> None:
    flow.come_to()
    assert flow.start().terminate() == 0
    flow.send(flow.records.mixture(500))
    kept = shutil.copytree(flow.ingest, tmp_path / "kept")
    if damage == "deleted":
        shutil.rmtree(flow.ingest)
    else:
        last = max((flow.ingest / "offsets").glob("[0-9]*"), key=lambda file: int(file.name))
        last.write_bytes(last.read_bytes()[:30])
        last.with_name(f".{last.name}.crc").unlink(missing_ok=True)
    refused = Job(tmp_path / "log", *options(flow.broker, flow.topic, flow.lake))
    assert refused.wait() == 1
    assert said in refused.said()
    assert is_taken(flow.lake, len(messages(flow.broker, flow.topic)) - 500)
    shutil.rmtree(flow.ingest, ignore_errors=True)
    shutil.copytree(kept, flow.ingest)
    told(f"checkpoint {damage}, refused, then put back", 1, flow.come_to())


@ALL
def test_expired_offsets_stop_the_job_and_are_recorded_where_skipping_is_allowed(
    kafka: Broker, told: Told, tmp_path: Path
) -> None:
    flow = Flow(kafka, tmp_path, kafka.create_topic())
    flow.send(flow.records.plays(500))
    starts = f'source.kafka.starting_offsets={{"{flow.topic}": {{"0": 100}}}}'
    once = [*options(kafka, flow.topic, flow.lake, starts), "--once"]
    assert Job(tmp_path / "log", *once).wait() == 0
    taken = messages(kafka, flow.topic)[100:]
    flow.send(flow.records.plays(500))
    kafka.expire(flow.topic, 0, before=700)
    stopped = Job(tmp_path / "stopped", *once)
    assert stopped.wait() == 1
    assert "200 records after position 499, before position 700" in stopped.said()
    assert "source.kafka.skip_expired=true" in stopped.said()
    assert Job(tmp_path / "log", *once, "--set", "source.kafka.skip_expired=true").wait() == 0
    there: list[Message] = [*taken, *messages(kafka, flow.topic)]
    told("offsets expired: stopped, then skipped as allowed", 1, outcome(flow.lake, there))
    assert gaps(flow.lake) == [(flow.topic, "0", "499", "700", 200)]


def gaps(lake: Path) -> list[tuple[object, ...]]:
    return [tuple(gap.values()) for row in rows(lake, BATCHES) for gap in row["gaps"] or ()]
