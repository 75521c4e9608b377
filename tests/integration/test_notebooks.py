"""Every notebook runs from its first cell to its last on the lake of the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from soundlake.launch.paths import ROOT


def test_every_notebook_runs_on_the_lake_of_the_demo(demo_lake: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbmake", str(ROOT / "notebooks")]
    environment = {**os.environ, "SOUNDLAKE_LAKE__URI": str(demo_lake)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stdout
    notebooks = len(list((ROOT / "notebooks").glob("*.ipynb")))
    assert f"{notebooks} passed" in done.stdout


def test_a_session_of_spark_answers_the_same(spark, demo_lake: Path) -> None:
    from soundlake.notebooks import open_lake

    sql = "SELECT artist_name, count(*) AS n FROM silver_tracks GROUP BY artist_name ORDER BY 2 DESC, 1 LIMIT 20"
    with_spark = open_lake(str(demo_lake), spark=spark)
    assert with_spark.engine == "Spark"
    assert with_spark.sql(sql).to_dict("records") == open_lake(str(demo_lake)).sql(sql).to_dict("records")
    assert with_spark.has("silver_tracks")
