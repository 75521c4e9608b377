"""How long clusters take to fit, in the driver and on the workers, and whether both find the same.

    PYTHONPATH=lib .venv/bin/python tests/bench/training.py --rows 1200000 --k 8

Tracks are made up: eight kinds of sound that overlap. In the driver the median of three fits is told, after one that is
not counted; on the workers one fit, after one of few rows.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from statistics import median

import numpy as np
import pyarrow as pa
from pyarrow import parquet
from pyspark.sql import DataFrame, SparkSession
from sklearn.metrics import adjusted_rand_score

from soundlake.clusters.features import FEATURES
from soundlake.clusters.kmeans import nearest
from soundlake.clusters.learnable import Matrix
from soundlake.clusters.training import ClusterFit, fit_clusters
from soundlake.launch.local import spark_environment
from soundlake.session import open_session
from soundlake.settings.model import TrainSettings

KINDS = 8


def made(rows: int) -> Matrix:
    """Standard normal noise around eight places."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(KINDS, len(FEATURES)))[rng.integers(0, KINDS, rows)] * 1.5 + rng.normal(
        size=(rows, len(FEATURES))
    )


def on_disk(spark: SparkSession, values: Matrix, folder: str) -> DataFrame:
    """The rows as Parquet, as Delta has them."""
    ids = [f"{number:022}" for number in range(len(values))]
    parquet.write_table(
        pa.table({"track_id": ids, **dict(zip(FEATURES, values.T, strict=True))}), f"{folder}/1.parquet"
    )
    return spark.read.parquet(folder)


def timed(way: str, rows: DataFrame, values: Matrix, settings: TrainSettings, rounds: int) -> ClusterFit:
    each = []
    for _ in range(rounds):
        began = time.monotonic()
        fit = fit_clusters(rows, settings)
        each.append(time.monotonic() - began)
    points, centroids = standardised(values, fit), np.array(fit.centroids)
    inertia = float(((points - centroids[nearest(points, centroids)]) ** 2).sum())
    print(f"{way}: {median(each):.1f} s, inertia {inertia:,.0f}, silhouette {fit.silhouette:.3f}", flush=True)
    return fit


def standardised(values: Matrix, fit: ClusterFit) -> Matrix:
    return np.asarray((values - np.array(fit.means)) / np.array(fit.deviations))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_200_000)
    parser.add_argument("--k", type=int, default=KINDS)
    options = parser.parse_args()
    os.environ |= spark_environment()
    here = TrainSettings(k=options.k)
    there = here.model_copy(update={"driver_rows": 0})
    values = made(options.rows)
    with open_session("bench training") as spark, tempfile.TemporaryDirectory() as folder:
        rows = on_disk(spark, values, folder)
        fit_clusters(rows, here)
        one = timed("in the driver, scikit-learn", rows, values, here, 3)
        fit_clusters(rows.limit(10_000), there)
        other = timed("on the workers, spark.ml", rows, values, there, 1)
    labels = [nearest(standardised(values, fit), np.array(fit.centroids)) for fit in (one, other)]
    print(f"agreement of the labels (adjusted Rand index): {adjusted_rand_score(*labels):.5f}")


if __name__ == "__main__":
    main()
