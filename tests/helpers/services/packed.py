"""What the launcher packs for EMR, made once: it takes a minute."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from helpers.tar import unpack
from soundlake.launch.aws import packages
from soundlake.launch.aws.artifacts import digest
from soundlake.launch.local import spark_environment
from soundlake.launch.platforms import platform_of


@cache
def folder() -> Path:
    """Where they are, until the end of the run."""
    made = Path(tempfile.mkdtemp(prefix="soundlake-packed-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@cache
def code() -> Path:
    """The wheel, as Spark takes it."""
    wheel = packages.build_wheel(folder())
    return wheel.rename(wheel.with_suffix(".zip"))


@cache
def archive() -> Path:
    """The libraries, as EMR takes them; kept where the launcher keeps them, a later run has them at hand."""
    platform = platform_of("emr-serverless")
    told = (platform.python, "x86_64", platform.line.delta)
    out = packages.BUILT / digest(packages.made_from(*told)) / "environment.tar.gz"
    return packages.environment_archive(out, *told)


@cache
def environment() -> Path:
    """The libraries, unpacked as EMR does."""
    unpacked = folder() / "unpacked" / "environment"
    unpack(archive(), unpacked, "tar")
    return unpacked


def bare() -> dict[str, str]:
    """The variables of a machine that has a Spark, and nothing of ours."""
    spark = Path(spark_environment(cores=1)["SPARK_HOME"])
    python = [str(path) for path in (spark / "python" / "lib").glob("*.zip")]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SPARK", "VIRTUAL"))}
    return {**own, "SPARK_HOME": str(spark), "PYTHONPATH": os.pathsep.join(python)}
