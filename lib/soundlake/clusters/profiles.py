"""What each cluster of a new model sounds like, how large it is and which tracks stand for it."""

from __future__ import annotations

from dataclasses import replace

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from soundlake.clusters.model import ClusterModel
from soundlake.clusters.scoring import score
from soundlake.tables import CLUSTER_PROFILES

EXEMPLARS = 5


def profile(model: ClusterModel, rows: DataFrame) -> tuple[ClusterModel, DataFrame]:
    """Measure a model on its training rows (`track_id` and the features).

    Gives the model with its inertia, and the rows of gold/cluster_profiles: one a cluster, an empty one included.
    """
    by_nearness = Window.partitionBy("cluster").orderBy("distance", "track_id")
    is_exemplar = F.col("rank") <= EXEMPLARS
    measured = (
        rows.transform(score(model))
        .withColumn("rank", F.row_number().over(by_nearness))
        .groupBy("cluster")
        .agg(
            F.count("*").alias("size"),
            F.sum(F.col("distance") * F.col("distance")).alias("inertia"),
            F.array_sort(F.collect_list(F.when(is_exemplar, F.struct("rank", "track_id")))).alias("exemplars"),
        )
        .collect()
    )
    found = {row["cluster"]: row for row in sorted(measured, key=lambda row: row["cluster"])}
    profiles = []
    for label, name, centroid in zip(model.labels, model.names, model.centroids_in_units, strict=True):
        row = found.get(label)
        values = {
            "model_version": model.version,
            "cluster": label,
            "cluster_name": name,
            "size": row["size"] if row else 0,
            "exemplar_track_ids": [each["track_id"] for each in row["exemplars"]] if row else [],
            **centroid,
        }
        profiles.append(tuple(values[column] for column in CLUSTER_PROFILES.column_names))
    frame = rows.sparkSession.createDataFrame(profiles, CLUSTER_PROFILES.ddl)
    return replace(model, inertia=float(sum(row["inertia"] for row in found.values()))), frame
