"""Fits KMeans to the training rows: scikit-learn in this process up to `train.driver_rows` rows, spark.ml above."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.pool import ThreadPool

import numpy as np
from pyspark.ml import PipelineModel
from pyspark.ml.clustering import KMeans
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from soundlake.clusters import kmeans
from soundlake.clusters.features import FEATURES
from soundlake.clusters.learnable import Matrix, scales_of
from soundlake.clusters.model import Candidate, Vector
from soundlake.clusters.pipeline import POINT, pipeline_of, standardisation
from soundlake.errors import SoundlakeError
from soundlake.frames import collect, kept
from soundlake.settings.model import TrainSettings

_STARTS = 3  # KMeans finds a local optimum: the best of several starts varies less from one training to the next
_ROWS_PER_PARTITION = 250_000


class TooLittleToLearnError(SoundlakeError):
    """The training rows are too few, or too much alike."""


@dataclass(frozen=True)
class ClusterFit:
    """A fitted pipeline (assemble, standardise, KMeans) and its metrics; arrays in the pipeline's own order."""

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
    (squared Euclidean) on a sample, the `train.sample_rows` rows that a hash of `track_id` and seed puts first; the
    final fit sees all rows. Same rows, seed and settings: same model, whatever the file layout. Above
    `train.driver_rows` rows, where spark.ml fits, centroids are identical to the bit only with the same executor cores
    (sums of floating-point numbers depend on their order).

    Raises:
        TooLittleToLearnError: there are too few rows, or too few that differ.
    """
    drawn = rows.select(F.xxhash64("track_id", F.lit(train.seed)).alias("draw"), *FEATURES)
    n_tracks = rows.count()
    numbers = _numbers_to_try(n_tracks, train)
    fits_here = n_tracks <= train.driver_rows
    held = _matrix(drawn if fits_here else drawn.orderBy("draw").limit(train.sample_rows))
    means, deviations = (held.mean(axis=0), held.std(axis=0, ddof=1)) if fits_here else _moments_by_spark(rows)
    points = (held - means) * scales_of(deviations)
    sampled = points[: train.sample_rows]
    tried = kmeans.candidates(sampled, numbers, train.max_iter, train.seed) if len(numbers) > 1 else ()
    if len(numbers) > 1 and not tried:
        raise _too_much_alike(numbers[0])
    k = max(tried, key=lambda each: (each.silhouette, -each.k)).k if tried else numbers[0]
    if fits_here:
        centroids = kmeans.fit(points, sampled, k, train.max_iter, train.seed)
    else:
        centroids = _fit_by_spark(rows, n_tracks, means, deviations, k, train)
    if len(np.unique(centroids, axis=0)) < k:
        raise _too_much_alike(k)
    return ClusterFit(
        pipeline=pipeline_of(rows.sparkSession, means, deviations, centroids),
        means=tuple(means.tolist()),
        deviations=tuple(deviations.tolist()),
        centroids=tuple(map(tuple, centroids.tolist())),
        silhouette=kmeans.silhouette(sampled, kmeans.nearest(sampled, centroids)),
        n_tracks=n_tracks,
        candidates=tried,
    )


def _matrix(drawn: DataFrame) -> Matrix:
    """The rows in the order of their draw, whatever the file layout."""
    table = collect(drawn)
    order = np.argsort(table["draw"].to_numpy(), kind="stable")
    return np.column_stack([table[name].to_numpy() for name in FEATURES])[order]


def _moments_by_spark(rows: DataFrame) -> tuple[Matrix, Matrix]:
    found = rows.agg(*[F.avg(name) for name in FEATURES], *[F.stddev_samp(name) for name in FEATURES]).first()
    assert found is not None  # an aggregate without groups has one row
    means, deviations = np.array(found, dtype=float).reshape(2, len(FEATURES))
    return means, deviations


def _fit_by_spark(
    rows: DataFrame, n_rows: int, means: Matrix, deviations: Matrix, k: int, train: TrainSettings
) -> Matrix:
    """The centroids with the least inertia of several seeded starts, run side by side."""
    partitions = 1 + n_rows // _ROWS_PER_PARTITION
    ordered = rows.repartition(partitions, "track_id").sortWithinPartitions("track_id")
    standardise = PipelineModel([*standardisation(rows.sparkSession, means, deviations)])
    standardised = standardise.transform(ordered).select(POINT)
    estimator = KMeans(featuresCol=POINT, k=k, maxIter=train.max_iter, solver="block", tol=kmeans.TOLERANCE**0.5)
    with kept(standardised) as points, ThreadPool(_STARTS) as pool:
        fits = pool.map(lambda start: estimator.copy().setSeed(train.seed + start).fit(points), range(_STARTS))
    best = min(fits, key=lambda each: each.summary.trainingCost)
    return np.array(best.clusterCenters(), dtype=float)


def _numbers_to_try(n_tracks: int, train: TrainSettings) -> list[int]:
    wanted = [train.k] if train.k else list(range(train.k_min, train.k_max + 1))
    possible = [k for k in wanted if k < n_tracks]
    if not possible:
        raise TooLittleToLearnError(
            f"{wanted[0]} clusters need more than {wanted[0]} tracks to learn from, there are {n_tracks}: take in more "
            f"audio features, let train.sources (now {', '.join(train.sources)}) allow more of them, "
            f"or lower {'train.k' if train.k else 'train.k_min'}"
        )
    return possible


def _too_much_alike(k: int) -> TooLittleToLearnError:
    what = f"the tracks to learn from are too much alike for {k} clusters"
    return TooLittleToLearnError(f"{what}: take in more audio features")
