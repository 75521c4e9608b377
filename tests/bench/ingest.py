"""How fast a backlog of plays in Kafka becomes a table: the job against plainer ways, from the same topic.

All ways run in one process, one after the other, several rounds over; a first round on a smaller backlog warms the JVM
up and is not counted. Prints rows a second, the ratios to be kept, and what each way lost or doubled.

    python tests/bench/ingest.py --records 1000000
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import duckdb
from deltalake import DeltaTable

sys.path.insert(0, str(Path(__file__).parents[1]))

from pyspark.sql import SparkSession

from bench.ingest_backlog import put
from bench.ingest_ways import PREPARED, WAYS, Backlog
from helpers.services.kafka import kafka_broker
from soundlake.launch.local import spark_environment
from soundlake.session import open_session

RATIOS = (("b", "a", 0.9), ("c", "e", 0.5), ("c", "f", None))
WARM_UP = 100_000
# What tells records and plays apart, in the table that each way makes.
KEYS = {
    "a": 'topic, partition, "offset"',
    "b": "stream, partition, position",
    "c": "play_id",
    "e": "user_id, content_uri, floor(epoch(played_at))",
    "f": "user_id, content_uri, floor(epoch(played_at))",
}


def lost_and_doubled(way: str, table: Path, records: int, plays: int) -> tuple[int, int]:
    """What a table lacks of what was sent, and what it has too often, counted by DuckDB."""
    files = DeltaTable(table).file_uris()
    counts = f"SELECT count(*), count(DISTINCT ({KEYS[way]})) FROM read_parquet({files!r}, hive_partitioning = false)"
    found = duckdb.connect().execute(counts).fetchone()
    assert found is not None
    return (records if way in "ab" else plays) - found[1], found[0] - found[1]


def rounds(
    spark: SparkSession, backlog: Backlog, plays: int, ways: Iterable[str], count: int
) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(count):
        for way, seconds in taken.items():
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                if way in PREPARED:
                    PREPARED[way](spark, Path(folder))
                begin = time.perf_counter()
                table = WAYS[way](spark, backlog, Path(folder))
                seconds.append(time.perf_counter() - begin)
                said = f"round {number} {way}: {backlog.count / seconds[-1]:,.0f} rows/s, load {os.getloadavg()[0]:.1f}"
                if table is not None:
                    lost, doubled = lost_and_doubled(way, table, backlog.count, plays)
                    said += f", lost {lost}, doubled {doubled}"
                print(said, flush=True)
    return taken


def main() -> None:
    """Run the comparison and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm-up", type=int, default=WARM_UP)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    options = parser.parse_args()
    os.environ.update(spark_environment())
    with kafka_broker() as broker, open_session("bench ingest") as spark:
        warm_up, _, warm_plays = put(broker, options.warm_up)
        rounds(spark, Backlog(broker.bootstrap_servers, warm_up, options.warm_up), warm_plays, options.ways, 1)
        topic, size, plays = put(broker, options.records)
        print(f"{options.records:,} records of {size / options.records:.0f} bytes tell of {plays:,} plays", flush=True)
        taken = rounds(
            spark, Backlog(broker.bootstrap_servers, topic, options.records), plays, options.ways, options.rounds
        )
    medians = {way: options.records / median(seconds) for way, seconds in taken.items()}
    for way, rate in medians.items():
        each = ", ".join(f"{options.records / seconds:,.0f}" for seconds in taken[way])
        print(f"{WAYS[way].__doc__}: {rate:,.0f} rows/s ({each})")
    for way, other, wanted in RATIOS:
        if way in medians and other in medians:
            print(
                f"({way}) / ({other}) = {medians[way] / medians[other]:.2f}" + (f", wanted {wanted}" if wanted else "")
            )


if __name__ == "__main__":
    main()
