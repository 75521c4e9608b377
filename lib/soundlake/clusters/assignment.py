"""Assigning every track of gold/track_clusters by one model, and checking whether that was done."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from soundlake.clusters.model import ClusterModel
from soundlake.clusters.scoring import score
from soundlake.lake import Lake, nothing
from soundlake.tables import TRACK_CLUSTERS, TRACK_FEATURES
from soundlake.writes import BatchWriter, overwrite

# The rows do not show it: after a first model, a batch scores its own tracks and none of the earlier ones.
_ASSIGNED_BY = "soundlake.assignedBy"


def reassign_all(spark: SparkSession, lake: Lake, model: ClusterModel) -> None:
    """Assign every track of silver/audio_features to a cluster of `model`, in one commit of gold/track_clusters.

    Only the table's writer may call this. After a crash behind the commit the next caller repeats it, with the same
    result. The batches whose features are scored here are recorded as done: one that died between its features and its
    clusters is retried, and must not append the same clusters.
    """
    lake.create(spark, TRACK_CLUSTERS)
    scored = lake.read(spark, TRACK_FEATURES).transform(score(model))
    scored_batches = lake.last_batches(spark, TRACK_FEATURES)
    overwrite(lake, TRACK_CLUSTERS, scored)
    done = lake.last_batches(spark, TRACK_CLUSTERS)
    for query_id, batch_id in scored_batches.items():
        if batch_id > done.get(query_id, -1):
            BatchWriter(lake, query_id, batch_id).append(TRACK_CLUSTERS, nothing(spark, TRACK_CLUSTERS))
    lake.set_property(spark, TRACK_CLUSTERS, _ASSIGNED_BY, model.version)


def is_assigned(spark: SparkSession, lake: Lake, model: ClusterModel) -> bool:
    """Whether every track of gold/track_clusters was assigned by `model`, older tracks included.

    Cheap: it reads the table's properties, and no file whose statistics name this version only.
    """
    if not lake.exists(spark, TRACK_CLUSTERS):
        return False
    if lake.property(spark, TRACK_CLUSTERS, _ASSIGNED_BY) != model.version:
        return False
    return lake.read(spark, TRACK_CLUSTERS).where(F.col("model_version") != model.version).isEmpty()
