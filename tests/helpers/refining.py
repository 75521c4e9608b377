"""Refining batches with the real writes, batch by batch, for tests with Spark."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from helpers.building import Records
from helpers.records import events
from soundlake.lake import Lake
from soundlake.refine.apply import apply_changes
from soundlake.refine.batch import Refiner
from soundlake.refine.known import open_index
from soundlake.settings import load_settings

QUERY_ID = "a query"
ON_DRIVER, ON_WORKERS = 1_000_000, 0  # records up to which a batch is judged on the driver


def refiner(lake: Path, driver_records: int = ON_DRIVER) -> Refiner:
    """A refiner as a job makes one when it starts."""
    settings = load_settings(lake=str(lake), env={})
    return Refiner(Lake(str(lake)), open_index(settings), driver_records)


def refine(
    spark: SparkSession,
    lake: Path,
    number: int,
    records: Records,
    topic: str | None = None,
    driver_records: int = ON_DRIVER,
) -> None:
    """Refine one batch of records; its changes wait."""
    refiner(lake, driver_records).refine(spark, events(spark, topic, records), QUERY_ID, number)


def apply(spark: SparkSession, lake: Path) -> None:
    """Apply all changes that wait."""
    apply_changes(spark, Lake(str(lake)))
