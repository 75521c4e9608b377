"""A stream that kills itself with SIGKILL at a chosen point: `python dying_stream.py POINT LAKE LANDED`.

It is the real job but for the point. The whole process group dies at once, Spark's JVM included.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from soundlake import lake as lake_module
from soundlake import stream
from soundlake.launch.local import spark_environment
from soundlake.refine import apply
from soundlake.refine.batch import Refiner
from soundlake.session import open_session
from soundlake.settings import load_settings
from soundlake.tables import BATCHES, CHANGES, EVENTS, PLAYS, STAMPS, TRACKS, UNKNOWN_FIELDS, Table
from soundlake.writes import BatchWriter


def die(*_: object) -> NoReturn:
    os.killpg(0, signal.SIGKILL)
    raise AssertionError("unreachable")


def before(owner: Any, name: str) -> None:
    setattr(owner, name, die)


def after(owner: Any, name: str) -> None:
    work = getattr(owner, name)

    def work_and_die(*arguments: Any, **named: Any) -> None:
        work(*arguments, **named)
        die()

    setattr(owner, name, work_and_die)


def after_append(table: Table) -> None:
    """Die after an append to a table."""
    write: Callable[..., None] = BatchWriter.append

    def write_and_die(self: BatchWriter, written: Table, *more: Any, **named: Any) -> None:
        write(self, written, *more, **named)
        if written is table:
            die()

    setattr(BatchWriter, "append", write_and_die)  # noqa: B010 - the type of a method is fixed


def when_there(lake: Path, pattern: str, more_than: int) -> None:
    """Die as soon as a folder has more files of a pattern than there were."""

    def watch() -> None:
        while len(list(lake.glob(pattern))) <= more_than:
            threading.Event().wait(0.001)
        die()

    threading.Thread(target=watch, daemon=True).start()


def count(lake: Path, pattern: str) -> int:
    return len(list(lake.glob(pattern)))


# Delta joins small files from fifty new ones on; for these points, from the first.
JOINS = {"spark.databricks.delta.autoCompact.minNumFiles": "1"}

# Where it dies: what has been done then, and what has not.
POINTS: dict[str, Callable[[Path], None]] = {
    "ingest planned its batch": lambda lake: when_there(
        lake, "_checkpoints/ingest/offsets/[0-9]*", count(lake, "_checkpoints/ingest/offsets/[0-9]*")
    ),
    "ingest is writing files": lambda lake: when_there(
        lake, f"{EVENTS.path}/*/*.parquet", count(lake, f"{EVENTS.path}/*/*.parquet")
    ),
    "ingest committed to bronze": lambda lake: when_there(
        lake, f"{EVENTS.path}/_delta_log/*.json", count(lake, f"{EVENTS.path}/_delta_log/*.json")
    ),
    "refine begins its batch": lambda _: before(Refiner, "refine"),
    "tracks are appended": lambda _: after_append(TRACKS),
    "changes are appended": lambda _: after_append(CHANGES),
    "plays are written and not committed": lambda lake: when_there(
        lake, f"{PLAYS.path}/**/*.parquet", count(lake, f"{PLAYS.path}/**/*.parquet")
    ),
    "stamps are appended": lambda _: after_append(STAMPS),
    # An append to stamps writes one file, and is one commit; what comes after it is the joining.
    "small files are being joined": lambda lake: when_there(
        lake, f"{STAMPS.path}/*.parquet", count(lake, f"{STAMPS.path}/*.parquet") + 1
    ),
    "small files are joined": lambda lake: when_there(
        lake, f"{STAMPS.path}/_delta_log/*.json", count(lake, f"{STAMPS.path}/_delta_log/*.json") + 1
    ),
    "unknown fields are reported": lambda _: after_append(UNKNOWN_FIELDS),
    "the account is appended": lambda _: after_append(BATCHES),
    "refine wrote its batch": lambda _: after(Refiner, "refine"),
    "changes are about to be applied": lambda _: before(apply, "_apply"),
    "the changes of one table are applied": lambda _: after(apply, "_apply"),
    "all changes are applied and still there": lambda _: before(apply, "_clear"),
    "applied changes are cleared": lambda _: after(apply, "_clear"),
}


def main(point: str, lake: str, landed: str) -> None:
    os.environ.update(spark_environment())
    lake_module.COMMITS_A_CHECKPOINT = 2  # as in a lake of some age: all tables have checkpoints
    if point != "nowhere":
        POINTS[point](Path(lake))
    with open_session("faults", extra=JOINS if point.startswith("small files") else None) as spark:
        stream.run(spark, load_settings(None, [f"source.files.path={landed}"], lake=lake, env={}), once=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
