"""A repeat is known as one however late it comes: identity is looked up by key, no state forgets it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from helpers.building import ARRIVAL, Arrived, Record, envelope
from helpers.reading import rows, silver
from helpers.refining import apply
from helpers.refining import refine as refine_batch
from soundlake.lake import Lake
from soundlake.ops.clearing import drop_dominated_stamps
from soundlake.tables import BATCHES, PLAYS

pytestmark = pytest.mark.slow

TEN_DAYS_LATER = ARRIVAL + timedelta(days=10)


def play(day: int, **more: Any) -> dict[str, Any]:
    played = {"user_id": "u", "played_at": f"2026-03-{day:02}T10:00:00Z", "track": {"id": "t1", "name": "Song"}}
    return envelope("play", played | more, None)


FIRST: list[Record] = [play(1), play(2), envelope("track", {"id": "t1", "name": "Song"})]
OTHERS: list[Record] = [play(day) for day in range(3, 11)]


def refine(spark: SparkSession, lake: Path, number: int, records: list[Record | Arrived]) -> dict[str, int]:
    """Refine a batch; gives its account."""
    refine_batch(spark, lake, number, {f"{number}-{place}": record for place, record in enumerate(records)})
    (account,) = [row for row in rows(lake, BATCHES) if row["batch_id"] == number]
    return {name: account[name] for name in ("read", "accepted", "duplicate", "stale", "rejected")}


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with records of some days, maintained since."""
    folder = tmp_path_factory.mktemp("late")
    refine(spark, folder, 0, [*FIRST])
    refine(spark, folder, 1, [*OTHERS])
    apply(spark, folder)
    drop_dominated_stamps(spark, Lake(str(folder)))
    return folder


def test_a_repeat_that_arrives_ten_days_later_is_a_duplicate(spark: SparkSession, lake: Path) -> None:
    before = silver(lake)
    late = [Arrived(record, TEN_DAYS_LATER) for record in FIRST]
    assert refine(spark, lake, 2, [*late]) == {"read": 3, "accepted": 0, "duplicate": 3, "stale": 0, "rejected": 0}
    assert silver(lake) == before


def test_an_event_that_arrives_ten_days_later_is_taken_once(spark: SparkSession, lake: Path) -> None:
    late = Arrived(play(1) | {"payload": play(1)["payload"] | {"user_id": "another"}}, TEN_DAYS_LATER)
    assert refine(spark, lake, 3, [late, late])["accepted"] == 1
    assert len([row for row in rows(lake, PLAYS) if row["user_id"] == "another"]) == 1
