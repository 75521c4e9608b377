"""What helps to assess a model: the values of k that were tried, and a map of its tracks."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.clusters.model import ClusterModel
from soundlake.clusters.projection import AXES, principal_components
from soundlake.clusters.scoring import score
from soundlake.tables import CLUSTER_AXES, CLUSTER_CHOICES, CLUSTER_MAP, Table

ON_THE_MAP = 2000  # tracks: enough to see the shape, few enough to draw


def analyse(model: ClusterModel, rows: DataFrame, profiles: DataFrame, tracks: DataFrame) -> dict[Table, DataFrame]:
    """Return the rows of gold/cluster_choices, cluster_map and cluster_axes for a model.

    Takes its training rows (`track_id` and the features), its rows of gold/cluster_profiles, and silver/tracks for
    names. The map has the exemplars of every cluster, and of the other tracks the first by a hash.
    """
    spark = rows.sparkSession
    exemplars = {track for row in profiles.collect() for track in row["exemplar_track_ids"]}
    drawn = (
        rows.withColumn("is_exemplar", F.col("track_id").isin(sorted(exemplars)))
        .orderBy(F.desc("is_exemplar"), F.xxhash64("track_id"), "track_id")
        .limit(ON_THE_MAP)
    )
    clusters = drawn.transform(score(model)).select("track_id", "cluster", "cluster_name")
    names = tracks.select("track_id", "track_name", "artist_name")
    shown = drawn.join(clusters, "track_id").join(names, "track_id", "left").orderBy("track_id").collect()
    values = np.array([[row[name] for name in model.features] for row in shown])
    points = (values - np.asarray(model.means)) * np.asarray(model.scales)
    projection = principal_components(points)
    places = projection.place(points).tolist()
    return {
        CLUSTER_CHOICES: _frame(spark, CLUSTER_CHOICES, _choices(model)),
        CLUSTER_MAP: _frame(
            spark,
            CLUSTER_MAP,
            [
                {**row.asDict(), "model_version": model.version, "x": x, "y": y}
                for row, (x, y) in zip(shown, places, strict=True)
            ],
        ),
        CLUSTER_AXES: _frame(
            spark,
            CLUSTER_AXES,
            [
                {"model_version": model.version, "axis": axis, "feature": feature, "loading": loading, "share": share}
                for axis, loadings, share in zip(AXES, projection.axes.tolist(), projection.shares, strict=True)
                for feature, loading in zip(model.features, loadings, strict=True)
            ],
        ),
    }


def _choices(model: ClusterModel) -> list[dict[str, Any]]:
    return [
        {
            "model_version": model.version,
            "k": tried.k,
            "silhouette": tried.silhouette,
            "inertia": tried.inertia,
            "stability": tried.stability,
            "is_chosen": tried.k == model.k,
        }
        for tried in model.candidates
    ]


def _frame(spark: SparkSession, table: Table, rows: list[dict[str, Any]]) -> DataFrame:
    return spark.createDataFrame([tuple(row[name] for name in table.column_names) for row in rows], table.ddl)
