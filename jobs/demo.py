"""The main job on the bundled records: stream them in, train, score, build the first marts, say what came out."""

from __future__ import annotations

from soundlake import demo
from soundlake.catalog.report import print_registered
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.session import open_session


def run(arguments: JobArguments) -> None:
    """Run the demo; a second run on the same lake adds nothing twice."""
    with open_session("soundlake demo", arguments.settings) as spark:
        demo.run(spark, arguments.settings)
    print_registered(arguments.settings)


if __name__ == "__main__":
    run_job("demo", run, is_quiet=True)
