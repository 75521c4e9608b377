"""A rebuild that kills itself with SIGKILL at a chosen point: `python dying_rebuild.py POINT LAKE`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from faults.dying_stream import after, before, die
from soundlake.lake import Lake
from soundlake.launch.local import spark_environment
from soundlake.ops import rebuild as rebuilding
from soundlake.refine.batch import Refiner
from soundlake.session import open_session
from soundlake.settings import load_settings
from soundlake.storage import Storage
from soundlake.tables import PLAYS


def after_plays_changed_places() -> None:
    replace = rebuilding._replace

    def replace_and_die(*arguments: Any) -> None:
        replace(*arguments)
        if PLAYS in arguments:
            die()

    setattr(rebuilding, "_replace", replace_and_die)  # noqa: B010 - the type of a function is fixed


# Where it dies: what has been done then, and what has not.
POINTS: dict[str, Callable[[], None]] = {
    "a batch was refined anew": lambda: after(Refiner, "refine"),
    "the changes are applied": lambda: after(rebuilding, "apply_changes"),
    "plays have changed places": after_plays_changed_places,
    "the clusters are assigned": lambda: after(rebuilding, "reassign_all"),
    "the old checkpoint is gone": lambda: before(Storage, "copy"),
    "the new checkpoint is there": lambda: after(rebuilding, "move_checkpoint"),
}


def main(point: str, lake: str) -> None:
    os.environ.update(spark_environment())
    if point != "nowhere":
        POINTS[point]()
    with open_session("faults") as spark:
        settings = load_settings(None, ["refine.max_bytes_per_trigger=1k"], lake=lake, env={})
        rebuilding.rebuild(spark, Lake(lake), settings, lambda: None, print)


if __name__ == "__main__":
    main(*sys.argv[1:])
