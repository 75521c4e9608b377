"""Training from end to end: read, fit, match labels, name, publish, and assign where no stream runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime

import numpy as np
from pyspark.sql import SparkSession

from soundlake.clusters.analysis import analyse
from soundlake.clusters.assignment import reassign_all
from soundlake.clusters.features import FEATURES, training_rows
from soundlake.clusters.labels import first_labels, match_labels
from soundlake.clusters.learnable import scales_of
from soundlake.clusters.model import ClusterModel, current_model, first_free_label, new_version
from soundlake.clusters.naming import name_clusters
from soundlake.clusters.profiles import profile
from soundlake.clusters.publishing import publish
from soundlake.clusters.training import ClusterFit, fit_clusters
from soundlake.frames import kept
from soundlake.lake import Lake
from soundlake.lease import Lease
from soundlake.progress import doing
from soundlake.settings import Settings
from soundlake.tables import TRACK_FEATURES, TRACKS


def train(
    spark: SparkSession,
    lake: Lake,
    settings: Settings,
    be_writer: Callable[[], AbstractContextManager[Lease | None]] = lambda: nullcontext(Lease()),
) -> ClusterModel:
    """Train on silver/audio_features, publish the model, and return it.

    gold/track_clusters has one writer at a time. `be_writer` tries to take its lease for its context; then the tracks
    are reassigned here. Where it yields None, the running stream reassigns them at its next batch.

    Raises:
        SoundlakeError: there is too little to learn from.
    """
    rows = lake.read(spark, TRACK_FEATURES).transform(training_rows(settings.train.sources))
    with doing("fitting the clusters"):
        fit = fit_clusters(rows, settings.train)
    unmeasured = _name(fit, current_model(spark, lake), first_free_label(spark, lake), settings)
    model, profiles = profile(unmeasured, rows)
    with doing("publishing the model"), kept(profiles) as of_model:
        about = analyse(model, rows, of_model, lake.read(spark, TRACKS))
        publish(spark, lake, model, of_model, fit.pipeline, about)
    with be_writer() as held:
        if held is not None:
            with doing("assigning tracks to clusters"):
                reassign_all(spark, lake.checked_by(held.check), model)
    return model


def _name(fit: ClusterFit, previous: ClusterModel | None, first_free: int, settings: Settings) -> ClusterModel:
    """The fit as a model with labels and names, kept where clusters are still there; inertia to be measured."""
    labels = _labels(fit, previous, first_free)
    known = dict(zip(previous.labels, previous.names, strict=True)) if previous else {}
    former = {i: known[label] for i, label in enumerate(labels) if label in known}
    trained_at = datetime.now(UTC)
    return ClusterModel(
        version=new_version(trained_at, fit.centroids),
        trained_at=trained_at,
        features=FEATURES,
        means=fit.means,
        deviations=fit.deviations,
        centroids=fit.centroids,
        labels=labels,
        names=name_clusters(FEATURES, fit.centroids, former),
        silhouette=fit.silhouette,
        inertia=float("nan"),
        n_tracks=fit.n_tracks,
        seed=settings.train.seed,
        candidates=fit.candidates,
        train_sources=settings.train.sources,
    )


def _labels(fit: ClusterFit, previous: ClusterModel | None, first_free: int) -> tuple[int, ...]:
    new = np.asarray(fit.centroids)
    if previous is None or previous.features != FEATURES:  # centroids in other features cannot be compared
        return first_labels(new, first_free)
    in_units = np.asarray([list(centroid.values()) for centroid in previous.centroids_in_units])
    old = (in_units - np.asarray(fit.means)) * scales_of(np.asarray(fit.deviations))
    return match_labels(new, old, previous.labels, first_free)
