"""Publishing a model: its factors first, then one commit that adds its row and makes it current."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.frames import frame_of
from soundlake.lake import Lake, make_current
from soundlake.recommend.model import RecommendationModel, current_model, in_list
from soundlake.tables import RECOMMENDATION_FACTORS, RECOMMENDATION_MODELS
from soundlake.writes import overwrite


def publish(spark: SparkSession, lake: Lake, model: RecommendationModel, factors: pa.Table) -> None:
    """Publish a model (`factors`: entity, id, factors, variance, listeners) and make it the current one.

    Keeps the factors of the previous current model, which a stream may be reading; deletes older ones and those of a
    process that died before its last commit. Publishing a version again changes nothing.
    """
    lake.create(spark, RECOMMENDATION_FACTORS)
    lake.create(spark, RECOMMENDATION_MODELS)
    before = current_model(spark, lake)
    kept = [before.model_version] if before and before.model_version != model.model_version else []
    rows = _frame(spark, factors).withColumn("model_version", F.lit(model.model_version))
    replaced = f"model_version NOT IN ({in_list(kept)})" if kept else "model_version IS NOT NULL"
    overwrite(lake, RECOMMENDATION_FACTORS, rows, replaced, mergeSchema="true")  # an older table has no variances
    make_current(spark, lake, RECOMMENDATION_MODELS, model.to_row(is_current=True))


def _frame(spark: SparkSession, factors: pa.Table) -> DataFrame:
    types = {name: RECOMMENDATION_FACTORS.type_of(name) for name in factors.column_names}
    return frame_of(spark, factors, ", ".join(f"{name} {type_}" for name, type_ in types.items()))
