"""Drift: how the tracks that came after a model's training differ from its training rows.

A model's row has the count, mean and spread of its training rows. So the new rows are the difference to all rows, and
no track ids are stored. Needs no Spark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from soundlake.clusters.learnable import LIMITS, Matrix, SourceFilter, scales_of

LEAST_NEW = 100  # fewer say nothing
LEAST_SHARE = 0.05  # of the training rows
FAR = 1.3  # times as far (squared) from their centroids as the training rows were
SHIFTED = 0.5  # deviations between the mean of the new ones and that of the training rows
_CHUNK = 100_000


@dataclass(frozen=True)
class Drift:
    """What came since a model was trained on `known` tracks.

    `distance` is the mean squared distance of the new ones to their centroids over that of the known ones; `shifts` has
    for each feature how far the mean of the new ones is from that of the known ones, in deviations.
    """

    known: int
    new: int
    distance: float
    shifts: Mapping[str, float]

    @property
    def advises_training(self) -> bool:
        """Whether the new ones are many and sound different, or are as many as the known ones."""
        if self.new < enough(self.known):
            return False
        return self.new >= self.known or self.distance >= FAR or abs(self._largest[1]) >= SHIFTED

    def __str__(self) -> str:
        feature, shift = self._largest
        return (
            f"{self.new:,} tracks since the training on {self.known:,}: {self.distance:.2f} times as far from their "
            f"clusters, {feature} {shift:+.2f} deviations"
        )

    @property
    def _largest(self) -> tuple[str, float]:
        return max(self.shifts.items(), key=lambda shift: abs(shift[1]))


def enough(known: int) -> int:
    """How many new tracks it takes for a statement."""
    return max(LEAST_NEW, int(known * LEAST_SHARE))


def columns(model: Mapping[str, Any]) -> list[str]:
    """The columns of silver/audio_features that `measure` reads."""
    return [*model["features"], "time_signature", "source"]


def measure(model: Mapping[str, Any], features: pa.Table) -> Drift | None:
    """Compare silver/audio_features as it is now with a row of gold/cluster_models; None where too little is new."""
    known = int(model["n_tracks"])
    points = _standardised(model, features)
    new = len(points) - known
    if new < enough(known):
        return None
    inertia = _inertia(points, np.asarray(model["centroids"], dtype=float))
    before = model["inertia"] / known
    distance = max(0.0, inertia - model["inertia"]) / new / before if before > 0 else float("inf")
    # The training rows have mean 0: what all of them add up to is the new ones' sum.
    shifts = points.sum(axis=0) / new
    return Drift(known, new, distance, dict(zip(model["features"], shifts.tolist(), strict=True)))


def _standardised(model: Mapping[str, Any], features: pa.Table) -> Matrix:
    """The rows that the model might have learned from, in its own standardisation."""
    names = list(model["features"])
    rows = features.filter(learnable(features, names, SourceFilter.of(model["train_sources"])))
    values = np.column_stack([rows.column(name).to_numpy() for name in names])
    scales = scales_of(np.asarray(model["deviations"], dtype=float))
    standardised: Matrix = (values - np.asarray(model["means"], dtype=float)) * scales
    return standardised


def learnable(features: pa.Table, names: Sequence[str], sources: SourceFilter) -> pa.ChunkedArray:
    """Which rows a model may and can learn from: the same that `training_rows` keeps on Spark."""
    source = pc.fill_null(features.column("source"), "")
    is_named = pc.is_in(source, pa.array(sources.named, pa.string()))
    is_excluded = pc.is_in(source, pa.array(sources.excluded, pa.string()))
    keep = pc.and_(pc.or_(pa.scalar(sources.takes_all), is_named), pc.invert(is_excluded))
    has_metre = pc.fill_null(pc.not_equal(features.column("time_signature"), 0), True)
    keep = pc.and_(keep, has_metre)
    for name in names:
        low, high = LIMITS[name]
        value = features.column(name)
        within = pc.and_(pc.greater_equal(value, low), pc.less_equal(value, high))
        keep = pc.and_(keep, pc.fill_null(within, False))
    return keep


def _inertia(points: Matrix, centroids: Matrix) -> float:
    """The sum of squared distances to the nearest centroid; in chunks, to bound the memory."""
    total = 0.0
    norms = (centroids**2).sum(axis=1)
    for start in range(0, len(points), _CHUNK):
        chunk = points[start : start + _CHUNK]
        squared = (chunk**2).sum(axis=1)[:, None] + norms - 2 * chunk @ centroids.T
        total += float(np.maximum(squared.min(axis=1), 0).sum())
    return total
