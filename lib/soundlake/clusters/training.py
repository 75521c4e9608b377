"""Fitting KMeans (spark.ml) to the training rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from typing import Any

import numpy as np
from pyspark.ml import Estimator, Pipeline, PipelineModel, Transformer
from pyspark.ml.clustering import KMeans, KMeansModel
from pyspark.ml.feature import StandardScaler, StandardScalerModel, VectorAssembler
from pyspark.sql import DataFrame

from soundlake.clusters.choosing import POINT, candidates, sample, silhouette
from soundlake.clusters.features import FEATURES
from soundlake.clusters.model import Candidate, Vector
from soundlake.errors import SoundlakeError
from soundlake.settings.model import TrainSettings

_STARTS = 3  # KMeans finds a local optimum: the best of several starts varies less from one training to the next
_ROWS_PER_PARTITION = 250_000


@dataclass(frozen=True)
class ClusterFit:
    """A fitted pipeline (assemble, standardise, KMeans) and what is known of it; arrays in the pipeline's own order."""

    pipeline: PipelineModel
    means: Vector
    deviations: Vector
    centroids: tuple[Vector, ...]
    silhouette: float
    n_tracks: int
    candidates: tuple[Candidate, ...]


def fit_clusters(rows: DataFrame, train: TrainSettings) -> ClusterFit:
    """Fit a model to training rows (`track_id` and the nine features, none null).

    The number of clusters is `train.k`, or the one from `train.k_min` to `train.k_max` with the highest mean silhouette
    (squared Euclidean) on at most `train.sample_rows` rows; the final fit sees all rows. Same rows, seed and settings:
    same model, however the files lie. Centroids are the same to the bit when the executors' cores are the same too
    (sums of floating-point numbers depend on their order).

    Raises:
        SoundlakeError: there are too few rows, or too few that differ.
    """
    n_tracks = rows.count()
    numbers = _numbers_to_try(n_tracks, train)
    with _cached(_canonical(rows, n_tracks)) as ordered:
        standardise = Pipeline(stages=_standardisation()).fit(ordered)
        with (
            _cached(standardise.transform(ordered).select("track_id", POINT)) as points,
            _cached(sample(points, train.sample_rows, train.seed)) as sampled,
        ):
            tried = candidates(sampled, numbers, train.seed) if len(numbers) > 1 else ()
            if len(numbers) > 1 and not tried:
                raise _too_much_alike(numbers[0])
            k = max(tried, key=lambda each: (each.silhouette, -each.k)).k if tried else numbers[0]
            kmeans = _best_of_starts(points, k, train)
            if len(set(_centroids(kmeans))) < k:
                raise _too_much_alike(k)
            quality = silhouette(kmeans.transform(sampled))
    scaler = standardise.stages[-1]
    assert isinstance(scaler, StandardScalerModel)
    return ClusterFit(
        pipeline=PipelineModel([*standardise.stages, kmeans]),
        means=tuple(scaler.mean.toArray().tolist()),
        deviations=tuple(scaler.std.toArray().tolist()),
        centroids=_centroids(kmeans),
        silhouette=quality,
        n_tracks=n_tracks,
        candidates=tried,
    )


def _numbers_to_try(n_tracks: int, train: TrainSettings) -> list[int]:
    wanted = [train.k] if train.k else list(range(train.k_min, train.k_max + 1))
    possible = [k for k in wanted if k < n_tracks]
    if not possible:
        raise SoundlakeError(
            f"{wanted[0]} clusters need more than {wanted[0]} tracks to learn from, there are {n_tracks}: take in more "
            f"audio features, let train.sources (now {', '.join(train.sources)}) allow more of them, "
            f"or lower {'train.k' if train.k else 'train.k_min'}"
        )
    return possible


def _canonical(rows: DataFrame, n_rows: int) -> DataFrame:
    """The same rows in the same partitions and order, however they are stored."""
    partitions = 1 + n_rows // _ROWS_PER_PARTITION
    return rows.repartition(partitions, "track_id").sortWithinPartitions("track_id")


def _standardisation() -> list[Estimator[Any] | Transformer]:
    return [
        VectorAssembler(inputCols=list(FEATURES), outputCol="assembled"),
        StandardScaler(inputCol="assembled", outputCol=POINT, withMean=True, withStd=True),
    ]


def _best_of_starts(points: DataFrame, k: int, train: TrainSettings) -> KMeansModel:
    """The model with the least inertia of several seeded starts, run side by side."""

    def fit(start: int) -> KMeansModel:
        return KMeans(featuresCol=POINT, k=k, seed=train.seed + start, maxIter=train.max_iter).fit(points)

    with ThreadPool(_STARTS) as pool:
        return min(pool.map(fit, range(_STARTS), chunksize=1), key=lambda kmeans: kmeans.summary.trainingCost)


def _centroids(kmeans: KMeansModel) -> tuple[Vector, ...]:
    return tuple(tuple(np.asarray(centre, dtype=float).tolist()) for centre in kmeans.clusterCenters())


def _too_much_alike(k: int) -> SoundlakeError:
    return SoundlakeError(f"the tracks to learn from are too much alike for {k} clusters: take in more audio features")


@contextmanager
def _cached(frame: DataFrame) -> Iterator[DataFrame]:
    frame.cache()
    try:
        yield frame
    finally:
        frame.unpersist()
