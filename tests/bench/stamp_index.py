"""What the stamp index costs: to build, on disk, in memory, at a start, at a look-up, at a commit.

    .venv/bin/python tests/bench/stamp_index.py --tracks 10000000 --plays 50000000 --folder somewhere

Makes silver/stamps with made-up keys, without Spark (kept in the folder, and used again when it is there), and measures
each step in a process of its own. "anonymous" memory is the process's own; what is mapped of files, the system takes
back when it needs it. A cold start finds the index's files on the disk, a warm one in the system's memory.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import TableNotFoundError

from soundlake.core.schema import arrow_schema
from soundlake.refine.index import StampIndex
from soundlake.tables import STAMPS

AT_ONCE = 1_000_000
ASKED = 10_000
ROUNDS = 20
Numbers = np.ndarray[Any, np.dtype[np.uint64]]


def mixed(numbers: Numbers, salt: int) -> Numbers:
    """Numbers as evenly spread as those of a digest (splitmix64)."""
    z = numbers + np.uint64(salt * 0x9E3779B97F4A7C15 % (1 << 64))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def digests(numbers: Numbers, salt: int, words: int) -> pa.Array:
    """For each number as many bytes as 8 times words."""
    data = np.stack([mixed(numbers, salt + word) for word in range(words)], axis=1)
    return pa.Array.from_buffers(pa.binary(8 * words), len(numbers), [None, pa.py_buffer(data)]).cast(pa.binary())


def keys(numbers: Numbers) -> pa.Array:
    return digests(numbers, 1, 2)


def stamps(first: int, many: int, entity: str, batch: str) -> pa.Table:
    """Stamps of the keys of many numbers from the first on."""
    numbers = np.arange(first, first + many, dtype=np.uint64)
    source = pa.repeat(pa.scalar(b"spotify-api" if entity == "track" else b"spotify-export"), many)
    rank = {
        "weight": pa.array(np.zeros(many, np.int32)),
        "fetched_at": pa.array((numbers + 1_700_000_000_000_000).astype(np.int64), pa.timestamp("us", "UTC")),
        "sha": pa.compute.binary_join_element_wise(digests(numbers, 3, 4), source, b""),
    }
    schema = arrow_schema(STAMPS)
    columns = {
        "entity": pa.repeat(pa.scalar(entity), many),
        "id": pa.array(numbers).cast(pa.string()),
        "key": keys(numbers),
        "rank": pa.StructArray.from_arrays(list(rank.values()), fields=list(schema.field("rank").type)),
        "fields": pa.array(np.full(many, 255)),
        "values_hash": pa.array(mixed(numbers, 7).view(np.int64)),
        "batch": pa.repeat(pa.scalar(batch), many),
    }
    none = {field.name: pa.nulls(many, field.type) for field in schema if field.name not in columns}
    return pa.table([(columns | none)[name] for name in schema.names], schema=schema)


def make(path: Path, tracks: int, plays: int) -> None:
    began = time.monotonic()
    for number, first in enumerate(range(0, tracks + plays, AT_ONCE)):
        many = min(AT_ONCE, tracks + plays - first)
        entity = "track" if first < tracks else "play"
        write_deltalake(str(path), stamps(first, many, entity, f"made/{number}"), mode="append")
    print(f"table of {tracks + plays:,} stamps made in {time.monotonic() - began:.0f} s", flush=True)


def opened(path: Path) -> DeltaTable | None:
    try:
        return DeltaTable(str(path))
    except TableNotFoundError:
        return None


def memory() -> dict[str, float]:
    """Resident memory in GB: all, anonymous, and that of files."""
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("Rss"))
    return {name.strip(":").removeprefix("Rss").lower(): int(kb) / 1e6 for name, kb, _ in lines}


@contextmanager
def peak() -> Iterator[list[float]]:
    """The most anonymous memory in GB, looked at every 20 ms."""
    ended, most = threading.Event(), [memory()["anon"]]

    def look() -> None:
        while not ended.wait(0.02):
            most[0] = max(most[0], memory()["anon"])

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield most
    finally:
        ended.set()
        looking.join()


def measure_build(folder: Path, total: int) -> None:
    shutil.rmtree(folder / "index", ignore_errors=True)
    index = StampIndex(lambda: opened(folder / "stamps"), folder / "index")
    before = memory()["anon"]
    with peak() as most:
        began = time.monotonic()
        index.catch_up("q/0")
        took = time.monotonic() - began
    files = [file.stat().st_size for file in (folder / "index").glob("*.segment")]
    print(f"build: {took:.1f} s, {total / took:,.0f} stamps/s; {len(files)} files, {sum(files) / 1e9:.2f} GB on disk")
    print(f"  anonymous memory in GB: before {before:.2f}, at most {most[0]:.2f}, after {memory()['anon']:.2f}")


def measure_start(folder: Path, total: int) -> None:
    index = StampIndex(lambda: opened(folder / "stamps"), folder / "index")
    began = time.monotonic()
    index.catch_up("q/0")
    rss = memory()
    print(
        f"start: {time.monotonic() - began:.2f} s; memory in GB: anonymous {rss['anon']:.2f}, files {rss['file']:.2f}"
    )


def measure_cold_start(folder: Path, total: int) -> None:
    for file in (folder / "index").iterdir():
        with file.open("rb") as data:
            os.fsync(data.fileno())
            os.posix_fadvise(data.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    print("cold ", end="")
    measure_start(folder, total)


def milliseconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return 1000 * (time.monotonic() - began)


def measure_look_ups(folder: Path, total: int) -> None:
    index = StampIndex(lambda: opened(folder / "stamps"), folder / "index")
    index.catch_up("q/0")
    random = np.random.default_rng(1)
    took = []
    for _ in range(ROUNDS + 1):
        there = random.integers(0, total, ASKED // 2, np.uint64)
        wanted = keys(np.concatenate([there, there + np.uint64(1 << 40)]))
        began = time.monotonic()
        found = index.known(wanted, "q/0")
        took.append(1000 * (time.monotonic() - began))
        assert len(found) == len(np.unique(there))
    first, *others = took
    print(f"look-up of {ASKED:,} keys, half of them known: the first {first:.0f} ms, then {median(others):.1f} ms each")
    rss = memory()
    print(f"  memory in GB: anonymous {rss['anon']:.2f}, files {rss['file']:.2f}")


def measure_commits(folder: Path, total: int) -> None:
    index = StampIndex(lambda: opened(folder / "stamps"), folder / "index")
    index.catch_up("q/0")
    idle, commit = [], []
    version = DeltaTable(str(folder / "stamps")).version()
    for number in range(ROUNDS):
        write_deltalake(
            str(folder / "stamps"), stamps((1 << 50) + number * ASKED, ASKED, "play", f"q/{number}"), mode="append"
        )
        commit.append(milliseconds(lambda number=number: index.catch_up(f"q/{number + 1}")))  # type: ignore[misc]
        idle.append(milliseconds(lambda number=number: index.catch_up(f"q/{number + 1}")))  # type: ignore[misc]
    index.close()
    DeltaTable(str(folder / "stamps")).restore(version)
    print(f"catching up: nothing new {median(idle):.2f} ms, a commit of {ASKED:,} stamps {median(commit):.1f} ms")


STEPS = {
    "build": measure_build,
    "start": measure_start,
    "cold-start": measure_cold_start,
    "look-ups": measure_look_ups,
    "commits": measure_commits,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=200_000)
    parser.add_argument("--plays", type=int, default=800_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--step", choices=STEPS, help="this one alone")
    options = parser.parse_args()
    total = options.tracks + options.plays
    if options.step:
        STEPS[options.step](options.folder, total)
        return
    if opened(options.folder / "stamps") is None:
        make(options.folder / "stamps", options.tracks, options.plays)
    for step in STEPS:
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--step", step], check=True)


if __name__ == "__main__":
    main()
