"""A stream for an hour: records of all kinds with dirt at an even pace; how long batches take, and how much memory.

The real job runs as a child process with its usual trigger, reading a real Kafka: 250 plays and 50 other records a
second (things fetched again of which one in twenty has changed, new things, and something that no table can take).
Batches are timed by ops/batches; memory is what the job's processes have resident. At the end silver/plays, joined and
checkpointed by the stream itself, is scanned beside the same rows freshly written, and the job is started once more.

    python tests/bench/mixed.py --seconds 3600
    python tests/bench/mixed.py --seconds 2400 --set "trigger.interval=1 second"  # thousands of small commits
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

import duckdb
from confluent_kafka import Producer
from deltalake import DeltaTable, write_deltalake

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.ingest_backlog import made
from bench.processor import resident_megabytes
from faults.job import running
from helpers.building import envelope
from helpers.reading import rows
from helpers.services.kafka import kafka_broker
from soundlake import tables
from soundlake.tables import BATCHES, EVENTS

PLAYS, OTHERS = 250, 50  # a second
WARM_UP = 300  # seconds, after which batches are compared
WINDOW = 300


def others() -> Iterator[tuple[str, bytes]]:
    """Records of the other kinds, on and on: kind of the topic, and value."""
    begun = datetime.now(UTC)
    number = 0
    while True:
        fetched_at = (begun + timedelta(seconds=number / OTHERS)).isoformat()
        thing = number % 5_000 if number % 10 < 7 else number
        name = f"name {number // 5_000}" if number % 20 == 0 else "name"
        kind = ("track", "artist", "album", "audio_features", "playlist_item", "user_item", "playlist")[number % 7]
        payload: dict[str, object] = {"id": f"{kind}-{thing}", "name": name, "popularity": number % 100}
        if kind == "audio_features":
            payload = {"id": f"track-{thing}", "tempo": 100 + number % 50, "energy": 0.5}
        elif kind == "playlist_item":
            playlist = {"id": f"playlist-{number // 700}", "total": 100}
            payload = {"playlist": playlist, "position": number // 7 % 100, "track": {"id": f"track-{thing}"}}
            fetched_at = (begun + timedelta(seconds=number // 700)).isoformat()
        elif kind == "user_item":
            payload = {"user_id": f"user-{thing % 500}", "relation": "saved", "track": {"id": f"track-{thing}"}}
        dirt = number % 50 == 0
        yield kind, b"{no JSON" if dirt else json.dumps(envelope(kind, payload, fetched_at)).encode()
        number += 1


def send(servers: str, topics: dict[str, str], seconds: int) -> int:
    """Send at an even pace; returns how many records."""
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 5, "acks": "all"})
    plays, more = made(PLAYS * seconds), others()
    begin, sent = time.time(), 0
    for second in range(seconds):
        for number in range(PLAYS + OTHERS):
            kind, value = ("play", next(plays)[1]) if number < PLAYS else next(more)
            producer.produce(topics[kind], value=value)
            sent += 1
        producer.poll(0)
        time.sleep(max(0.0, begin + second + 1 - time.time()))
    producer.flush(30)
    return sent


def scan_beside_fresh(lake: Path, folder: Path) -> str:
    """How long a scan of all columns of silver/plays takes, and of the same rows in one freshly written table."""
    grown, fresh = str(lake / tables.PLAYS.path), str(folder / "fresh")
    write_deltalake(fresh, DeltaTable(grown).to_pyarrow_table())
    opened: dict[str, list[float]] = {grown: [], fresh: []}
    took: dict[str, list[float]] = {grown: [], fresh: []}
    with duckdb.connect() as connection:
        columns = ", ".join(f"max(hash({field.name}))" for field in DeltaTable(grown).schema().fields)
        for _ in range(7):
            for table, seconds in took.items():
                begin = time.monotonic()
                files = DeltaTable(table).file_uris()
                opened[table].append(time.monotonic() - begin)
                connection.execute(f"select {columns} from read_parquet($files)", {"files": files}).fetchall()
                seconds.append(time.monotonic() - begin)
    now = DeltaTable(grown)
    return (
        f"silver/plays, version {now.version()}, {now.count():,} rows in {len(now.file_uris())} files: "
        f"a scan {median(took[grown]):.3f} s, {median(opened[grown]):.3f} of them to open the table, "
        f"freshly written {median(took[fresh]):.3f} and {median(opened[fresh]):.3f} s, "
        f"ratio {median(took[grown]) / median(took[fresh]):.2f}"
    )


def start_again(log: Path, words: list[str], lake: Path, send_one: Callable[[], object]) -> float:
    """Seconds from the start of the job on this lake to its first batch, which has one record."""
    before, begin = _judged(lake), time.monotonic()
    send_one()
    with running(log, *words) as job:
        job.wait_until(lambda: _judged(lake) > before, "one more record is judged")
        return time.monotonic() - begin


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3_600)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the job")
    told = parser.parse_args()
    memory: list[float] = []
    with kafka_broker() as broker, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        kinds = ("track", "artist", "album", "audio_features", "playlist", "playlist_item", "play", "user_item")
        topics = {kind: broker.create_topic(partitions=1) for kind in kinds}
        lake = Path(folder) / "lake"
        sets = [f"source.kafka.bootstrap_servers={broker.bootstrap_servers}"]
        sets += [f"source.topics.{kind}={topic}" for kind, topic in topics.items()] + told.set
        words = ["--source", "kafka", "--lake", str(lake), *[word for one in sets for word in ("--set", one)]]
        with running(Path(folder) / "log", *words) as job:
            ended = threading.Event()

            def watch() -> None:
                while not ended.wait(10):
                    memory.append(resident_megabytes(job.pid))

            threading.Thread(target=watch, daemon=True).start()
            sent = send(broker.bootstrap_servers, topics, told.seconds)
            job.wait_until(lambda: _judged(lake) >= sent, "all records are judged")
            ended.set()
            job.terminate()
        found = sorted((row["started_at"], row["duration_ms"] / 1000, row["read"]) for row in rows(lake, BATCHES))
        bronze = DeltaTable(str(lake / EVENTS.path)).count()
        print(scan_beside_fresh(lake, Path(folder)), flush=True)
        play: tuple[bytes | None, bytes | None] = (b"one more", next(made(1))[1])
        again = [
            start_again(Path(folder) / f"again-{n}", words, lake, partial(broker.put, topics["play"], [play]))
            for n in range(3)
        ]
        print(f"the job started once more: first batch after {median(again):.1f} s", flush=True)
    first = found[0][0]
    windows: dict[int, list[float]] = {}
    for started_at, seconds, _ in found:
        windows.setdefault(int((started_at - first).total_seconds()) // WINDOW, []).append(seconds)
    for window, seconds in sorted(windows.items()):
        print(f"from second {window * WINDOW}: {len(seconds)} batches, median {median(seconds):.2f} s")
    steady = [seconds for at, seconds, _ in found if (at - first).total_seconds() >= WARM_UP]
    last = windows[max(number for number, each in windows.items() if len(each) > 10)]
    early = windows.get(WARM_UP // WINDOW, steady)
    print(
        f"{PLAYS + OTHERS} records a second for {told.seconds} s: {sent} sent, {bronze} in bronze, "
        f"{sum(read for *_, read in found)} judged; median batch after {WARM_UP} s {median(steady):.2f} s, "
        f"at the end / then {median(last) / median(early):.2f}; resident at most {max(memory):.0f} MB, "
        f"median {median(memory):.0f} MB; load {os.getloadavg()[0]:.1f}"
    )


def _judged(lake: Path) -> int:
    return sum(row["read"] for row in rows(lake, BATCHES))


if __name__ == "__main__":
    main()
