"""The streaming query from new plays to new recommendations for their users.

It reads the rows that refine appends to silver/plays only to learn who played, and ranks lists from the current silver
tables. So it can skip commits that change or compact rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming import DataStreamWriter

from soundlake.lake import Lake, retry_conflicts
from soundlake.recommend.blend import Recommender
from soundlake.recommend.lists import are_listed, list_again, list_all
from soundlake.recommend.loading import load_recommender
from soundlake.recommend.model import RecommendationModel, current_model
from soundlake.settings import Settings
from soundlake.tables import PLAYS, RECOMMENDATION_MODELS

QUERY = "rerank"


def rerank_query(
    spark: SparkSession, lake: Lake, settings: Settings, check: Callable[[], None] = lambda: None
) -> DataStreamWriter:
    """The query, without a trigger yet; `check` is called as each batch begins, and may raise to keep it out.

    The first start reads the plays after this call; the job has ranked by earlier ones. The checkpoint belongs to this
    table of plays: after a rebuild it starts over.
    """
    lake.create(spark, PLAYS)
    plays = (
        spark.readStream.format("delta")
        .option("startingVersion", lake.version(spark, PLAYS))
        .option("skipChangeCommits", "true")
        # Plays in commits that were cleaned up were ranked long ago: nothing is lost.
        .option("failOnDataLoss", "false")
        .load(lake.path(PLAYS))
    )
    ranking = _Ranking(lake, settings)
    checkpoint = lake.checkpoint(f"{QUERY}/{lake.identity(spark, PLAYS)}")

    def rerank(batch: DataFrame, batch_id: int) -> None:
        check()
        ranking.rerank(batch, batch_id)

    return plays.writeStream.queryName(QUERY).option("checkpointLocation", checkpoint).foreachBatch(rerank)


@dataclass
class _Ranking:
    """What the query keeps from batch to batch: the recommender of the model that it ranked by last.

    `models` has the model that was current at a version of the table of models.
    """

    lake: Lake
    settings: Settings
    loaded: dict[str, Recommender] = field(default_factory=dict)
    models: dict[int, RecommendationModel | None] = field(default_factory=dict)

    def rerank(self, plays: DataFrame, _: int) -> None:
        """Rank the lists of the users of these plays, or of all when a new model was published; a retry is harmless."""
        spark = plays.sparkSession
        model = self._model(spark)
        if model is None:
            return
        if not are_listed(spark, self.lake, model):
            retry_conflicts(lambda: list_all(spark, self.lake, model, self.settings))
            return
        users = sorted(row["user_id"] for row in plays.select("user_id").distinct().collect())
        if model.model_version not in self.loaded:
            self.loaded = {model.model_version: load_recommender(spark, self.lake, model, self.settings)}
        recommender = self.loaded[model.model_version]
        retry_conflicts(lambda: list_again(spark, self.lake, model, recommender, users, self.settings))

    def _model(self, spark: SparkSession) -> RecommendationModel | None:
        """The current model; the table is read only when it has changed."""
        version = self.lake.version(spark, RECOMMENDATION_MODELS)
        if version not in self.models:
            self.models = {version: current_model(spark, self.lake)}
        return self.models[version]
