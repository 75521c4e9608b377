"""The two principal components of standardised features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA

from soundlake.clusters.learnable import Matrix

AXES = ("x", "y")


@dataclass(frozen=True)
class Projection:
    """Two orthogonal directions in the features (one in a row), and the share of all variance along each."""

    axes: Matrix
    shares: tuple[float, ...]

    def place(self, points: Matrix) -> Matrix:
        """The coordinates of standardised points (one in a row) in two dimensions."""
        return points @ self.axes.T


def principal_components(points: Matrix) -> Projection:
    """The two directions in which standardised points (one in a row) vary most.

    The feature that weighs most in a direction points forward, in every run.
    """
    with np.errstate(invalid="ignore"):  # 0 / 0 where all points are equal
        components = PCA(len(AXES), svd_solver="covariance_eigh").fit(points)
    return Projection(components.components_, tuple(np.nan_to_num(components.explained_variance_ratio_).tolist()))
