"""What has to be right before anything writes silver: tables as they are declared, and nothing left half done."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import SparkSession

from soundlake.errors import SoundlakeError
from soundlake.lake import Lake
from soundlake.ops.evolution import evolve_all
from soundlake.ops.rebuild import complete_swap
from soundlake.ops.replay import complete_replay
from soundlake.settings import Settings
from soundlake.tables import STAMPS


def make_ready(spark: SparkSession, lake: Lake, settings: Settings, check: Callable[[], None] = lambda: None) -> None:
    """Bring the tables up to their declarations, and complete a rebuild or a replay that died.

    For who holds the lease; `check` is called between steps, and may raise when it is lost.
    """
    complete_swap(spark, lake, check)
    check_layout(spark, lake)
    evolve_all(spark, lake)
    complete_replay(spark, lake, settings, check)


def check_layout(spark: SparkSession, lake: Lake) -> None:
    """Raise SoundlakeError where silver was made by a version whose stamps this one cannot read.

    Going on would take every known thing for a new one, and append it a second time.
    """
    if lake.exists(spark, STAMPS) and "key" not in lake.columns(spark, STAMPS)[0]:
        raise SoundlakeError(
            f"{lake.uri}: silver was written by an earlier version of Soundlake (its {STAMPS.path} has no column key). "
            "Make it anew from bronze with the job rebuild; bronze and the published models stay as they are"
        )
