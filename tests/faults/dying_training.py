"""A training that kills itself with SIGKILL at a chosen point: `python dying_training.py POINT LAKE`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faults.dying_stream import after, before, die, when_there
from soundlake.clusters import job, publishing
from soundlake.lake import Lake
from soundlake.session import open_session
from soundlake.settings import load_settings
from soundlake.tables import CLUSTER_PROFILES


def within(owner: Any, name: str, seconds: float) -> None:
    """Die so many seconds into something, or right after it."""
    work = getattr(owner, name)

    def work_and_die(*arguments: Any, **named: Any) -> None:
        threading.Timer(seconds, die).start()
        work(*arguments, **named)
        die()

    setattr(owner, name, work_and_die)


POINTS: dict[str, Callable[[Path], None]] = {
    "profiles are being written": lambda lake: when_there(lake, f"{CLUSTER_PROFILES.path}/*.parquet", 0),
    "the artifact is being written": lambda lake: when_there(lake, "models/clusters/*/stages/*", 0),
    "all but the model's row is written": lambda _: before(publishing, "make_current"),
    "the model is being made current": lambda _: within(publishing, "make_current", 0.4),
    "the model is current": lambda _: after(publishing, "make_current"),
    "the tracks are being reassigned": lambda _: within(job, "reassign_all", 0.4),
}


def main(point: str, lake: str) -> None:
    if point != "nowhere":
        POINTS[point](Path(lake))
    settings = load_settings(None, ["train.k=2", "train.sample_rows=100"], lake=lake, env={})
    with open_session("faults") as spark:
        job.train(spark, Lake(lake), settings)


if __name__ == "__main__":
    main(*sys.argv[1:])
