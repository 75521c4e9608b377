"""Scoring between batches: the clusters of tracks whose audio features changed."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from soundlake.clusters.model import current_model
from soundlake.clusters.scoring import score
from soundlake.lake import Lake
from soundlake.tables import TRACK_CLUSTERS, TRACK_FEATURES
from soundlake.writes import same_key

_ASSIGNED = ("cluster", "cluster_name", "distance", "model_version")


def score_tracks(spark: SparkSession, lake: Lake, tracks: DataFrame) -> None:
    """Update the clusters of the tracks in `tracks` (column track_id) by the current model, if there is one.

    Features are read from silver/audio_features. A track whose cluster stays the same is not written.
    """
    model = current_model(spark, lake)
    if model is None:
        return
    lake.create(spark, TRACK_CLUSTERS)
    features = lake.read(spark, TRACK_FEATURES).join(tracks, on="track_id", how="left_semi")
    differs = " OR ".join(f"NOT (t.`{name}` <=> s.`{name}`)" for name in _ASSIGNED)
    (
        lake.delta(spark, TRACK_CLUSTERS)
        .alias("t")
        .merge(features.transform(score(model)).alias("s"), same_key(TRACK_CLUSTERS.key))
        .whenMatchedUpdateAll(differs)
        .whenNotMatchedInsertAll()
        .execute()
    )
