"""How fast tracks are scored: the column expressions of soundlake.clusters.scoring against spark.ml.

Both give track_id, cluster, cluster_name and distance; runs alternate, the first of each is not counted.

    spark-submit --master "local[2]" tests/bench/scoring.py --rows 1000000 --k 6 10 16
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import reduce
from operator import add
from statistics import median

import numpy as np
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.clusters.features import FEATURES
from soundlake.clusters.model import ClusterModel
from soundlake.clusters.scoring import score
from soundlake.clusters.training import fit_clusters
from soundlake.settings import Settings

TRAINING_ROWS = 5_000


def generated(spark: SparkSession, rows: int, folder: str) -> DataFrame:
    """Uniform features for so many tracks, on disk."""
    features = [F.rand(seed).alias(name) for seed, name in enumerate(FEATURES)]
    spark.range(rows).select(F.format_string("%022d", "id").alias("track_id"), *features).write.parquet(folder)
    return spark.read.parquet(folder)


def trained(tracks: DataFrame, k: int) -> tuple[ClusterModel, PipelineModel]:
    """A model of k clusters and the spark.ml pipeline behind it."""
    settings = Settings.model_validate({"train": {"k": k, "max_iter": 3, "sample_rows": TRAINING_ROWS}})
    fit = fit_clusters(tracks.limit(TRAINING_ROWS), settings.train)
    model = ClusterModel(
        version="bench",
        trained_at=datetime.now(UTC),
        features=FEATURES,
        means=fit.means,
        deviations=fit.deviations,
        centroids=fit.centroids,
        labels=tuple(range(k)),
        names=tuple(f"cluster {label}" for label in range(k)),
        silhouette=fit.silhouette,
        inertia=0.0,
        n_tracks=fit.n_tracks,
        seed=settings.train.seed,
        candidates=fit.candidates,
        train_sources=settings.train.sources,
    )
    return model, fit.pipeline


def with_spark_ml(model: ClusterModel, pipeline: PipelineModel) -> Callable[[DataFrame], DataFrame]:
    """The same scoring by the spark.ml pipeline; its prediction tells no distance, so that comes on top."""
    centroids = F.array(*[F.array(*map(F.lit, centroid)) for centroid in model.centroids])
    names = F.array(*map(F.lit, model.names))

    def transform(tracks: DataFrame) -> DataFrame:
        placed = pipeline.transform(tracks).select("track_id", "prediction", vector_to_array(F.col("point")).alias("z"))
        placed = placed.withColumn("c", F.element_at(centroids, F.col("prediction") + 1))
        differences = [F.col("z")[i] - F.col("c")[i] for i in range(len(FEATURES))]
        distance = F.sqrt(reduce(add, [difference * difference for difference in differences]))
        name = F.element_at(names, F.col("prediction") + 1)
        return placed.select("track_id", "prediction", name.alias("cluster_name"), distance.alias("distance"))

    return transform


def seconds(scored: DataFrame) -> float:
    """How long it takes to compute all rows."""
    start = time.perf_counter()
    scored.write.format("noop").mode("overwrite").save()
    return time.perf_counter() - start


def main() -> None:
    """Run the comparison and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--k", type=int, nargs="+", default=[6, 10, 16])
    options = parser.parse_args()
    spark = SparkSession.builder.appName("bench scoring").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    with tempfile.TemporaryDirectory() as folder:
        tracks = generated(spark, options.rows, f"{folder}/tracks")
        for k in options.k:
            model, pipeline = trained(tracks, k)
            ways = {"expressions": score(model), "spark.ml": with_spark_ml(model, pipeline)}
            runs: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(options.runs + 1):
                for name, way in ways.items():
                    runs[name].append(seconds(tracks.transform(way)))
            medians = {name: float(np.round(median(taken[1:]), 2)) for name, taken in runs.items()}
            ratio = medians["spark.ml"] / medians["expressions"]
            print(
                f"k = {k}, {options.rows:,} rows: seconds {medians}, spark.ml / expressions = {ratio:.2f}", flush=True
            )
    spark.stop()


if __name__ == "__main__":
    main()
