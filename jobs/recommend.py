"""Learn what listeners like; write recommendations and similar tracks."""

from __future__ import annotations

from functools import partial

from soundlake.catalog.report import print_registered
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.lease import try_lease
from soundlake.ops.writing import writing
from soundlake.recommend import job
from soundlake.recommend.report import summary


def run(arguments: JobArguments) -> None:
    """Learn, publish, rank, and say what it was learned from."""
    with writing(arguments.settings, "recommend") as (spark, lake):
        model = job.recommend(spark, lake, arguments.settings, partial(try_lease, arguments.settings, "recommend"))
        for line in summary(spark, lake, model):
            print(line)
    print_registered(arguments.settings)


if __name__ == "__main__":
    run_job("recommend", run)
