"""From imported records to answers: the steps of the demo that the lake has the records for."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from pyspark.sql import SparkSession
from rich.console import Console

from soundlake import stream
from soundlake.clusters.job import train
from soundlake.clusters.training import TooLittleToLearnError
from soundlake.insights.builder import build
from soundlake.lake import Lake
from soundlake.lease import try_lease
from soundlake.ops.writing import step_of
from soundlake.recommend.job import recommend
from soundlake.run_report import print_counts, since, step
from soundlake.settings import Settings
from soundlake.tables import BATCHES, TRACK_FEATURES, TRACKS


def run(spark: SparkSession, settings: Settings, console: Console) -> None:
    """Stream what was imported and build the insights; train and recommend if the lake has the records for it."""
    lake = Lake(settings.lake.uri)
    started_at = datetime.now(UTC)
    with step(console, "stream: imported records → bronze → silver"):
        if not stream.run(spark, settings, once=True):
            raise KeyboardInterrupt  # the stream finished its batches; no answer is built on half of the records
    if lake.exists(spark, TRACK_FEATURES):
        with (
            step(console, "train_clusters: KMeans on audio features"),
            step_of(spark, settings, "train_clusters", "train_clusters") as trained,
        ):
            _train(spark, trained, settings, console)
    with step(console, "build_insights"), step_of(spark, settings, "build_insights", "build_insights") as built:
        build(spark, built, settings)
    if lake.exists(spark, TRACKS):
        with step(console, "recommend"), step_of(spark, settings, "recommend", "recommend") as recommended:
            recommend(spark, recommended, settings, partial(try_lease, settings, "recommend"))
    print_counts(console, "Records of this run", since(lake.read(spark, BATCHES), started_at))


def _train(spark: SparkSession, lake: Lake, settings: Settings, console: Console) -> None:
    try:
        train(spark, lake, settings, partial(try_lease, settings, "train_clusters"))
    except TooLittleToLearnError as error:  # all else can be answered
        console.print(f"no clusters: {error}", markup=False)
