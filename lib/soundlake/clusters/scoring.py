"""Scoring: the nearest centroid of each track, as plain column expressions.

Measured against spark.ml in docs/decisions/0002-clusters.md (tests/bench/scoring.py). What decides the speed is the
size of the code that Spark generates: a method above 8,000 bytes is not compiled by the JVM, but interpreted. Hence
|z - c|² = |z|² + (|c|² - 2 z·c), where the bracket, multiplied out in the features' own units, takes one multiplication
and one addition for each feature and centroid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from soundlake.clusters.features import have_features
from soundlake.clusters.model import ClusterModel, Vector
from soundlake.tables import TRACK_CLUSTERS


def score(model: ClusterModel) -> Callable[[DataFrame], DataFrame]:
    """Give each track its cluster.

    Takes rows with `track_id` and the model's features in their own units; gives the columns of gold/track_clusters.
    `distance` is the Euclidean distance to the centroid in standardised features. Rows in which a feature is null get
    no cluster and are left out. Of centroids at the same distance, the first wins.
    """

    def transform(features: DataFrame) -> DataFrame:
        return (
            features.where(have_features())
            .select("track_id", _norm(model).alias("norm"), F.array(*_offsets(model)).alias("offsets"))
            .withColumn("least", F.array_min("offsets"))
            .withColumn("place", F.expr("array_position(offsets, least)").cast("int"))
            .select(
                "track_id",
                _pick(model.labels, "int").alias("cluster"),
                _pick(model.names, "string").alias("cluster_name"),
                # Rounding may leave a tiny negative number at the centroid itself.
                F.sqrt(F.greatest(F.col("norm") + F.col("least"), F.lit(0.0))).alias("distance"),
                F.lit(model.version).alias("model_version"),
                F.current_timestamp().alias("scored_at"),
            )
            .select(*TRACK_CLUSTERS.column_names)
        )

    return transform


def _norm(model: ClusterModel) -> Column:
    """|z|²: how far a track is from the mean of all tracks."""
    standardised = [
        (F.col(name) - mean) * scale
        for name, mean, scale in zip(model.features, model.means, model.scales, strict=True)
    ]
    return reduce(add, [value * value for value in standardised])


def _offsets(model: ClusterModel) -> list[Column]:
    """|c|² - 2 z·c for each centroid, with z = (x - mean) · scale multiplied out."""
    centroids = np.asarray(model.centroids)
    weights = -2.0 * centroids * np.asarray(model.scales)
    constants = (centroids**2).sum(axis=1) - weights @ np.asarray(model.means)
    return [
        _linear(model.features, tuple(weight), float(constant))
        for weight, constant in zip(weights.tolist(), constants, strict=True)
    ]


def _linear(features: Sequence[str], weights: Vector, constant: float) -> Column:
    return reduce(add, [F.col(name) * weight for name, weight in zip(features, weights, strict=True)]) + constant


def _pick(values: Sequence[int] | Sequence[str], type_: str) -> Column:
    return F.element_at(F.array(*[F.lit(value) for value in values]), F.col("place")).cast(type_)
