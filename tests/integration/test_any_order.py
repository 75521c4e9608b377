"""The same records in any order, any batches and any number of times give the same silver, written by Spark.

tests/unit/test_any_order.py asks the same of many more examples, of the core alone.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from helpers.building import Record
from helpers.made_records import RECORDS
from helpers.reading import silver
from helpers.refining import ON_DRIVER, ON_WORKERS, apply, refine
from soundlake.kinds import KINDS
from soundlake.lake import Lake
from soundlake.ops.maintenance import catch_up


def refined(spark: SparkSession, folder: Path, batches: list[list[Record]], roads: list[int]) -> dict[str, list[str]]:
    """Silver after these batches, brought up to date."""
    for number, (batch, road) in enumerate(zip(batches, roads, strict=True)):
        named = {f"{number}-{place}": record for place, record in enumerate(batch)}
        refine(spark, folder, number, named, driver_records=road)
    apply(spark, folder)
    lake = Lake(str(folder))
    for kind in KINDS.values():
        if "fetched_at" in kind.volatile and lake.exists(spark, kind.table):
            catch_up(spark, lake, kind)
    return silver(folder)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.timeout(1800)
@settings(
    max_examples=20,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(records=st.lists(RECORDS, min_size=40, max_size=60), seed=st.integers(0, 2**16))
def test_silver_does_not_depend_on_order_batches_or_repeats(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, records: list[Record], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - shuffles, no secrets
    shuffled = chance.sample(records, len(records)) + chance.sample(records, len(records) // 3)
    cut = chance.randrange(1, len(shuffled))
    in_parts = [shuffled[:cut], shuffled[cut:]]
    roads = [chance.choice((ON_DRIVER, ON_WORKERS)) for _ in in_parts]
    folder = tmp_path_factory.mktemp("order")
    whole = refined(spark, folder / "whole", [records], [ON_DRIVER])
    assert refined(spark, folder / "parts", in_parts, roads) == whole
