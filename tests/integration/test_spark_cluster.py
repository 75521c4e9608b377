"""The demo on a cluster of a master and two workers: nothing leans on Spark being one process."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from helpers.reading import rows
from helpers.sampling import small_sample
from helpers.services.packed import archive, bare, code, environment
from helpers.services.spark_cluster import WORKERS, spark_cluster
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.local import CONFIGURATION, JARS
from soundlake.tables import BATCHES, CLUSTER_MODELS, EVENTS, TRACK_CLUSTERS, TRACKS

pytestmark = pytest.mark.cluster


def test_the_demo_runs_on_a_cluster_with_nothing_but_what_was_packed(tmp_path: Path) -> None:
    records, count = small_sample(tmp_path / "records")
    lake = tmp_path / "lake"
    variables = bare() | {"PYSPARK_PYTHON": "./environment/bin/python", "SPARK_LOCAL_IP": "127.0.0.1"}
    variables |= {"PYSPARK_DRIVER_PYTHON": str(environment() / "bin" / "python")}
    with spark_cluster(tmp_path) as url:
        options = ["--master", url, "--py-files", str(code()), "--archives", f"{archive()}#environment"]
        options += ["--jars", ",".join(map(str, JARS.glob("*.jar"))), "--driver-memory", "1g"]
        options += ["--executor-memory", "768m", "--executor-cores", "1"]
        conf = CONFIGURATION | {"spark.sql.shuffle.partitions": "2"}
        options += [part for name, value in conf.items() for part in ("--conf", f"{name}={value}")]
        submit = [str(Path(variables["SPARK_HOME"]) / "bin" / "spark-submit"), *options, str(REGISTRY["demo"].file)]
        told = ["--lake", str(lake), "--set", f"source.files.path={records}", "--set", "train.k=4"]
        done = subprocess.run([*submit, *told], env=variables, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-4000:]
    # Each worker had an executor, with what was packed beside it.
    assert len(list((tmp_path / "work").glob("app-*/*/environment/bin/python"))) == WORKERS
    assert len(rows(lake, EVENTS)) == count == sum(batch["read"] for batch in rows(lake, BATCHES))
    assert rows(lake, TRACKS)
    assert len(rows(lake, CLUSTER_MODELS)) == 1
    assert rows(lake, TRACK_CLUSTERS)
