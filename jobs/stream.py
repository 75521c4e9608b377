"""Take records from the source into bronze, silver and the clusters of tracks: once, or until stopped."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console

from soundlake import stream
from soundlake.lake import Lake
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.run_report import print_counts, since
from soundlake.session import open_session
from soundlake.storage import full_disk_named
from soundlake.tables import BATCHES


def run(arguments: JobArguments) -> None:
    """Run the streaming queries until the job is stopped; with `--once` process what is there and print the counts."""
    settings = arguments.settings
    started_at = datetime.now(UTC)
    with open_session("soundlake stream", settings) as spark, full_disk_named(settings.lake.uri):
        stream.run(spark, settings, once=arguments.once, recovers_checkpoint=arguments.recover_checkpoint)
        if arguments.once:
            batches = Lake(settings.lake.uri).read(spark, BATCHES)
            print_counts(Console(), "Records of this run", since(batches, started_at))


if __name__ == "__main__":
    run_job("stream", run)
