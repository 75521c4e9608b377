"""Loads what ranking needs from a lake into memory."""

from __future__ import annotations

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.clusters.features import FEATURES, training_rows
from soundlake.frames import collect, kept
from soundlake.lake import Lake
from soundlake.recommend.blend import Recommender
from soundlake.recommend.catalogue import Known, Thing, catalogue_of
from soundlake.recommend.model import RecommendationModel
from soundlake.settings import Settings
from soundlake.tables import RECOMMENDATION_FACTORS, TRACK_CLUSTERS, TRACK_FEATURES, TRACKS


def load_recommender(spark: SparkSession, lake: Lake, model: RecommendationModel, settings: Settings) -> Recommender:
    """The recommender of a published model over the current tracks.

    `recommend.most_tracks` limits them to those with most listeners, and so the driver's memory.
    """
    factors = lake.read(spark, RECOMMENDATION_FACTORS).where(F.col("model_version") == model.model_version)
    factors = factors.where(F.col("variance").isNotNull())  # older models, by ALS, have none and cannot be used
    with kept(_tracks(spark, lake, factors, settings)) as tracks:
        learned = _learned(factors, tracks)
        rows = [row.asDict() for row in tracks.collect()]
    return Recommender(catalogue_of(rows, FEATURES, learned))


def measured_features(spark: SparkSession, lake: Lake, settings: Settings) -> DataFrame:
    """track_id and the features, of tracks whose sound may be compared: what a model may learn from."""
    return lake.read(spark, TRACK_FEATURES).transform(training_rows(settings.train.sources))


def _tracks(spark: SparkSession, lake: Lake, factors: DataFrame, settings: Settings) -> DataFrame:
    """What `catalogue_of` takes, the most heard tracks first."""
    listeners = factors.where("entity = 'track'").select(F.col("id").alias("track_id"), "listeners")
    clusters = lake.read(spark, TRACK_CLUSTERS).select("track_id", "cluster_name")
    return (
        lake.read(spark, TRACKS)
        .select(
            "track_id", "track_name", "artist_id", "artist_name", "popularity", F.year("release_date").alias("year")
        )
        .join(listeners, on="track_id", how="left")
        .orderBy(F.desc_nulls_last("listeners"), F.desc_nulls_last("popularity"), "track_id")
        .limit(settings.recommend.most_tracks)
        .join(measured_features(spark, lake, settings), on="track_id", how="left")
        .join(clusters, on="track_id", how="left")
        .orderBy("track_id")  # decides where scores are equal
    )


def _learned(factors: DataFrame, tracks: DataFrame) -> dict[Thing, Known]:
    """What the model learned about these tracks and their artists."""
    things = [
        tracks.select(F.lit(entity).alias("entity"), F.col(f"{entity}_id").alias("id")).distinct()
        for entity in ("track", "artist")
    ]
    wanted = factors.join(things[0].unionByName(things[1]), on=["entity", "id"], how="left_semi")
    table = collect(wanted.select("entity", "id", "factors", "variance"))
    if not table.num_rows:
        return {}
    values = table["factors"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    matrix = np.asarray(values, dtype=np.float32).reshape(table.num_rows, -1)
    known = zip(table["entity"].to_pylist(), table["id"].to_pylist(), strict=True)
    return dict(zip(known, zip(matrix, table["variance"].to_pylist(), strict=True), strict=True))
