"""Judge rejected records again: those that pass leave silver/rejected."""

from __future__ import annotations

from soundlake.checkpoints import bind
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.ops.leases import leased
from soundlake.ops.replay import QUERY, replay
from soundlake.ops.start import make_ready
from soundlake.refine import query
from soundlake.session import open_session
from soundlake.storage import full_disk_named
from soundlake.tables import BATCHES


def run(arguments: JobArguments) -> None:
    """Finish what refine has begun, replay, and say what became of the records."""
    settings = arguments.settings
    with (
        leased(settings, QUERY) as lake,
        open_session("soundlake replay_rejected", settings) as spark,
        full_disk_named(settings.lake.uri),
    ):
        make_ready(spark, lake, settings, lake.check)
        bind(spark, lake, query.QUERY, BATCHES, writes_each_batch=False)
        query.refine_all(spark, query.refine_query(spark, lake, settings), lake.check)
        done = replay(spark, lake, settings, lake.check)
        passed = done["read"] - done["rejected"]
        print(f"replayed {done['read']:,} records: {passed:,} passed, {done['rejected']:,} did not")


if __name__ == "__main__":
    run_job("replay_rejected", run)
