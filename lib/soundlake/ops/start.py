"""What has to be right before anything writes silver: tables as they are declared, and nothing left half done."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import SparkSession

from soundlake.lake import Lake
from soundlake.ops.evolution import evolve_all
from soundlake.ops.rebuild import complete_swap
from soundlake.ops.replay import complete_replay
from soundlake.settings import Settings


def make_ready(
    spark: SparkSession, lake: Lake, settings: Settings, check: Callable[[], None] = lambda: None
) -> None:
    """Bring the tables up to their declarations, and complete a rebuild or a replay that died.

    For who holds the lease; `check` is called between steps, and may raise when it is lost.
    """
    evolve_all(spark, lake)
    complete_swap(spark, lake, check)
    complete_replay(spark, lake, settings, check)
