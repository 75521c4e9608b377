"""Labels that survive retraining: cluster 3 stays cluster 3 for as long as it exists.

KMeans numbers its clusters arbitrarily. A first model is numbered in an order of its centroids; a retrained one takes
over the labels of the previous one by the one-to-one matching of old and new centroids with the least sum of squared
distances (scipy.optimize.linear_sum_assignment).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from soundlake.clusters.learnable import Matrix


def canonical_order(centroids: Matrix) -> list[int]:
    """The indices of the centroids (standardised features), sorted by coordinates.

    Rounded, so that the noise of summing in another order does not decide.
    """
    rounded = np.round(centroids, 6) + 0.0  # no negative zero
    return sorted(range(len(centroids)), key=lambda i: tuple(rounded[i]))


def first_labels(centroids: Matrix, first_free: int = 0) -> tuple[int, ...]:
    """The labels of centroids without predecessors: `first_free` and up, in canonical order."""
    labels = [0] * len(centroids)
    for number, index in enumerate(canonical_order(centroids), start=first_free):
        labels[index] = number
    return tuple(labels)


def match_labels(new: Matrix, old: Matrix, old_labels: tuple[int, ...], first_free: int) -> tuple[int, ...]:
    """The labels of retrained centroids.

    A cluster is still there when the old centroid nearest to the new one is also the one matched to it. It keeps its
    label; every other one is new and gets a number that no model used before.

    Args:
        new: the new centroids, one in a row.
        old: the centroids of the model before, in the same features and the same standardisation.
        old_labels: the labels of the rows of `old`.
        first_free: the lowest number above every label used so far.
    """
    costs = cdist(new, old, "sqeuclidean")
    nearest = costs.argmin(axis=1)
    matched = zip(*linear_sum_assignment(costs), strict=True)
    kept = {int(i): old_labels[j] for i, j in matched if nearest[i] == j}
    fresh = [i for i in range(len(new)) if i not in kept]
    numbers = dict(zip(fresh, first_labels(new[fresh], first_free), strict=True))
    return tuple({**kept, **numbers}[i] for i in range(len(new)))
