"""Forecast the charts of next week, with the error of such forecasts."""

from __future__ import annotations

from soundlake.catalog.report import print_registered
from soundlake.forecast import job
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.ops.writing import writing


def run(arguments: JobArguments) -> None:
    """Judge past forecasts, forecast, and say how wrong each way was and which one is published."""
    with writing(arguments.settings, "forecast") as (spark, lake):
        errors = job.forecast(spark, lake, arguments.settings)
        for error in errors:
            found = error.interval
            bounds = f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"
            print(f"{error.measure}, {error.method}: error {bounds}{', published' if error.is_published else ''}")
    print_registered(arguments.settings)


if __name__ == "__main__":
    run_job("forecast", run)
