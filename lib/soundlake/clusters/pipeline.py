"""The spark.ml pipeline of a given fit: the artifact of a published model."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.ml import PipelineModel
from pyspark.ml.clustering import KMeans, KMeansModel
from pyspark.ml.common import _py2java
from pyspark.ml.feature import StandardScaler, StandardScalerModel, VectorAssembler
from pyspark.ml.linalg import DenseVector
from pyspark.mllib.common import _py2java as _py2java_rdd
from pyspark.mllib.linalg import DenseVector as RddVector
from pyspark.sql import SparkSession

from soundlake.clusters.features import FEATURES
from soundlake.clusters.learnable import Matrix

POINT = "point"  # the column of standardised features, a spark.ml vector
_ASSEMBLED = "assembled"


def pipeline_of(spark: SparkSession, means: Matrix, deviations: Matrix, centroids: Matrix) -> PipelineModel:
    """Assemble, standardise, predict the place of the nearest centroid."""
    return PipelineModel([*standardisation(spark, means, deviations), _clusters(spark, centroids.tolist())])


def standardisation(
    spark: SparkSession, means: Matrix, deviations: Matrix
) -> tuple[VectorAssembler, StandardScalerModel]:
    """From the features to `POINT`."""
    context = spark.sparkContext
    assert context._jvm is not None
    # PySpark creates models only by fitting; the JVM's constructors are public.
    std, mean = (_py2java(context, DenseVector(values)) for values in (deviations, means))
    scaler = StandardScalerModel(
        context._jvm.org.apache.spark.ml.feature.StandardScalerModel(StandardScaler().uid, std, mean)
    )
    scaler._set(inputCol=_ASSEMBLED, outputCol=POINT, withMean=True, withStd=True)
    return VectorAssembler(inputCols=list(FEATURES), outputCol=_ASSEMBLED), scaler


def _clusters(spark: SparkSession, centroids: Sequence[Sequence[float]]) -> KMeansModel:
    context = spark.sparkContext
    assert context._jvm is not None
    packages = context._jvm.org.apache.spark
    centres = packages.mllib.clustering.KMeansModel(_py2java_rdd(context, [RddVector(each) for each in centroids]))
    clusters = KMeansModel(packages.ml.clustering.KMeansModel(KMeans().uid, centres))
    clusters._set(featuresCol=POINT, k=len(centroids))
    return clusters
