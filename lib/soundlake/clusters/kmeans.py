"""KMeans by scikit-learn on standardised features (a row a track): choosing the number of clusters, the final fit.

Choosing uses a sample small enough to try each number from several starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, pairwise_distances_argmin
from threadpoolctl import threadpool_limits

from soundlake.clusters.learnable import Matrix
from soundlake.clusters.model import Candidate
from soundlake.progress import count, doing

# Of scikit-learn: on the sum of the squared shifts of the centroids, as a share of the features' mean variance, here 1.
# spark.ml compares each centroid's shift, not squared: its own tolerance is the root of this one.
TOLERANCE = 1e-4
_STARTS = 6  # of a sample: enough to see past the local optima that KMeans falls into

Codes = NDArray[np.int32]


def candidates(sampled: Matrix, numbers: Sequence[int], max_iter: int, seed: int) -> tuple[Candidate, ...]:
    """Try each number of clusters on a sample, except those that need more distinct rows."""
    different = len(np.unique(sampled, axis=0))
    found = []
    for k in (number for number in numbers if number < different):
        with doing(f"trying {k} clusters"):
            found.append(_candidate(_starts(sampled, k, max_iter, seed), sampled))
        count("numbers_tried", of=len(numbers))
    return tuple(found)


def fit(points: Matrix, sampled: Matrix, k: int, max_iter: int, seed: int) -> Matrix:
    """The centroids of all rows, starting from what the best of several starts finds on a sample of them."""
    best = min(_starts(sampled, k, max_iter, seed), key=lambda each: float(each.inertia_))
    found = KMeans(k, init=best.cluster_centers_, n_init=1, max_iter=max_iter, tol=TOLERANCE).fit(points)
    return np.asarray(found.cluster_centers_)


def nearest(points: Matrix, centroids: Matrix) -> Codes:
    """The index of the centroid nearest to each row."""
    return np.asarray(pairwise_distances_argmin(points, centroids), dtype=np.int32)


def silhouette(points: Matrix, codes: Codes) -> float:
    """The mean silhouette (squared Euclidean); 0 for a single cluster, where it is undefined.

    Rousseeuw, https://doi.org/10.1016/0377-0427(87)90125-7. Rows are compared with clusters, not with each other:
    the mean squared distance from x to the rows y of a cluster is |x|² + mean |y|² - 2x · mean y.
    """
    _, cluster, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    if len(sizes) < 2:
        return 0.0
    is_own = np.eye(len(sizes), dtype=bool)[cluster]
    squares = (points**2).sum(axis=1)
    centres = is_own.T @ points / sizes[:, None]
    spreads = is_own.T @ squares / sizes
    distances = np.maximum(squares[:, None] + spreads - 2 * points @ centres.T, 0.0)
    size = sizes[cluster]
    own = distances[is_own] * size / np.maximum(size - 1, 1)  # a row is not compared with itself
    other = np.where(is_own, np.inf, distances).min(axis=1)
    larger = np.maximum(own, other)
    gains = np.divide(other - own, larger, out=np.zeros_like(own), where=(size > 1) & (larger > 0.0))
    return float(gains.mean())


def stability(clusterings: Sequence[Codes]) -> float:
    """How much clusterings of the same rows agree: the mean adjusted Rand index of all pairs; NaN for a single one."""
    pairs = [adjusted_rand_score(first, second) for first, second in combinations(clusterings, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")


def _starts(sampled: Matrix, k: int, max_iter: int, seed: int) -> list[KMeans]:
    # The work is too small for threads: on a busy machine, waiting for each other costs seconds.
    with threadpool_limits(1):
        return [
            KMeans(k, n_init=1, max_iter=max_iter, tol=TOLERANCE, random_state=seed + start).fit(sampled)
            for start in range(_STARTS)
        ]


def _candidate(starts: Sequence[KMeans], sampled: Matrix) -> Candidate:
    best = min(starts, key=lambda each: float(each.inertia_))
    return Candidate(
        k=best.n_clusters,
        silhouette=silhouette(sampled, best.labels_),
        inertia=float(best.inertia_),
        stability=stability([each.labels_ for each in starts]),
    )
