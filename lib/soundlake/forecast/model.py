"""The models: a linear regression for the place, a logistic one for staying on the chart (spark.ml)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyspark.ml import Estimator, Pipeline, PipelineModel, Transformer
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.ml.functions import vector_to_array
from pyspark.ml.regression import LinearRegression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from soundlake.forecast.features import FEATURES

_MAX_ITERATIONS = 50
_REGULARISATION = 0.001


@dataclass(frozen=True)
class Forecaster:
    """Fitted models, and the share of tracks that stayed on their chart."""

    pipeline: PipelineModel
    share_stayed: float

    def forecast(self, rows: DataFrame) -> DataFrame:
        """Add forecast_position, from 1 to `off`, and survival, from 0 to 1, to rows with the features."""
        clipped = F.least(F.greatest(F.col("forecast_"), F.lit(1.0)), F.col("off").cast("double"))
        # Where no track ever stayed, there is no second class.
        stays = F.get(vector_to_array(F.col("probability")), F.lit(1))
        return (
            self.pipeline.transform(rows)
            .withColumns({"forecast_position": clipped, "survival": F.coalesce(stays, F.lit(0.0))})
            .drop("assembled", "scaled", "forecast_", "probability", "rawPrediction", "prediction")
        )


def fit(rows: DataFrame) -> Forecaster:
    """Fit to rows with the features, `label` and `stayed`, none null."""
    stages: list[Estimator[Any] | Transformer] = [
        VectorAssembler(inputCols=list(FEATURES), outputCol="assembled"),
        StandardScaler(inputCol="assembled", outputCol="scaled", withMean=True),
        LinearRegression(
            featuresCol="scaled",
            labelCol="label",
            predictionCol="forecast_",
            maxIter=_MAX_ITERATIONS,
            regParam=_REGULARISATION,
        ),
        LogisticRegression(featuresCol="scaled", labelCol="stayed", maxIter=_MAX_ITERATIONS, regParam=_REGULARISATION),
    ]
    share = rows.agg(F.avg("stayed")).first()
    assert share is not None  # an aggregate without groups has one row
    return Forecaster(Pipeline(stages=stages).fit(rows), float(share[0]))
