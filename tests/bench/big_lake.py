"""What a batch costs in a big lake and in a small one: alternated, into both by the same code.

Both lakes begin with the same records. The big one then gets made-up tracks and plays with their stamps. A batch is
60 % new plays, 30 % things fetched again of which one in twenty has changed, and 10 % new things. Applying the changes
is not part of a batch, and is timed on its own.

    python tests/bench/big_lake.py --tracks 10000000 --plays 50000000 --folder somewhere
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import write_deltalake
from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.ingest_backlog import made
from bench.refine_alone import SCHEMA
from bench.stamp_index import stamps
from helpers.building import envelope
from soundlake.core.schema import arrow_schema
from soundlake.lake import Lake
from soundlake.launch.local import spark_environment
from soundlake.refine.apply import apply_changes
from soundlake.refine.batch import Refiner
from soundlake.refine.known import open_index
from soundlake.session import open_session
from soundlake.settings import load_settings
from soundlake.tables import EVENTS, PLAYS, STAMPS, TRACKS, Table

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
AT_ONCE = 1_000_000
THINGS = ("track", "artist", "album", "audio_features")
Record = tuple[str, bytes]


def thing(number: int, fetched: int, changes: int = 0) -> Record:
    """A track, artist, album or its features, as fetched at an hour; `changes` goes into its name."""
    kind = THINGS[number % len(THINGS)]
    payload: dict[str, object] = {"id": f"{kind}-{number}", "name": f"name {changes}", "popularity": number % 100}
    if kind == "audio_features":
        payload = {"id": f"track-{number - 3}", "tempo": 100 + changes, "energy": 0.5}
    at = BEGUN + timedelta(hours=fetched)
    return kind, json.dumps(envelope(kind, payload, at.isoformat())).encode()


def batches(records: int, known: int, count: int) -> Iterator[list[Record]]:
    """The first batch is all that is known before, then come those that are timed."""
    plays = (("play", value) for _, value, _ in made(known + records * count))
    yield [*islice(plays, known // 2), *(thing(number, 0) for number in range(known // 2))]
    new = known // 2
    for batch in range(1, count + 1):
        again = ((batch * 3 * records // 10 + place) % (known // 2) for place in range(3 * records // 10))
        rows = [*islice(plays, 6 * records // 10)]
        rows += [thing(number, batch, batch if place % 20 == 0 else 0) for place, number in enumerate(again)]
        rows += [thing(number, batch) for number in range(new, new + records // 10)]
        new += records // 10
        yield rows


def bronze(folder: Path, number: int, records: list[Record]) -> Path:
    """The file of a batch, as ingest would have written it."""
    at = BEGUN + timedelta(hours=number)
    whole = {"source": "kafka", "partition": "0", "arrived_at": at, "ingested_at": at, "ingest_date": at.date()}
    rows = [
        {"kind": kind, "value": value, "stream": kind, "position": str(place)} | whole
        for place, (kind, value) in enumerate(records)
    ]
    file = folder / f"{number}.parquet"
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), file)
    return file


def grow(lake: Lake, tracks: int, plays: int) -> None:
    """Add made-up tracks and plays with their stamps."""
    for number, first in enumerate(range(0, tracks + plays, AT_ONCE)):
        many = min(AT_ONCE, tracks + plays - first)
        is_track = first < tracks
        table, entity = (TRACKS, "track") if is_track else (PLAYS, "play")
        write_deltalake(lake.path(table), made_rows(table, first, many), mode="append")
        write_deltalake(lake.path(STAMPS), stamps(1 << 40 | first, many, entity, f"made/{number}"), mode="append")


def made_rows(table: Table, first: int, many: int) -> pa.Table:
    """Rows of a table: ids as wide as Spotify's and without order, other columns few values; plays over two years."""
    numbers = np.arange(first, first + many, dtype=np.uint64)
    random = np.random.default_rng(first)
    ids = pa.array([f"{number:022x}" for number in random.permutation(numbers) * np.uint64(0x9E3779B97F4A7C15)])
    seconds = random.integers(0, 2 * 365 * 86_400, many) + int(BEGUN.timestamp()) - 3 * 365 * 86_400
    played_at = pa.array(seconds * 1_000_000, pa.timestamp("us", "UTC"))
    values: dict[str, pa.Array] = {
        table.key[0]: ids,
        "played_at": played_at,
        "played_date": played_at.cast(pa.timestamp("us")).cast(pa.date32()),
        "popularity": pa.array(random.integers(0, 100, many), pa.int32()),
        "ms_played": pa.array(random.integers(0, 300_000, many)),
        "fetched_at": pa.repeat(pa.scalar(BEGUN - timedelta(days=1), pa.timestamp("us", "UTC")), many),
    }
    schema = arrow_schema(table)
    return pa.table(
        [values.get(field.name, pa.nulls(many, field.type)).cast(field.type) for field in schema], schema=schema
    )


def timed(spark: SparkSession, refiner: Refiner, file: Path, number: int) -> float:
    begin = time.perf_counter()
    refiner.refine(spark, spark.read.schema(EVENTS.ddl).parquet(str(file)), "a-query", number)
    return time.perf_counter() - begin


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=10_000_000)
    parser.add_argument("--plays", type=int, default=50_000_000)
    parser.add_argument("--known", type=int, default=100_000, help="records that both lakes begin with")
    parser.add_argument("--records", type=int, default=10_000, help="of each batch")
    parser.add_argument("--batches", type=int, default=24)
    parser.add_argument("--warm-up", type=int, default=9, help="batches at the start that are not counted")
    parser.add_argument("--folder", type=Path, required=True, help="an empty one, on a disk with 20 GB free")
    told = parser.parse_args()
    os.environ.update(spark_environment())
    took: dict[str, list[float]] = {"small": [], "big": []}
    applied: dict[str, list[float]] = {"small": [], "big": []}
    with open_session("big lake") as spark:
        lakes = {name: Lake(f"{told.folder}/{name}") for name in took}
        refiners = {}
        for name, lake in lakes.items():
            settings = load_settings(lake=lake.uri, env={})
            refiners[name] = Refiner(lake, open_index(settings), settings.refine.driver_records)
        for number, records in enumerate(batches(told.records, told.known, told.batches)):
            file = bronze(told.folder, number, records)
            for name in (("small", "big"), ("big", "small"))[number % 2]:
                took[name].append(timed(spark, refiners[name], file, number))
                if number % 3 == 0 and number > 0:
                    begin = time.perf_counter()
                    apply_changes(spark, lakes[name])
                    applied[name].append(time.perf_counter() - begin)
            if number == 0:
                begin = time.perf_counter()
                grow(lakes["big"], told.tracks, told.plays)
                print(f"the big lake made in {time.perf_counter() - begin:.0f} s", flush=True)
            else:
                spent = ", ".join(f"{name} {took[name][-1]:.2f} s" for name in took)
                print(f"batch {number}: {spent}, load {os.getloadavg()[0]:.1f}", flush=True)
    middle = {name: median(each[told.warm_up :]) for name, each in took.items()}
    apply = {name: median(each[len(each) // 3 :]) for name, each in applied.items()}
    print(
        f"a batch of {told.records:,}: {middle['small']:.2f} s beside {told.known:,} records, {middle['big']:.2f} s "
        f"beside {told.tracks:,} tracks and {told.plays:,} plays: {middle['big'] / middle['small']:.2f}"
    )
    print(
        f"applying the changes of three batches: {apply['small']:.2f} s, {apply['big']:.2f} s: "
        f"{apply['big'] / apply['small']:.2f}"
    )


if __name__ == "__main__":
    main()
