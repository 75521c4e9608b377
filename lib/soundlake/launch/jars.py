"""The jars that a platform line adds to Spark's own, fetched once with Spark's own resolver.

The standard library only.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from soundlake.launch.paths import CONF
from soundlake.launch.steps import Steps
from soundlake.launch.versions import Line


def fetch(line: Line, steps: Steps) -> None:
    """Put the line's jars into its folder; nothing is fetched when the folder was made for the same packages.

    Raises SoundlakeError when they cannot be fetched.
    """
    contents = line.jars / "packages.txt"
    wanted = "\n".join(line.packages)
    if contents.exists() and contents.read_text(encoding="utf-8") == wanted:
        return
    ivy = line.environment / "ivy"
    shutil.rmtree(line.jars, ignore_errors=True)
    shutil.rmtree(ivy, ignore_errors=True)
    nothing = line.environment / "nothing.py"
    nothing.write_text("", encoding="utf-8")
    python = str(line.environment / "bin" / "python")
    spark = _spark_home(line)
    variables = {"SPARK_HOME": str(spark), "SPARK_CONF_DIR": str(CONF), "SPARK_LOCAL_IP": "127.0.0.1"}
    steps.run(
        f"fetching the jars of Delta {line.delta} and Kafka",
        [
            str(spark / "bin" / "spark-submit"),
            *("--master", "local[1]", "--conf", f"spark.jars.ivy={ivy}"),
            *("--packages", ",".join(line.packages), "--exclude-packages", ",".join(line.provided)),
            str(nothing),
        ],
        env={**os.environ, **variables, "PYSPARK_PYTHON": python, "PYSPARK_DRIVER_PYTHON": python},
    )
    brought = {jar.name for jar in (spark / "jars").glob("*.jar")}
    line.jars.mkdir()
    for jar in sorted((ivy / "jars").glob("*.jar")):
        # Ivy names a jar organisation_artifact-version.jar, Spark keeps artifact-version.jar.
        if jar.name.partition("_")[2] not in brought:
            jar.replace(line.jars / jar.name)
    contents.write_text(wanted, encoding="utf-8")
    shutil.rmtree(ivy)
    nothing.unlink()


def _spark_home(line: Line) -> Path:
    return next((line.environment / "lib").glob("python3.*/site-packages/pyspark"))
