"""Build the marts: each .sql file of soundlake.insights is one table."""

from __future__ import annotations

from soundlake.catalog.report import print_registered
from soundlake.insights import builder
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.ops.writing import writing


def run(arguments: JobArguments) -> None:
    """Build all marts and say what each holds."""
    with writing(arguments.settings, "build_insights") as (spark, lake):
        for built in builder.build(spark, lake, arguments.settings):
            print(built)
    print_registered(arguments.settings)


if __name__ == "__main__":
    run_job("build_insights", run)
