"""Every notebook runs on the lake of the demo, on a disk and on S3."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from helpers.on_s3 import new_bucket, put_lake, settings_on
from helpers.services.object_store import ObjectStore
from soundlake.launch.paths import ROOT
from soundlake.notebooks import NotebookLake, open_lake

SQL = "SELECT artist_name, count(*) AS n FROM silver_tracks GROUP BY artist_name ORDER BY 2 DESC, 1 LIMIT 20"


def run_all(**environment: str) -> None:
    """Run every notebook from its first cell to its last."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbmake", str(ROOT / "notebooks")]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, cwd=ROOT)
    assert done.returncode == 0, done.stdout
    notebooks = len(list((ROOT / "notebooks").glob("*.ipynb")))
    assert f"{notebooks} passed" in done.stdout


def test_every_notebook_runs_on_the_lake_of_the_demo(demo_lake: Path) -> None:
    run_all(SOUNDLAKE_LAKE__URI=str(demo_lake))


@pytest.mark.slow
def test_every_notebook_runs_on_s3_where_duckdb_and_spark_answer_as_on_a_disk(
    spark: SparkSession, object_store: ObjectStore, demo_lake: Path
) -> None:
    bucket = new_bucket(object_store)
    put_lake(object_store, bucket, demo_lake)
    on_s3 = settings_on(spark, object_store.url, bucket)
    here = open_lake(str(demo_lake))
    for session in (None, spark):
        there = NotebookLake(on_s3, session)
        assert there.sql(SQL).to_dict("records") == here.sql(SQL).to_dict("records")
        assert there.tables() == here.tables()
    run_all(
        SOUNDLAKE_LAKE__URI=on_s3.lake.uri,
        SOUNDLAKE_S3__ENDPOINT_URL=object_store.url,
        SOUNDLAKE_S3__REGION="us-east-1",
    )


def test_a_session_of_spark_answers_the_same(spark: SparkSession, demo_lake: Path) -> None:
    with_spark = open_lake(str(demo_lake), spark=spark)
    assert with_spark.engine == "Spark"
    assert with_spark.sql(SQL).to_dict("records") == open_lake(str(demo_lake)).sql(SQL).to_dict("records")
    assert with_spark.has("silver_tracks")
