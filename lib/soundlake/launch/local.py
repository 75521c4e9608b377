"""Spark on this machine: what its JVM is started with."""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
from pathlib import Path

from soundlake.errors import UsageError
from soundlake.launch.paths import CLASS_ARCHIVE, CONF
from soundlake.launch.versions import installed_spark_line
from soundlake.spark_conf import JAVA_OPTIONS, QUICK, shuffled

JARS = Path(sys.prefix) / "jars"
S3_JARS = Path(sys.prefix) / "jars-s3"
CLASSES = Path(sys.prefix) / CLASS_ARCHIVE
# Spark puts its configuration's folder on the class path. Java archives no classes where that has files, so this one is
# not there.
_NO_CONF = Path(sys.prefix) / "no-conf"

_JAVA_OPTIONS = [
    *JAVA_OPTIONS,
    f"-Dlog4j2.configurationFile={CONF / 'log4j2.properties'}",
    # Hadoop starts a chmod for each local file that it makes, a hundred a second while two queries commit small
    # batches: started this way, one takes 1.7 ms and not 2.9.
    *(["-Djdk.lang.Process.launchMechanism=VFORK"] if sys.platform == "linux" else []),
]

MOST_HEAP = 8  # GiB
# A stream uses about 1 GB of heap. G1 would grow to any larger limit and not give the memory back.
MOST_HEAP_OF_STREAM = 2

# One machine: nobody else is to reach it, and a web page would only cost time.
CONFIGURATION = {
    **QUICK,
    "spark.driver.extraJavaOptions": shlex.join(_JAVA_OPTIONS),
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def submit_args(
    cores: int | None = None, *, with_s3: bool = False, most_heap: int = MOST_HEAP, recorded_in: Path | None = None
) -> str:
    """Return PYSPARK_SUBMIT_ARGS for a local Spark with the jars of this environment, on all cores unless told.

    `with_s3` adds the settings that a lake on S3 needs. The heap is half of the machine's memory, up to
    `most_heap` GiB; SPARK_DRIVER_MEMORY is left to Spark where it is set. With `recorded_in`, Java writes the classes
    that it loads into this file when it ends, see `soundlake.launch.class_archive`. Raises UsageError where the
    environment has no jars.
    """
    if not any(JARS.glob("*.jar")):
        raise UsageError(f"no jars in {JARS}: run ./spark-submit.sh --setup")
    cores = cores or os.cpu_count() or 1
    conf = {
        **CONFIGURATION,
        **(_s3() if with_s3 else {}),
        "spark.driver.extraJavaOptions": shlex.join([*_JAVA_OPTIONS, *_archive(recorded_in)]),
        # On the class path, not in spark.jars: nothing is copied at the start, and the folder may have any name.
        "spark.driver.extraClassPath": f"{JARS}/*",
        **shuffled(cores),
    }
    arguments = ["--master", f"local[{cores}]"]
    if "SPARK_DRIVER_MEMORY" not in os.environ:
        arguments += ["--driver-memory", driver_memory(most_heap)]
    for key, value in sorted(conf.items()):
        arguments += ["--conf", f"{key}={value}"]
    return shlex.join([*arguments, "pyspark-shell"])


def _s3() -> dict[str, str]:
    """Credentials come from the usual AWS chain. Platforms have their own, and are left alone."""
    line = installed_spark_line()
    return {"spark.hadoop.fs.s3a.aws.credentials.provider": line.s3_credentials, **line.s3_conf}


def _last_on_class_path() -> str:
    """The jars for S3, then the user's: Java takes archived classes only if what stands before them is unchanged."""
    return ":".join(filter(None, [f"{S3_JARS}/*", os.environ.get("SPARK_DIST_CLASSPATH")]))


def _archive(recorded_in: Path | None) -> list[str]:
    """Java's options for the class archive. Java ignores one of another build or of other jars."""
    quietly = ["-Xlog:cds=error", "-Xlog:cds+dynamic=error"]
    if recorded_in is not None:
        return [f"-XX:ArchiveClassesAtExit={recorded_in}", *quietly]
    if not CLASSES.exists():
        return []
    return [f"-XX:SharedArchiveFile={CLASSES}", *quietly]


def driver_memory(most: int = MOST_HEAP) -> str:
    """Return half of the machine's memory, from 1 to `most` GiB, as Spark writes it."""
    try:
        gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError):
        gibibytes = 4
    return f"{max(1, min(most, int(gibibytes / 2)))}g"


def spark_environment(
    cores: int | None = None, *, with_s3: bool = False, most_heap: int = MOST_HEAP, recorded_in: Path | None = None
) -> dict[str, str]:
    """Return the environment variables that a local Spark of this interpreter's environment starts with.

    `with_s3`, `most_heap` and `recorded_in` as in `submit_args`; the jars for S3 have to be there.
    """
    pyspark = importlib.util.find_spec("pyspark")
    if pyspark is None or pyspark.origin is None:
        raise UsageError("pyspark is not installed: run ./spark-submit.sh --setup")
    return {
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": submit_args(cores, with_s3=with_s3, most_heap=most_heap, recorded_in=recorded_in),
        "SPARK_CONF_DIR": str(_NO_CONF),
        **({"SPARK_DIST_CLASSPATH": _last_on_class_path()} if with_s3 else {}),
        # By default glibc keeps up to eight memory pools for each core, and little of them goes back to the system.
        "MALLOC_ARENA_MAX": os.environ.get("MALLOC_ARENA_MAX", "2"),
        # A Spark that is installed elsewhere is another version.
        "SPARK_HOME": str(Path(pyspark.origin).parent),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
