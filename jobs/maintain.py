"""Bring the entity tables up to date, compact the tables, remove files that are no longer in use."""

from __future__ import annotations

from contextlib import nullcontext

from soundlake.lake import Lake
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.ops import maintenance
from soundlake.ops.lease import Lease, lease
from soundlake.s3 import is_on_s3
from soundlake.session import open_session


def run(arguments: JobArguments) -> None:
    """Maintain every table of the lake, and say what was done as it is done."""
    settings = arguments.settings
    # On S3 two drivers must not commit to one table at the same time: there it holds the lease of those who write.
    writing = lease(settings, "maintain") if is_on_s3(settings.lake.uri) else nullcontext(Lease())
    with writing as held, open_session("soundlake maintain", settings) as spark:
        for done in maintenance.maintain(spark, Lake(settings.lake.uri), settings):
            print(f"{done.table}: {done.action}", flush=True)
            held.check()


if __name__ == "__main__":
    run_job("maintain", run)
