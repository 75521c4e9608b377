"""Two dimensions for what has nine: principal components of standardised features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

AXES = ("x", "y")


@dataclass(frozen=True)
class Projection:
    """Two orthogonal directions in the features (one in a row), and the share of all variance along each."""

    axes: Matrix
    shares: tuple[float, ...]

    def place(self, points: Matrix) -> Matrix:
        """Where standardised points (one in a row) lie in two dimensions."""
        return points @ self.axes.T


def principal_components(points: Matrix) -> Projection:
    """The two directions in which standardised points (one in a row) vary most.

    The sign of a direction is free: the feature that weighs most in it points forward, in every run.
    """
    variances, directions = np.linalg.eigh(np.cov(points, rowvar=False))
    largest = np.argsort(variances)[::-1][: len(AXES)]
    axes = directions[:, largest].T
    heaviest = np.abs(axes).argmax(axis=1)
    signs = np.sign(axes[np.arange(len(axes)), heaviest])
    total = float(variances.sum())
    shares = tuple(float(variance) / total if total > 0 else 0.0 for variance in variances[largest])
    return Projection(axes * signs[:, None], shares)
