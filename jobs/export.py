"""Export marts and silver tables as Parquet, for readers that know no Delta."""

from __future__ import annotations

from soundlake.exports import export
from soundlake.lake import Lake
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.session import open_session


def run(arguments: JobArguments) -> None:
    """Write a new version of each export, and say where it is."""
    with open_session("soundlake export", arguments.settings) as spark:
        for done in export(spark, Lake(arguments.settings.lake.uri), arguments.settings):
            print(done, flush=True)


if __name__ == "__main__":
    run_job("export", run)
