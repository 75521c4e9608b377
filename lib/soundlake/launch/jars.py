"""The jars that a Spark line adds to Spark's own, fetched once with Spark's own resolver.

The standard library only.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from soundlake.launch.paths import CONF
from soundlake.launch.steps import Steps
from soundlake.launch.versions import SparkLine


def fetch(line: SparkLine, steps: Steps) -> None:
    """Put the line's jars into its folder; nothing is fetched when the folder was made for the same.

    Raises SoundlakeError when they cannot be fetched.
    """
    _fill(line.jars, line.packages, line, steps)


def fetch_s3(line: SparkLine, steps: Steps) -> None:
    """Put the jars that a lake on S3 needs into their folder, as `fetch` does; processes that ask at once wait.

    Raises SoundlakeError when they cannot be fetched.
    """
    with s3_jars_locked(line):
        _fill(line.s3_jars, line.s3, line, steps, " for S3 (once; 300 to 650 MB)")


@contextmanager
def s3_jars_locked(line: SparkLine) -> Iterator[None]:
    """Change the folder of the jars for S3 alone; other processes wait."""
    with line.s3_jars.with_name(f"{line.s3_jars.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fill(folder: Path, packages: Sequence[str], line: SparkLine, steps: Steps, note: str = "") -> None:
    contents = folder / "packages.txt"
    wanted = "\n".join([*packages, *(f"without {package}" for package in line.provided)])
    if contents.exists() and contents.read_text(encoding="utf-8") == wanted:
        return
    ivy = line.environment / f"ivy-{folder.name}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(ivy, ignore_errors=True)
    nothing = line.environment / "nothing.py"
    nothing.write_text("", encoding="utf-8")
    python = str(line.environment / "bin" / "python")
    spark = _spark_home(line)
    variables = {"SPARK_HOME": str(spark), "SPARK_CONF_DIR": str(CONF), "SPARK_LOCAL_IP": "127.0.0.1"}
    environment = {**os.environ, **variables, "PYSPARK_PYTHON": python, "PYSPARK_DRIVER_PYTHON": python}
    asked = {package: package.rpartition(":")[0] for package in packages}
    # One by one, without the others: what a package asks for is not to bring another version of one that is asked for.
    for package, module in asked.items():
        left_out = [other for other in (*line.provided, *asked.values()) if other != module]
        steps.run(
            f"fetching {' '.join(package.split(':')[1:])} and what it needs{note}",
            [
                str(spark / "bin" / "spark-submit"),
                *("--master", "local[1]", "--conf", f"spark.jars.ivy={ivy}"),
                *("--packages", package, "--exclude-packages", ",".join(left_out)),
                str(nothing),
            ],
            env=environment,
        )
    brought = {jar.name for jar in (spark / "jars").glob("*.jar")}
    folder.mkdir()
    for jar in sorted((ivy / "jars").glob("*.jar")):
        # Ivy names a jar organisation_artifact-version.jar, Spark keeps artifact-version.jar.
        if jar.name.partition("_")[2] not in brought:
            jar.replace(folder / jar.name)
    contents.write_text(wanted, encoding="utf-8")
    shutil.rmtree(ivy)
    nothing.unlink()


def _spark_home(line: SparkLine) -> Path:
    return next((line.environment / "lib").glob("python3.*/site-packages/pyspark"))
