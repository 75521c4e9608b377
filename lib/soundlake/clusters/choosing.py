"""Choosing the number of clusters, on a sample small enough for the driver's memory.

Trying many numbers from several starts takes hundreds of short Spark jobs, each of which costs more to schedule than to
compute. On a bounded sample scipy does the same in a second or two, which leaves time for enough starts to avoid poor
local optima. The silhouette is spark.ml's, as for the final model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pyspark.ml.evaluation import ClusteringEvaluator
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, StructField, StructType
from scipy.cluster.vq import ClusterError, kmeans2, vq

from soundlake.clusters.model import Candidate
from soundlake.clusters.stability import Codes, stability

POINT = "point"  # the column of standardised features, a spark.ml vector
_STARTS = 6
_ITERATIONS = 25

Matrix = NDArray[np.float64]


def sample(points: DataFrame, rows: int, seed: int) -> DataFrame:
    """At most so many rows: those that a hash of `track_id` and seed puts first, the same ones in every run."""
    drawn = points.withColumn("draw", F.xxhash64("track_id", F.lit(seed)))
    return drawn.orderBy("draw", "track_id").limit(rows)


def candidates(sampled: DataFrame, numbers: Sequence[int], seed: int) -> tuple[Candidate, ...]:
    """Try each number of clusters on a sample made by `sample`, leaving out those it has too few different rows for."""
    rows = sampled.orderBy("draw", "track_id").select(POINT).collect()
    matrix = np.array([row[POINT].toArray() for row in rows])
    found = {k: _best_clustering(matrix, k, seed) for k in numbers if k <= len(np.unique(matrix, axis=0))}
    best = {k: clustering for k, clustering in found.items() if clustering is not None}
    if not best:
        return ()
    schema = StructType([sampled.schema[POINT], *[StructField(f"k{k}", IntegerType()) for k in best]])
    codes = np.column_stack([codes for codes, *_ in best.values()]).tolist()
    values = [(row[POINT], *code) for row, code in zip(rows, codes, strict=True)]
    frame = sampled.sparkSession.createDataFrame(values, schema).coalesce(1).cache()
    try:
        return tuple(
            Candidate(k, silhouette(frame, f"k{k}"), inertia, agreed) for k, (_, inertia, agreed) in best.items()
        )
    finally:
        frame.unpersist()


def silhouette(clustered: DataFrame, prediction: str = "prediction") -> float:
    """The mean silhouette (squared Euclidean) of rows with a `point` and the number of their cluster."""
    return ClusteringEvaluator(featuresCol=POINT, predictionCol=prediction).evaluate(clustered)


def _best_clustering(matrix: Matrix, k: int, seed: int) -> tuple[Codes, float, float] | None:
    """The clusters and the inertia (sum of squared distances to the nearest centroid) of the best of several starts.

    And how much the starts agree, see `stability`. None when every start lost a cluster.
    """
    trials = []
    for start in range(_STARTS):
        try:
            centroids, _ = kmeans2(matrix, k, iter=_ITERATIONS, minit="++", missing="raise", seed=seed + start)
        except ClusterError:  # a cluster ran empty: not a clustering into k
            continue
        codes, distances = vq(matrix, centroids)
        trials.append((codes, float((distances**2).sum())))
    if not trials:
        return None
    codes, inertia = min(trials, key=lambda trial: trial[1])
    return codes, inertia, stability([codes for codes, _ in trials])
