"""Take records from the source into bronze, silver and the clusters of tracks: once, or until stopped."""

from __future__ import annotations

from soundlake import stream
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.session import open_session
from soundlake.storage import full_disk_named


def run(arguments: JobArguments) -> None:
    """Run the streaming queries; returns when all is taken (`--once`) or when the job is told to stop."""
    settings = arguments.settings
    with open_session("soundlake stream", settings) as spark, full_disk_named(settings.lake.uri):
        stream.run(spark, settings, once=arguments.once, recovers_checkpoint=arguments.recover_checkpoint)


if __name__ == "__main__":
    run_job("stream", run)
