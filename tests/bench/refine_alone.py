"""What a batch of refine costs when nothing else runs in its JVM: time, processor time by thread, the planning in it.

Batches of plays are refined one after the other into a new lake; the first ones, in which the JVM compiles, are not
counted. With --split the table of stamps is cut into so many files half-way: what batches cost before and after is the
price of small files. --driver-records 0 judges every batch on the workers, and a number above --records every batch on
the driver: where the two cross is where refine.driver_records belongs.

    python tests/bench/refine_alone.py --batches 80 --records 2500
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.ingest_backlog import made
from soundlake.lake import Lake
from soundlake.launch.local import spark_environment
from soundlake.refine.batch import Refiner
from soundlake.refine.known import open_index
from soundlake.session import open_session
from soundlake.settings import load_settings
from soundlake.tables import EVENTS, STAMPS

INSTANT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("kind", "key", "source", "stream", "partition", "position")]
    + [("value", pa.binary()), ("arrived_at", INSTANT), ("ingested_at", INSTANT), ("ingest_date", pa.date32())]
)
THREADS = 8  # families that are shown


def bronze(folder: Path, batches: int, records: int) -> Iterator[Path]:
    """A file for each batch, as ingest would have written it."""
    now = datetime.now(UTC)
    arrived = {"arrived_at": now, "ingested_at": now, "ingest_date": now.date()}
    plays = enumerate(made(batches * records))
    for number in range(batches):
        rows = [
            {"kind": "play", "source": "kafka", "stream": "plays", "partition": "0", "position": str(position)}
            | {"key": key.decode(), "value": value}
            | arrived
            for position, (key, value, _) in islice(plays, records)
        ]
        file = folder / f"{number}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), file)
        yield file


def processor_ticks(pid: int) -> Counter[str]:
    """Clock ticks of the process so far, by the names of its threads without their numbers; of dead threads as one."""
    found: Counter[str] = Counter()
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            name, ticks = _read(thread / "stat")
        except FileNotFoundError:
            continue  # it has just ended
        found[re.sub(r"[\d#]+", "N", name)] += ticks
    found["threads that ended"] = _read(Path(f"/proc/{pid}/stat"))[1] - found.total()
    return found


def _read(stat: Path) -> tuple[str, int]:
    head, _, rest = stat.read_text().rpartition(")")
    user, system = rest.split()[11:13]
    return head.partition("(")[2], int(user) + int(system)


def split(spark: SparkSession, lake: Lake, files: int) -> None:
    path = lake.path(STAMPS)
    rows = lake.read(spark, STAMPS).repartition(files, "id")
    rows.write.format("delta").mode("overwrite").option("dataChange", "false").save(path)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=80)
    parser.add_argument("--records", type=int, default=2_500, help="plays in each batch")
    parser.add_argument("--warm-up", type=int, default=40, help="batches at the start that are not counted")
    parser.add_argument(
        "--split", type=int, metavar="FILES", help="cut the stamps into so many files after half the rest"
    )
    parser.add_argument("--driver-records", type=int, help="refine.driver_records, else its default")
    told = parser.parse_args()
    if told.batches <= told.warm_up:
        parser.error("--batches must be more than --warm-up: those at the start are not counted")
    os.environ.update(spark_environment())
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, open_session("refine alone") as spark:
        lake, took = Lake(f"{folder}/lake"), []
        sets = [] if told.driver_records is None else [f"refine.driver_records={told.driver_records}"]
        settings = load_settings(sets=sets, lake=lake.uri, env={})
        refiner = Refiner(lake, open_index(settings), settings.refine.driver_records)
        jvm = spark._jvm
        assert jvm is not None
        pid, rules = jvm.java.lang.ProcessHandle.current().pid(), jvm.org.apache.spark.sql.catalyst.rules.RuleExecutor
        cut = (told.warm_up + told.batches) // 2
        before = processor_ticks(pid)
        for number, file in enumerate(bronze(Path(folder), told.batches, told.records)):
            if number == told.warm_up:
                before = processor_ticks(pid)
                rules.resetMetrics()
            if number == cut and told.split:
                split(spark, lake, told.split)
            begin = time.perf_counter()
            events = spark.read.schema(EVENTS.ddl).parquet(str(file))
            refiner.refine(spark, events, "a query", number)
            took.append(time.perf_counter() - begin)
        spent, counted = processor_ticks(pid) - before, told.batches - told.warm_up
        ticks = os.sysconf("SC_CLK_TCK") * counted
        print(f"a batch of {told.records:,} plays: median {median(took[told.warm_up :]):.2f} s")
        if told.split:
            whole, cut_up = median(took[told.warm_up : cut]), median(took[cut:])
            print(f"before the cut {whole:.2f} s, with stamps in {told.split} files more {cut_up:.2f} s")
        print(f"processor seconds a batch: {spent.total() / ticks:.2f}")
        for name, own in spent.most_common(THREADS):
            print(f"  {own / ticks:.2f}  {name}")
        planning = re.search(r"Total time: ([\d.]+)", rules.dumpTimeSpent())
        assert planning is not None
        print(
            f"analyzer and optimizer: {float(planning[1]) / counted:.2f} s a batch, jobs of Delta's planning with them"
        )


if __name__ == "__main__":
    main()
