"""What thousands of small commits do to a lake that its stream maintains: scans, batches and a new start.

Small batches of plays are refined one after the other, with the stream's settings; between them its own work is done at
its usual pace.
Then silver/plays is scanned beside the same rows freshly written, and two more batches are refined as after a start:
with a new refiner that opens the index again.

    python tests/bench/commits.py --batches 2000
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.mixed import scan_beside_fresh
from bench.refine_alone import bronze
from soundlake.lake import Lake
from soundlake.launch.local import spark_environment
from soundlake.refine.batch import Refiner
from soundlake.refine.known import open_index
from soundlake.session import open_session
from soundlake.settings import load_settings
from soundlake.stream import TIDYING
from soundlake.stream_work import StreamWork
from soundlake.tables import EVENTS

COMPARED = 200  # batches after the warm-up, and at the end
WARM_UP = 100


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=2_000)
    parser.add_argument("--records", type=int, default=750, help="plays in each batch")
    told = parser.parse_args()
    os.environ.update(spark_environment())
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, open_session("commits") as spark:
        lake = Lake(f"{folder}/lake")
        settings = load_settings(lake=lake.uri, env={})
        for name, value in TIDYING.items():
            spark.conf.set(name, value)
        work = StreamWork(lake, settings)

        def refiner() -> Refiner:
            return Refiner(lake, open_index(settings), settings.refine.driver_records)

        def seconds(by: Refiner, number: int, file: Path) -> float:
            begin = time.perf_counter()
            by.refine(spark, spark.read.schema(EVENTS.ddl).parquet(str(file)), "a query", number)
            return time.perf_counter() - begin

        took, running, files = [], refiner(), bronze(Path(folder), told.batches + 2, told.records)
        for number, file in zip(range(told.batches), files, strict=False):
            took.append(seconds(running, number, file))
            work.do(spark)
        first, last = median(took[WARM_UP : WARM_UP + COMPARED]), median(took[-COMPARED:])
        print(f"{told.batches} batches of {told.records} plays, medians of {COMPARED} at the start and at the end:")
        print(f"{first:.2f} s, {last:.2f} s, ratio {last / first:.2f}")
        again = [seconds(refiner(), told.batches + number, file) for number, file in enumerate(files)]
        print(f"batches of a new refiner: {', '.join(f'{one:.2f}' for one in again)} s")
        print(scan_beside_fresh(Path(folder) / "lake", Path(folder)))


if __name__ == "__main__":
    main()
