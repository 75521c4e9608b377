"""How many requests to S3 a batch of the stream makes: `python tests/bench/s3_requests.py [--batches 30]`.

The real job on a real S3 server, behind a proxy that counts. A file of plays lands before each trigger, so that every
batch of ingest and of refine has records; the first batches, which make the tables, are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from pyspark.sql import SparkSession

from helpers.on_s3 import new_bucket
from helpers.services.faulty_proxy import Proxy, faulty_proxy
from helpers.services.kinesis import CREDENTIALS
from helpers.services.object_store import object_store
from soundlake import stream
from soundlake.launch.local import spark_environment
from soundlake.session import open_session
from soundlake.settings import Settings, load_settings

SECONDS = 4  # between two triggers
WARM_UP = 8  # batches
PLAYS = 2000  # of a batch
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def kind_of(method: str, path: str) -> str:
    """What a request is paid as: listings cost what puts cost, deletions nothing."""
    if method == "GET" and "list-type=2" in path:
        return "LIST"
    return {"POST": "PUT"}.get(method, method)


def land(folder: Path, number: int) -> None:
    """Put a file of plays into the folder of records, whole."""
    plays = [
        {"user_id": f"u{play % 50}", "played_at": (_BEGAN + timedelta(seconds=number * PLAYS + play)).isoformat()}
        | {"track": {"id": f"t{play}", "name": f"Song {play}", "uri": f"spotify:track:t{play}"}}
        for play in range(PLAYS)
    ]
    hidden, file = folder / f".{number}", folder / f"{number}.ndjson"
    hidden.write_text("".join(json.dumps({"kind": "play", "payload": play}) + "\n" for play in plays))
    hidden.rename(file)


def refined(proxy: Proxy) -> int:
    """How many batches of refine have been committed."""
    return sum(method == "PUT" and "/_checkpoints/refine/commits/" in path for method, path, _ in proxy.passed)


def measure(spark: SparkSession, settings: Settings, folder: Path, proxy: Proxy, batches: int) -> Counter[str]:
    """Requests by what they are paid as, of so many batches of each query."""
    counted: list[tuple[str, str, int]] = []

    def feed() -> None:
        number, begin, first = 0, 0, 0
        while True:
            land(folder, number)
            number += 1
            threading.Event().wait(SECONDS)
            done = refined(proxy)
            if done >= WARM_UP and not begin:
                begin, first = len(proxy.passed), done
            if begin and done >= first + batches:
                counted.extend(proxy.passed[begin:])
                print(f"{done - first} batches of refine")
                os.kill(os.getpid(), signal.SIGTERM)
                return

    threading.Thread(target=feed, daemon=True).start()
    stream.run(spark, settings, once=False)
    return Counter(kind_of(method, path) for method, path, _ in counted)


def main() -> None:
    """Print the requests of a batch of each query."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=30)
    batches = parser.parse_args().batches
    with object_store() as store, faulty_proxy(store.url) as proxy, TemporaryDirectory() as folder:
        os.environ.update({**spark_environment(cores=2, with_s3=True), **CREDENTIALS})
        landed = Path(folder) / "plays"
        landed.mkdir()
        sets = [
            f"source.files.path={folder}",
            f"s3.endpoint_url={proxy.url}",
            "s3.region=us-east-1",
            f"trigger.interval={SECONDS} seconds",
        ]
        settings = load_settings(sets=sets, lake=f"s3://{new_bucket(store)}/lake", env={})
        spark = open_session("s3-requests", settings)
        found = measure(spark, settings, landed, proxy, batches)
        spark.stop()
    for kind, count in sorted(found.items()):
        print(f"{kind:<7}{count / batches:8.1f} a batch of ingest and one of refine")


if __name__ == "__main__":
    main()
