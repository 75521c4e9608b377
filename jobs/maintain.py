"""Apply what waits, bring the entity tables up to date, compact the tables, remove files that are no longer in use."""

from __future__ import annotations

from soundlake.lake import Lake
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.lease import try_lease
from soundlake.ops import maintenance
from soundlake.ops.start import make_ready
from soundlake.session import open_session


def run(arguments: JobArguments) -> None:
    """Maintain every table of the lake and say what was done; while another job writes it, that maintains it."""
    settings = arguments.settings
    with try_lease(settings, "maintain") as held:
        if held is None:
            print("another job writes this lake; a running stream maintains it by itself, so there is nothing to do")
            return
        with open_session("soundlake maintain", settings) as spark:
            lake = Lake(settings.lake.uri, held.check)
            make_ready(spark, lake, settings, held.check)
            for done in maintenance.maintain(spark, lake, settings):
                print(done, flush=True)


if __name__ == "__main__":
    run_job("maintain", run)
