"""A published cluster model: all that scoring needs, in one row of gold/cluster_models."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pyspark.sql import Row, SparkSession

from soundlake.clusters.learnable import scales_of
from soundlake.lake import Lake
from soundlake.tables import CLUSTER_MODELS

Vector = tuple[float, ...]


@dataclass(frozen=True)
class Candidate:
    """A number of clusters that was tried on the sample; a model with a given number has none.

    `stability` is the mean agreement of its starts, see `stability`; it is not kept in the model's row.
    """

    k: int
    silhouette: float
    inertia: float
    stability: float = field(default=float("nan"), compare=False)


@dataclass(frozen=True)
class ClusterModel:
    """A KMeans model over standardised features.

    `means` and `deviations` are in the features' own units (a deviation of 0 marks a feature that did not vary and
    counts for nothing), `centroids` in standardised features. The i-th centroid, label and name belong together, and i
    is what the spark.ml artifact predicts.
    """

    version: str
    trained_at: datetime
    features: tuple[str, ...]
    means: Vector
    deviations: Vector
    centroids: tuple[Vector, ...]
    labels: tuple[int, ...]
    names: tuple[str, ...]
    silhouette: float
    inertia: float
    n_tracks: int
    seed: int
    candidates: tuple[Candidate, ...]
    train_sources: tuple[str, ...]

    @property
    def k(self) -> int:
        """The number of clusters."""
        return len(self.centroids)

    @property
    def scales(self) -> Vector:
        """What a difference in a feature's own unit is multiplied with to standardise it."""
        return tuple(scales_of(np.asarray(self.deviations)).tolist())

    @property
    def centroids_in_units(self) -> tuple[dict[str, float], ...]:
        """Each centroid as feature → value in the feature's own unit."""
        points = np.asarray(self.centroids) * np.asarray(self.deviations) + np.asarray(self.means)
        return tuple(dict(zip(self.features, map(float, point), strict=True)) for point in points)

    def to_row(self, is_current: bool) -> dict[str, Any]:
        """The values of the model's row in gold/cluster_models, by column."""
        return {
            "model_version": self.version,
            "trained_at": self.trained_at,
            "k": self.k,
            "silhouette": self.silhouette,
            "inertia": self.inertia,
            "n_tracks": self.n_tracks,
            "features": list(self.features),
            "is_current": is_current,
            "means": list(self.means),
            "deviations": list(self.deviations),
            "labels": list(self.labels),
            "names": list(self.names),
            "centroids": [list(centroid) for centroid in self.centroids],
            "seed": self.seed,
            "candidates": [(each.k, each.silhouette, each.inertia) for each in self.candidates],
            "train_sources": list(self.train_sources),
        }

    @classmethod
    def from_row(cls, row: Row) -> ClusterModel:
        """The model that a row of gold/cluster_models holds."""
        return cls(
            version=row["model_version"],
            trained_at=row["trained_at"].astimezone(UTC),
            features=tuple(row["features"]),
            means=tuple(row["means"]),
            deviations=tuple(row["deviations"]),
            centroids=tuple(tuple(centroid) for centroid in row["centroids"]),
            labels=tuple(row["labels"]),
            names=tuple(row["names"]),
            silhouette=row["silhouette"],
            inertia=row["inertia"],
            n_tracks=row["n_tracks"],
            seed=row["seed"],
            candidates=tuple(Candidate(*each) for each in row["candidates"]),
            train_sources=tuple(row["train_sources"]),
        )


def new_version(trained_at: datetime, centroids: tuple[Vector, ...]) -> str:
    """A version that sorts by time: the UTC time to the microsecond and a digest of the centroids.

    `20261121T080000.000000Z-1a2b3c4d`; safe in paths and object keys.
    """
    digest = hashlib.sha256(np.asarray(centroids, dtype="<f8").tobytes()).hexdigest()[:8]
    return f"{trained_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{digest}"


def current_model(spark: SparkSession, lake: Lake) -> ClusterModel | None:
    """The model that scores; None before the first was published."""
    row = lake.read(spark, CLUSTER_MODELS).where("is_current").first()
    return None if row is None else ClusterModel.from_row(row)


def published_versions(spark: SparkSession, lake: Lake) -> list[str]:
    """The versions of all models ever published, oldest first."""
    rows = lake.read(spark, CLUSTER_MODELS).select("model_version").collect()
    return sorted(row["model_version"] for row in rows)


def first_free_label(spark: SparkSession, lake: Lake) -> int:
    """The lowest number above every label that any published model ever used."""
    rows = lake.read(spark, CLUSTER_MODELS).select("labels").collect()
    return 1 + max((label for row in rows for label in row["labels"]), default=-1)
