"""Learning factors of tracks and artists: implicit ALS (spark.ml) on who likes what."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from soundlake.settings.model import RecommendSettings

ALPHA = 40.0
REGULARISATION = 0.05
_LIKES_PER_BLOCK = 1_000_000


@dataclass(frozen=True)
class FactorFit:
    """`factors` has a row (entity, id, factors, listeners) for each thing learned of; none where there are no likes."""

    factors: DataFrame
    n_users: int
    n_tracks: int
    n_likes: int


def fit_factors(likes: DataFrame, recommend: RecommendSettings, seed: int) -> FactorFit:
    """Fit to likes (user_id, entity, id, weight).

    Tracks and artists are things side by side, so that a track that nobody has heard is known by its artist. Same
    likes, seed and settings: the same factors but for rounding, however the files lie.
    """
    things = likes.groupBy("entity", "id").agg(F.count("*").alias("listeners"))
    numbered = things.withColumn("item", _number("entity", "id")).cache()
    users = likes.select("user_id").distinct().withColumn("user", _number("user_id"))
    pairs = (
        likes.join(users, on="user_id", how="inner")
        .join(numbered.select("entity", "id", "item"), on=["entity", "id"], how="inner")
        .select("user", "item", F.col("weight").cast("float"))
        .cache()
    )
    try:
        counts = pairs.agg(F.count("*"), F.count_distinct("user")).first()
        assert counts is not None  # an aggregate without groups has one row
        n_likes, n_users = counts
        n_tracks = numbered.where(F.col("entity") == "track").count()
        return FactorFit(_learned(pairs, numbered, n_likes, recommend, seed), n_users, n_tracks, n_likes)
    finally:
        pairs.unpersist()
        numbered.unpersist()


def _learned(pairs: DataFrame, things: DataFrame, n_likes: int, recommend: RecommendSettings, seed: int) -> DataFrame:
    columns = ["entity", "id", "factors", "listeners"]
    if not n_likes:
        return things.withColumn("factors", F.array().cast("array<float>")).select(*columns).transform(_held)
    blocks = 2 + n_likes // _LIKES_PER_BLOCK
    als = ALS(
        userCol="user",
        itemCol="item",
        ratingCol="weight",
        implicitPrefs=True,
        rank=recommend.factors,
        maxIter=recommend.iterations,
        alpha=ALPHA,
        regParam=REGULARISATION,
        numUserBlocks=blocks,
        numItemBlocks=blocks,
        seed=seed,
    )
    learned = als.fit(pairs).itemFactors.select(F.col("id").alias("item"), F.col("features").alias("factors"))
    return things.join(learned, on="item", how="inner").select(*columns).transform(_held)


def _held(factors: DataFrame) -> DataFrame:
    """A frame that is computed now, while what it is made of is held, and then held itself until the session ends."""
    factors = factors.persist(StorageLevel.MEMORY_AND_DISK)
    factors.count()
    return factors


def _number(*columns: str) -> F.Column:
    """0, 1, 2… in the order of the columns; ALS wants integers."""
    return F.row_number().over(Window.orderBy(*columns)) - 1
