"""What a skewed batch costs: every record of one key, or every record an entry of one playlist.

Two batches are refined into a new lake and their changes applied. The second one fetches the same things again, later.
Memory is that of this process and of all it started.

    python tests/bench/skew.py --records 1000000
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
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.processor import resident_megabytes
from bench.refine_alone import SCHEMA
from helpers.building import envelope
from soundlake.kinds import KINDS
from soundlake.lake import Lake
from soundlake.launch.local import spark_environment
from soundlake.refine.apply import apply_changes
from soundlake.refine.batch import Refiner
from soundlake.refine.known import open_index
from soundlake.session import open_session
from soundlake.settings import load_settings
from soundlake.tables import EVENTS

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
AT_ONCE = 50_000
Payload = Callable[[int, int], dict[str, object]]


def play(number: int, total: int) -> dict[str, object]:
    """A play of one user in one second, each time with another duration."""
    return {"user_id": "u", "ts": BEGUN.isoformat(), "ms_played": number, "spotify_track_uri": "spotify:track:t"}


def track(number: int, total: int) -> dict[str, object]:
    """One track, each time with another name."""
    return {"id": "t", "name": f"name {number}", "popularity": number % 100}


def playlist_item(number: int, total: int) -> dict[str, object]:
    """An entry of one playlist."""
    return {"playlist": {"id": "p", "total": total}, "position": number, "track": {"id": f"t{number}", "name": "n"}}


CASES: dict[str, Payload] = {"play": play, "track": track, "playlist_item": playlist_item}


def values(kind: str, total: int, fetch: int) -> Iterator[bytes]:
    for number in range(total):
        # The entries of a playlist are of one fetch; a thing is fetched again and again.
        later = timedelta(days=fetch) + (timedelta(0) if kind == "playlist_item" else timedelta(microseconds=number))
        yield json.dumps(envelope(kind, CASES[kind](number, total), (BEGUN + later).isoformat())).encode()


def bronze(folder: Path, kind: str, total: int, fetch: int) -> Path:
    """A batch, as ingest would have written it."""
    at = BEGUN + timedelta(days=30)
    whole: dict[str, Any] = {"source": "kafka", "stream": kind, "partition": "0"}
    whole |= {"arrived_at": at, "ingested_at": at, "ingest_date": at.date()}
    file = folder / f"{kind}-{fetch}.parquet"
    found = enumerate(values(kind, total, fetch))
    with pq.ParquetWriter(file, SCHEMA) as writer:
        for _ in range(0, total, AT_ONCE):
            rows = [
                {"kind": kind, "value": value, "position": str(place)} | whole
                for place, value in islice(found, AT_ONCE)
            ]
            writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
    return file


def measure(spark: SparkSession, folder: Path, kind: str, records: int) -> None:
    lake = Lake(f"{folder}/{kind}")
    settings = load_settings(lake=lake.uri, env={})
    refiner = Refiner(lake, open_index(settings), settings.refine.driver_records)
    for fetch in (1, 2):
        file = bronze(folder, kind, records, fetch)
        size, begin = file.stat().st_size, time.perf_counter()
        refiner.refine(spark, spark.read.schema(EVENTS.ddl).parquet(str(file)), "a-query", fetch)
        refined = time.perf_counter()
        apply_changes(spark, lake)
        applied = time.perf_counter()
        rows = DeltaTable(lake.path(KINDS[kind].table)).count()
        print(
            f"{kind}, {records:,} records, Parquet of {size / 1e6:.0f} MB: refined in {refined - begin:.0f} s, "
            f"applied in {applied - refined:.0f} s, {rows:,} rows",
            flush=True,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--kind", choices=CASES, action="append", help="of these kinds only")
    told = parser.parse_args()
    os.environ.update(spark_environment())
    memory, ended = [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(1):
            memory.append(resident_megabytes(os.getpid()))

    with tempfile.TemporaryDirectory(prefix="bench-") as folder, open_session("skew") as spark:
        threading.Thread(target=watch, daemon=True).start()
        for kind in told.kind or CASES:
            measure(spark, Path(folder), kind, told.records)
            print(f"{max(memory):,.0f} MB resident at most so far, load {os.getloadavg()[0]:.1f}", flush=True)
        ended.set()


if __name__ == "__main__":
    main()
