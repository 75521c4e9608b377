"""Two drivers that commit to one Delta log on S3 at the same moment: how many commits are lost, and what one costs.

Two JVMs write commit N of the same table, N from 0 on, both beginning at once, by Delta's own log store for S3 and by
Soundlake's (s3.conditional_commits). A commit is lost where its writer was told that it is written, and the other's is
there. Needs a JDK, and the jars for S3.

    python tests/bench/log_store.py [--commits 200]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.log_writer import STORES, LogWriter, commit_key, compiled
from helpers.on_s3 import new_bucket
from helpers.services.object_store import ObjectStore, object_store


def commit_all(
    store: str, classes: Path, url: str, bucket: str, writer: str, commits: int, start: Any, told: Any
) -> None:
    """One of the two: the commits that it was told are its own, and the seconds that one took."""
    log = LogWriter(store, classes, url, bucket)
    own, seconds = [], []
    for number in range(commits):
        start.wait()
        begin = time.perf_counter()
        if log.commit(number, writer):
            own.append(number)
        seconds.append(time.perf_counter() - begin)
    log.close()
    told.put((writer, own, median(seconds)))


def raced(store: str, classes: Path, server: ObjectStore, commits: int) -> str:
    """What became of the commits of two writers."""
    bucket = new_bucket(server)
    spawned = multiprocessing.get_context("spawn")
    start, told = spawned.Barrier(2), spawned.Queue()
    common = (store, classes, server.url, bucket)
    writers = [spawned.Process(target=commit_all, args=(*common, name, commits, start, told)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    results = [told.get() for _ in writers]
    for writer in writers:
        writer.join()
    client = server.client()
    there = []
    for number in range(commits):
        found = client.get_object(Bucket=bucket, Key=commit_key(number))["Body"].read()
        there.append(json.loads(found)["commitInfo"]["writer"])
    lost = sum(there[number] != name for name, own, _ in results for number in own)
    kept = ", ".join(f"{count} of {name}" for name, count in sorted(Counter(there).items()))
    milliseconds = 1000 * max(took for *_, took in results)
    return f"{commits} commits: {kept} there, {lost} lost; {milliseconds:.0f} ms a commit"


def main() -> None:
    """Print what both log stores do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=200)
    commits = parser.parse_args().commits
    with object_store() as server, TemporaryDirectory() as folder:
        classes = compiled(Path(folder))
        for store in STORES:
            print(f"{store}: {raced(store, classes, server, commits)}", flush=True)


if __name__ == "__main__":
    main()
