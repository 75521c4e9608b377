"""Rebuild silver and gold from bronze and the published models; readers see the old tables or the new ones."""

from __future__ import annotations

from functools import partial

from soundlake.catalog.report import print_registered
from soundlake.insights import builder
from soundlake.insights.insight import load_insights
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.ops.leases import leased
from soundlake.ops.rebuild import QUERY, rebuild
from soundlake.session import open_session
from soundlake.storage import full_disk_named


def run(arguments: JobArguments) -> None:
    """Rebuild, build the marts that were there, register them, and say what was done as it is done."""
    settings = arguments.settings
    with (
        leased(settings, QUERY) as lake,
        open_session("soundlake rebuild", settings) as spark,
        full_disk_named(settings.lake.uri),
    ):
        rebuild(spark, lake, settings, lake.check, partial(print, flush=True))
        marts = [insight.name for insight in load_insights() if lake.exists(spark, insight.table)]
        with leased(settings, QUERY, "build_insights") as with_marts:
            for built in builder.build(spark, with_marts, settings, only=marts):
                print(built, flush=True)
    print_registered(settings)


if __name__ == "__main__":
    run_job("rebuild", run)
