"""The recommend job: learn, publish, find similar tracks, and rank the lists where no stream runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime

from pyspark.sql import SparkSession

from soundlake.lake import Lake
from soundlake.lease import Lease
from soundlake.progress import doing
from soundlake.recommend.curated import write_curated_playlists
from soundlake.recommend.ease import ARTIST_WEIGHT, REGULARISATION
from soundlake.recommend.lists import list_all
from soundlake.recommend.loading import measured_features
from soundlake.recommend.model import RecommendationModel, new_version
from soundlake.recommend.neighbours import similar_tracks
from soundlake.recommend.publishing import publish
from soundlake.recommend.signals import left_out, likes, on_playlists, signals
from soundlake.recommend.training import FactorFit, fit_factors
from soundlake.settings import Settings
from soundlake.tables import SIMILAR_TRACKS, TRACKS
from soundlake.writes import overwrite


def recommend(
    spark: SparkSession,
    lake: Lake,
    settings: Settings,
    be_writer: Callable[[], AbstractContextManager[Lease | None]] = lambda: nullcontext(Lease()),
) -> RecommendationModel:
    """Learn from plays, user items and playlists, publish the model and write what depends on it; return the model.

    These are gold/similar_tracks, gold/curated_playlists and the lists of gold/recommendations, each in one commit.

    gold/recommendations has one writer at a time. `be_writer` tries to take its lease for its context; then the lists
    are ranked here. Where it yields None, the running stream ranks them at its next reranking.
    """
    found = signals(spark, lake, settings.train.sources, settings.recommend.history_days)
    liked = likes(found, on_playlists(spark, lake, settings.train.sources))
    with doing("learning from likes"):
        fit = fit_factors(liked, lake.read(spark, TRACKS), settings.recommend, settings.train.seed)
    model = _model(fit, left_out(spark, lake, settings.train.sources), settings)
    with doing("publishing the model"):
        publish(spark, lake, model, fit.factors)
    with doing("finding similar tracks"):
        write_similar_tracks(spark, lake, model.model_version, settings)
    with doing("making playlists"):
        write_curated_playlists(spark, lake, settings)
    with be_writer() as held:
        if held is not None:
            with doing("ranking the lists of all users"):
                list_all(spark, lake.checked_by(held.check), model, settings)
    return model


def write_similar_tracks(spark: SparkSession, lake: Lake, model_version: str, settings: Settings) -> None:
    """Replace gold/similar_tracks in one commit."""
    lake.create(spark, SIMILAR_TRACKS)
    features, tracks = measured_features(spark, lake, settings), lake.read(spark, TRACKS)
    found = similar_tracks(features, tracks, settings.recommend.similar, model_version)
    overwrite(lake, SIMILAR_TRACKS, found)


def _model(fit: FactorFit, n_left_out: int, settings: Settings) -> RecommendationModel:
    trained_at = datetime.now(UTC)
    return RecommendationModel(
        model_version=new_version(trained_at),
        trained_at=trained_at,
        n_users=fit.n_users,
        n_tracks=fit.n_tracks,
        n_likes=fit.n_likes,
        n_left_out=n_left_out,
        factors=fit.length,
        alpha=ARTIST_WEIGHT,
        regularisation=REGULARISATION,
        seed=settings.train.seed,
        train_sources=settings.train.sources,
    )
