"""A model of clusters that was not trained, for lakes whose tracks are to have clusters."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import SparkSession

from soundlake.clusters.features import FEATURES
from soundlake.clusters.model import ClusterModel
from soundlake.lake import Lake, conform
from soundlake.tables import CLUSTER_MODELS

MODEL = ClusterModel(
    version="v1",
    trained_at=datetime(2026, 3, 1, tzinfo=UTC),
    features=FEATURES,
    means=(0.0,) * len(FEATURES),
    deviations=(1.0,) * len(FEATURES),
    centroids=((0.0,) * len(FEATURES), (1.0,) * len(FEATURES)),
    labels=(7, 3),
    names=("calm", "energetic"),
    silhouette=0.5,
    inertia=1.0,
    n_tracks=2,
    seed=1,
    candidates=(),
    train_sources=("*",),
)


def publish_model(spark: SparkSession, lake: Path) -> None:
    """Make it the current model of a lake that has none."""
    values = MODEL.to_row(is_current=True)
    row = tuple(values[column] for column in CLUSTER_MODELS.column_names)
    rows = conform(spark.createDataFrame([row], CLUSTER_MODELS.ddl), CLUSTER_MODELS)
    rows.write.format("delta").save(Lake(str(lake)).path(CLUSTER_MODELS))
