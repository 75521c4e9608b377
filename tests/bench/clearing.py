"""What the steps of maintenance that read all stamps cost: a fifth of the stamps are of tracks, the others of plays.

    .venv/bin/python tests/bench/clearing.py --millions 10 --folder somewhere

Makes silver/stamps without Spark (kept in the folder, and used again when it is there). 100,000 tracks have two stamps,
the second of the last batch, so that nothing is deleted and each round finds the same.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deltalake import write_deltalake

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.stamp_index import make, stamps
from soundlake.kinds import KINDS
from soundlake.lake import Lake
from soundlake.launch.local import spark_environment
from soundlake.ops.clearing import drop_dominated_stamps
from soundlake.ops.maintenance import newest_stamps
from soundlake.session import open_session
from soundlake.tables import STAMPS

TWICE = 100_000
ROUNDS = 3


def processor() -> float:
    """The seconds that all processors of this machine have worked."""
    user, nice, system = Path("/proc/stat").read_text().split()[1:4]
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


def timed(what: str, do: Callable[[], object]) -> None:
    began, worked = time.perf_counter(), processor()
    do()
    print(f"{what}: {time.perf_counter() - began:.1f} s, processor {processor() - worked:.1f} s", flush=True)


def main() -> None:
    """Make the table, and time each step, several rounds over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=int, default=10)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    path = arguments.folder / STAMPS.path
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path, arguments.millions * 200_000, arguments.millions * 800_000)
        write_deltalake(str(path), stamps(0, TWICE, "track", "made/9999"), mode="append")
    os.environ |= spark_environment()
    with open_session("clearing") as spark:
        lake = Lake(str(arguments.folder))
        for _ in range(ROUNDS):
            timed("dominated stamps", lambda: drop_dominated_stamps(spark, lake))
            timed("newest stamps", lambda: newest_stamps(lake.read(spark, STAMPS), KINDS["track"]).count())


if __name__ == "__main__":
    main()
