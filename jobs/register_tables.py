"""Register the tables in the Glue Data Catalog, for Athena. Needs no Spark: it reads the tables' Delta logs."""

from __future__ import annotations

from soundlake.catalog.exported import register_landing
from soundlake.catalog.glue import register
from soundlake.catalog.report import lines, trouble
from soundlake.errors import SoundlakeError
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job


def run(arguments: JobArguments) -> None:
    """Register every table, or with --check only look, and say of each what was done or has to be done."""
    registrations = register(arguments.settings, check=arguments.check)
    if landing := register_landing(arguments.settings, check=arguments.check):
        registrations.append(landing)
    for line in lines(registrations, check=arguments.check):
        print(line)
    if problem := trouble(registrations, check=arguments.check):
        raise SoundlakeError(problem)


if __name__ == "__main__":
    run_job("register_tables", run)
