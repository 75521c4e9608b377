"""Fitting KMeans (spark.ml) to the training rows, and choosing the number of clusters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool

import numpy as np
from pyspark import inheritable_thread_target
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.clustering import KMeans, KMeansModel
from pyspark.ml.evaluation import ClusteringEvaluator
from pyspark.ml.feature import StandardScaler, StandardScalerModel, VectorAssembler
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from soundlake.clusters.features import FEATURES
from soundlake.clusters.model import Candidate, Vector
from soundlake.errors import SoundlakeError
from soundlake.settings.model import TrainSettings

_POINT = "point"  # the column of standardised features
_STARTS = 3  # KMeans finds a local optimum: the best of several starts varies less from one training to the next
_CHOOSING_ITERATIONS = 20  # enough to compare values of k; the final fit has train.max_iter
_ROWS_PER_PARTITION = 250_000


@dataclass(frozen=True)
class Fit:
    """A fitted pipeline (assemble, standardise, KMeans) and what is known of it; arrays in the pipeline's own order."""

    pipeline: PipelineModel
    means: Vector
    deviations: Vector
    centroids: tuple[Vector, ...]
    silhouette: float
    n_tracks: int
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class _Trial:
    kmeans: KMeansModel
    inertia: float


def fit_clusters(rows: DataFrame, train: TrainSettings) -> Fit:
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
            _cached(standardise.transform(ordered).select("track_id", _POINT)) as points,
            _cached(_sample(points, train)) as sample,
        ):
            candidates = _candidates(sample, numbers, train)
            best = max(candidates, key=lambda candidate: (candidate.silhouette, -candidate.k))
            [final] = _best_trials(points, [best.k], train.max_iter, train.seed)
            silhouette = _silhouette(final.kmeans, sample)
    scaler = standardise.stages[-1]
    assert isinstance(scaler, StandardScalerModel)
    return Fit(
        pipeline=PipelineModel([*standardise.stages, final.kmeans]),
        means=tuple(scaler.mean.toArray().tolist()),
        deviations=tuple(scaler.std.toArray().tolist()),
        centroids=_centroids(final.kmeans),
        silhouette=silhouette,
        n_tracks=n_tracks,
        candidates=candidates,
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


def _standardisation() -> list[VectorAssembler | StandardScaler]:
    return [
        VectorAssembler(inputCols=list(FEATURES), outputCol="assembled"),
        StandardScaler(inputCol="assembled", outputCol=_POINT, withMean=True, withStd=True),
    ]


def _sample(points: DataFrame, train: TrainSettings) -> DataFrame:
    """The rows that a hash of id and seed puts first: the same ones in every run, in one partition."""
    drawn = points.withColumn("draw", F.xxhash64("track_id", F.lit(train.seed)))
    return drawn.orderBy("draw", "track_id").limit(train.sample_rows).coalesce(1)


def _candidates(sample: DataFrame, numbers: Sequence[int], train: TrainSettings) -> tuple[Candidate, ...]:
    possible = [k for k in numbers if k < train.sample_rows] or list(numbers[:1])
    trials = _best_trials(sample, possible, min(train.max_iter, _CHOOSING_ITERATIONS), train.seed)
    found = [
        Candidate(k, _silhouette(trial.kmeans, sample), trial.inertia)
        for k, trial in zip(possible, trials, strict=True)
        if len(set(_centroids(trial.kmeans))) == k
    ]
    if not found:
        raise SoundlakeError(
            f"the tracks to learn from sound too much alike to make {numbers[0]} clusters: take in more audio features"
        )
    return tuple(found)


def _best_trials(points: DataFrame, numbers: Sequence[int], iterations: int, seed: int) -> list[_Trial]:
    """For each number of clusters, the best of several seeded starts, all of them run side by side."""

    def run(task: tuple[int, int]) -> _Trial:
        k, start = task
        kmeans = KMeans(featuresCol=_POINT, k=k, seed=seed + start, maxIter=iterations).fit(points)
        return _Trial(kmeans, kmeans.summary.trainingCost)

    tasks = [(k, start) for k in numbers for start in range(_STARTS)]
    parallel = min(len(tasks), points.sparkSession.sparkContext.defaultParallelism)
    with ThreadPool(parallel) as pool:
        trials = pool.map(inheritable_thread_target(run), tasks, chunksize=1)
    return [min(trials[i : i + _STARTS], key=lambda trial: trial.inertia) for i in range(0, len(trials), _STARTS)]


def _silhouette(kmeans: KMeansModel, points: DataFrame) -> float:
    return ClusteringEvaluator(featuresCol=_POINT).evaluate(kmeans.transform(points))


def _centroids(kmeans: KMeansModel) -> tuple[Vector, ...]:
    return tuple(tuple(np.asarray(centre, dtype=float).tolist()) for centre in kmeans.clusterCenters())


@contextmanager
def _cached(frame: DataFrame) -> Iterator[DataFrame]:
    frame.cache()
    try:
        yield frame
    finally:
        frame.unpersist()
