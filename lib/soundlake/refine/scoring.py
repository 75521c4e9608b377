"""Scoring inside refine: the cluster of each track whose audio features are new or changed."""

from __future__ import annotations

from pyspark.sql import DataFrame

from soundlake.clusters.model import current_model
from soundlake.clusters.scoring import score
from soundlake.refine.writes import BatchWriter
from soundlake.tables import TRACK_CLUSTERS


def score_tracks(writer: BatchWriter, features: DataFrame) -> None:
    """Set the clusters of the tracks in `features` (rows of silver/audio_features) by the current model, if any."""
    model = current_model(writer.spark, writer.lake)
    if model is None:
        return
    writer.lake.create(writer.spark, TRACK_CLUSTERS)
    # An upsert, no append: a reassignment of all tracks may have scored some of these already.
    writer.upsert(TRACK_CLUSTERS, features.transform(score(model)), insert=True)
