"""How long a play takes from its producer to a row that can be read, and the job from its start to its first batch.

The real job runs as a child process with its usual trigger, reading a real Kafka. Starts come first, each of a new lake
with records waiting, up to the first commit of ops/batches; then plays are sent at an even pace. A play can be read
from the moment that the commit with its row stands in the Delta log of silver/plays; it was produced when it was handed
to the producer.

    python tests/bench/latency.py --rate 500 --seconds 300 --warm-up 150
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import pyarrow.parquet as pq
from confluent_kafka import Producer

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.ingest_backlog import made
from faults.job import Job, running
from helpers.services.kafka import Broker, kafka_broker
from soundlake.tables import BATCHES, PLAYS


def options(broker: Broker, topic: str, lake: Path) -> list[str]:
    sets = [
        f"source.kafka.bootstrap_servers={broker.bootstrap_servers}",
        f"source.kafka.topic_pattern={topic}",
        f"source.topics.play={topic}",
    ]
    return ["--source", "kafka", "--lake", str(lake), *[word for one in sets for word in ("--set", one)]]


def start_up(broker: Broker, topic: str, folder: Path) -> float:
    """Seconds from the start of a job to its first committed batch."""
    begin = time.perf_counter()
    with running(folder / "log", *options(broker, topic, folder / "lake")) as job:
        await_batch(job, folder / "lake")
        return time.perf_counter() - begin


def await_batch(job: Job, lake: Path) -> None:
    # The first commit makes the table, the second holds the first batch.
    job.wait_until(lambda: len(commits(lake / BATCHES.path)) > 1, "a batch is committed")


def commits(table: Path) -> list[Path]:
    return sorted((table / "_delta_log").glob("*[0-9].json"))


def send(broker: Broker, topic: str, rate: int, seconds: int) -> dict[tuple[str, int], float]:
    """Send plays at an even pace; returns when each was handed over, by its user and second."""
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "linger.ms": 5, "acks": "all"})
    produced: dict[tuple[str, int], float] = {}
    begin = time.time()
    for number, (key, value, (user, _, second)) in enumerate(made(rate * seconds)):
        wait = begin + number / rate - time.time()
        if wait > 0.002:
            producer.poll(0)
            time.sleep(wait)
        producer.produce(topic, key=key, value=value)
        produced.setdefault((user, second), time.time())
    producer.flush(30)
    return produced


def readable(lake: Path) -> dict[tuple[str, int], float]:
    """When each play could be read, by its user and second."""
    found: dict[tuple[str, int], float] = {}
    for commit in commits(lake / PLAYS.path):
        at = commit.stat().st_mtime
        for action in map(json.loads, commit.read_text().splitlines()):
            if "add" in action:
                rows = pq.read_table(lake / PLAYS.path / action["add"]["path"], columns=["user_id", "played_at"])
                for user, played_at in zip(*[column.to_pylist() for column in rows.columns], strict=True):
                    found.setdefault((user, int(played_at.timestamp())), at)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=300)
    # Compiling takes minutes on two cores; a job that runs for days does this once.
    parser.add_argument("--warm-up", type=int, default=150, help="seconds at the start that are shown, not counted")
    parser.add_argument("--starts", type=int, default=3)
    options_ = parser.parse_args()
    with kafka_broker() as broker, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        waiting = broker.create_topic(partitions=4)
        broker.put(waiting, [(key, value) for key, value, _ in made(1_000)])
        starts = []
        for number in range(options_.starts):
            place = Path(folder) / f"start-{number}"
            place.mkdir()
            starts.append(start_up(broker, waiting, place))
        each = ", ".join(f"{seconds:.1f}" for seconds in starts)
        print(f"start to first committed batch: median {median(starts):.1f} s ({each})", flush=True)

        topic, lake = broker.create_topic(partitions=4), Path(folder) / "lake"
        with running(Path(folder) / "log", *options(broker, topic, lake)) as job:
            produced = send(broker, topic, options_.rate, options_.seconds)
            job.wait_until(lambda: len(readable(lake)) >= len(produced), "all plays can be read")
        there, begin = readable(lake), min(produced.values())
        took = [(at - begin, there[play] - at) for play, at in produced.items()]
        for second in range(0, options_.seconds, 30):
            part = [latency for at, latency in took if second <= at < second + 30]
            print(f"from second {second}: p50 {median(part):.2f} s")
        steady = [latency for at, latency in took if at > options_.warm_up]
        cuts = quantiles(steady, n=100)
        print(
            f"{options_.rate} plays/s for {options_.seconds} s, the first {options_.warm_up} s not counted: "
            f"p50 {cuts[49]:.2f} s, p95 {cuts[94]:.2f} s, p99 {cuts[98]:.2f} s, max {max(steady):.2f} s; "
            f"lost {len(produced.keys() - there.keys())}; load {os.getloadavg()[0]:.1f}"
        )


if __name__ == "__main__":
    main()
