"""Train KMeans on the audio features and publish the model."""

from __future__ import annotations

from functools import partial

from soundlake.catalog.report import print_registered
from soundlake.clusters import job
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.lease import try_lease
from soundlake.ops.writing import writing


def run(arguments: JobArguments) -> None:
    """Train, publish, and say which version is now the current one."""
    with writing(arguments.settings, "train_clusters") as (spark, lake):
        model = job.train(spark, lake, arguments.settings, partial(try_lease, arguments.settings, "train_clusters"))
        print(f"published model {model.version} with {len(model.names)} clusters: {', '.join(model.names)}")
    print_registered(arguments.settings)


if __name__ == "__main__":
    run_job("train_clusters", run)
