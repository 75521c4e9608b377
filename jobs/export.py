"""Export marts and silver tables as Parquet, for readers without Delta."""

from __future__ import annotations

from soundlake.exports import export
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.ops.writing import writing


def run(arguments: JobArguments) -> None:
    """Write a new version of each export, and say where it is."""
    with writing(arguments.settings, "export") as (spark, lake):
        for done in export(spark, lake, arguments.settings):
            print(done, flush=True)


if __name__ == "__main__":
    run_job("export", run)
