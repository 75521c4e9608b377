"""Reading what ranking needs from a lake into memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.clusters.features import FEATURES, training_rows
from soundlake.frames import collect, kept
from soundlake.lake import Lake
from soundlake.recommend.blend import Recommender
from soundlake.recommend.catalogue import Floats, catalogue_of
from soundlake.recommend.model import RecommendationModel
from soundlake.settings import Settings
from soundlake.tables import RECOMMENDATION_FACTORS, TRACK_CLUSTERS, TRACK_FEATURES, TRACKS


def load_recommender(spark: SparkSession, lake: Lake, model: RecommendationModel, settings: Settings) -> Recommender:
    """The recommender of a published model over the tracks that are there now.

    `recommend.most_tracks` bounds how many there are, and so the driver's memory: those with most listeners.
    """
    factors = lake.read(spark, RECOMMENDATION_FACTORS).where(F.col("model_version") == model.model_version)
    with kept(_tracks(spark, lake, factors, settings)) as tracks:
        learned = _learned(factors, "track", tracks.select(F.col("track_id").alias("id")), model.factors)
        of_artists = _learned(factors, "artist", tracks.select(F.col("artist_id").alias("id")), model.factors)
        rows = [row.asDict() for row in tracks.collect()]
    catalogue = catalogue_of(
        rows,
        FEATURES,
        model.factors,
        learned.factors,
        of_artists.factors,
        of_artists.listeners,
    )
    return Recommender(catalogue, model.alpha, model.regularisation)


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


@dataclass(frozen=True)
class _Learned:
    factors: dict[str, Floats]
    listeners: dict[str, int]


def _learned(factors: DataFrame, entity: str, ids: DataFrame, length: int) -> _Learned:
    """What the model knows of some tracks or artists, by id."""
    wanted = factors.where(F.col("entity") == entity).join(ids.distinct(), on="id", how="left_semi")
    table = collect(wanted.select("id", "factors", "listeners"))
    known = table["id"].to_pylist()
    values = table["factors"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    matrix = np.asarray(values, dtype=np.float32).reshape(table.num_rows, length)
    listeners = dict(zip(known, table["listeners"].to_pylist(), strict=True))
    return _Learned(dict(zip(known, matrix, strict=True)), listeners)
