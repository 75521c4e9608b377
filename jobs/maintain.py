"""Bring the entity tables up to date, compact the tables, remove files that are no longer in use."""

from __future__ import annotations

from soundlake.lake import Lake
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.ops import maintenance
from soundlake.session import open_session


def run(arguments: JobArguments) -> None:
    """Maintain every table of the lake, and say what was done as it is done."""
    with open_session("soundlake maintain", arguments.settings) as spark:
        for done in maintenance.maintain(spark, Lake(arguments.settings.lake.uri), arguments.settings):
            print(f"{done.table}: {done.action}", flush=True)


if __name__ == "__main__":
    run_job("maintain", run)
