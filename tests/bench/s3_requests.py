"""What the stack's stream spends on 500 plays a second: `python tests/bench/s3_requests.py [--batches 30]`.

The real job on a real S3 server, behind a proxy that counts requests, on four cores and with the trigger of the stack.
A file of plays lands for each trigger, so that every batch of ingest and of refine has records; the first batches,
which make the tables, are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl, unquote

sys.path.insert(0, str(Path(__file__).parents[1]))

from pyspark.sql import SparkSession

from helpers.on_s3 import new_bucket
from helpers.services.faulty_proxy import Proxy, faulty_proxy
from helpers.services.kinesis import CREDENTIALS
from helpers.services.object_store import object_store
from soundlake import stream
from soundlake.launch.aws.deploy import TRIGGER
from soundlake.launch.local import spark_environment
from soundlake.session import open_session
from soundlake.settings import Settings, load_settings
from soundlake.settings.types import in_seconds

SECONDS = in_seconds(TRIGGER)
CORES = 4
MOST = 15  # places to tell
WARM_UP = 8  # batches
PLAYS = int(500 * SECONDS)  # of a batch
NEW = 50  # tracks of a batch that no batch before had; their albums and artists with them
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def kind_of(method: str, path: str) -> str:
    """What a request is paid as: listings cost what puts cost, deletions nothing."""
    if method == "GET" and "list-type=2" in path:
        return "LIST"
    return {"POST": "PUT"}.get(method, method)


def place_of(path: str) -> str:
    """The part of the lake that a request is about: a table, its log, the checkpoint of a query."""
    address, _, query = path.partition("?")
    key = dict(parse_qsl(query)).get("prefix") or unquote(address).lstrip("/").partition("/")[2]
    first, second, *rest = [*key.removeprefix("lake").strip("/").split("/"), "", ""][:3]
    return f"{first}/{second}{'/_delta_log' if rest == ['_delta_log'] else ''}"


def land(folder: Path, number: int) -> None:
    """Put a file of plays into the folder of records, whole."""
    plays = []
    for play in range(PLAYS):
        song = number * NEW + play
        track = {"id": f"t{song}", "name": f"Song {song}", "uri": f"spotify:track:t{song}", "duration_ms": 200_000}
        track |= {"album": {"id": f"b{song // 10}", "name": f"Album {song // 10}", "release_date": "2020-01-01"}}
        track |= {"artists": [{"id": f"a{song // 20}", "name": f"Artist {song // 20}"}]}
        played_at = (_BEGAN + timedelta(seconds=number * PLAYS + play)).isoformat()
        plays.append({"user_id": f"u{play % 50}", "played_at": played_at, "track": track})
    hidden, file = folder / f".{number}", folder / f"{number}.ndjson"
    hidden.write_text("".join(json.dumps({"kind": "play", "payload": play}) + "\n" for play in plays))
    hidden.rename(file)


def refined(proxy: Proxy) -> int:
    """How many batches of refine have been committed."""
    return sum(method == "PUT" and "/_checkpoints/refine/commits/" in path for method, path, _ in proxy.passed)


@dataclass
class Spent:
    """Requests by what they are paid as and where, and processor seconds of the JVM and of Python, until now."""

    requests: Counter[tuple[str, str]]
    jvm: float
    python: float

    def __sub__(self, before: Spent) -> Spent:
        requests = self.requests - before.requests
        return Spent(requests, self.jvm - before.jvm, self.python - before.python)


def spent(spark: SparkSession, proxy: Proxy) -> Spent:
    """What was spent so far; the JVM's part has Python's workers in it."""
    jvm: Any = spark.sparkContext._jvm
    pid = jvm.java.lang.ProcessHandle.current().pid()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = sum(int(field) for field in fields[11:15])  # user and system, its own and its children's
    own = time.process_time()
    requests = Counter((kind_of(method, path), place_of(path)) for method, path, _ in list(proxy.passed))
    return Spent(requests, ticks / os.sysconf("SC_CLK_TCK"), own)


def measure(spark: SparkSession, settings: Settings, folder: Path, proxy: Proxy, batches: int) -> tuple[Spent, int]:
    """What so many batches of each query spend, or a few more, and how many they were."""
    found: list[tuple[Spent, int]] = []

    def feed() -> None:
        number = 0
        while True:
            land(folder, number)
            number += 1
            time.sleep(SECONDS)
            done = refined(proxy)
            if done >= (WARM_UP if not found else found[0][1] + batches):
                found.append((spent(spark, proxy), done))
            if len(found) == 2:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    threading.Thread(target=feed, daemon=True).start()
    stream.run(spark, settings, once=False)
    (before, first), (after, last) = found
    return after - before, last - first


def main() -> None:
    """Print the requests of a batch of each query."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=30)
    batches = parser.parse_args().batches
    with object_store() as store, faulty_proxy(store.url) as proxy, TemporaryDirectory() as folder:
        os.environ.update({**spark_environment(cores=CORES, with_s3=True), **CREDENTIALS})
        landed = Path(folder) / "plays"
        landed.mkdir()
        sets = [
            f"source.files.path={folder}",
            f"s3.endpoint_url={proxy.url}",
            "s3.region=us-east-1",
            f"trigger.interval={TRIGGER}",
        ]
        settings = load_settings(sets=sets, lake=f"s3://{new_bucket(store)}/lake", env={})
        spark = open_session("s3-requests", settings)
        found, batches = measure(spark, settings, landed, proxy, batches)
        spark.stop()
    print(f"a batch of ingest and one of refine, {PLAYS:,} plays, mean of {batches}:")
    for kind in sorted({kind for kind, _ in found.requests}):
        print(f"{kind:<7}{sum(found.requests[key] for key in found.requests if key[0] == kind) / batches:8.1f}")
    for (kind, place), count in found.requests.most_common(MOST):
        print(f"  {kind:<5}{count / batches:8.1f}  {place}")
    print(f"JVM    {found.jvm / batches:8.2f} s of processor time")
    print(f"Python {found.python / batches:8.2f} s, with the proxy in it")


if __name__ == "__main__":
    main()
