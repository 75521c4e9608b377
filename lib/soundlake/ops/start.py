"""What must hold before anything writes silver: tables as declared, and nothing left unfinished."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import SparkSession

from soundlake.errors import SoundlakeError
from soundlake.lake import Lake
from soundlake.ops.evolution import evolve_lake
from soundlake.ops.rebuild import complete_swap
from soundlake.ops.replay import complete_replay
from soundlake.settings import Settings
from soundlake.tables import STAMPS


def make_ready(spark: SparkSession, lake: Lake, settings: Settings, check: Callable[[], None] = lambda: None) -> None:
    """Evolve the tables to their declarations, and complete a rebuild or a replay that died.

    The caller holds the lease; `check` is called between steps, and may raise when the lease is lost.
    """
    complete_swap(spark, lake, check)
    check_layout(spark, lake)
    evolve_lake(spark, lake, settings, "start")
    complete_replay(spark, lake, settings, check)


def check_layout(spark: SparkSession, lake: Lake) -> None:
    """Raise SoundlakeError where silver was written by a version whose stamps this one cannot read.

    Otherwise every known key would count as new, and its row would be appended a second time.
    """
    if lake.exists(spark, STAMPS) and "key" not in lake.columns(spark, STAMPS)[0]:
        raise SoundlakeError(
            f"{lake.uri}: silver was written by an earlier version of Soundlake (its {STAMPS.path} has no column key). "
            "Rebuild it from bronze: run the job rebuild; bronze and the published models stay as they are"
        )
