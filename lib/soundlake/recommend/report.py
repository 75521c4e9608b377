"""The summary that the job prints."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from soundlake.lake import Lake
from soundlake.recommend.lists import are_listed
from soundlake.recommend.model import RecommendationModel
from soundlake.tables import CURATED_PLAYLISTS, RECOMMENDATIONS, SIMILAR_TRACKS


def summary(spark: SparkSession, lake: Lake, model: RecommendationModel) -> Iterator[str]:
    """What the model learned from, and what it wrote."""
    yield (
        f"published model {model.model_version}: learned from {model.n_likes:,} likes of {model.n_users:,} users "
        f"and the playlists, {model.n_tracks:,} tracks"
    )
    if model.n_left_out:
        sources = ", ".join(model.train_sources)
        yield (
            f"left out {model.n_left_out:,} plays and user items: train.sources ({sources}) does not allow to learn "
            "from their source; see the README on Spotify's rules"
        )
    similar = lake.read(spark, SIMILAR_TRACKS).agg(F.count_distinct("track_id")).first()
    assert similar is not None  # an aggregate without groups has one row
    yield f"gold/similar_tracks: neighbours of {similar[0]:,} tracks"
    playlists = lake.read(spark, CURATED_PLAYLISTS).agg(F.count_distinct("playlist")).first()
    assert playlists is not None
    yield f"gold/curated_playlists: {playlists[0]:,} playlists"
    if not are_listed(spark, lake, model):
        yield "gold/recommendations: left to the running stream, which ranks all lists when somebody plays something"
        return
    lists = lake.read(spark, RECOMMENDATIONS).agg(F.count_distinct("user_id"), F.count("*")).first()
    assert lists is not None
    yield f"gold/recommendations: {lists[0]:,} users, {lists[1]:,} rows"
