"""The one place that makes a SparkSession, with the settings the lake's meaning depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pyspark
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from soundlake.errors import SoundlakeError
from soundlake.s3 import spark_conf, uses_s3
from soundlake.settings import Settings

# What the tables' meaning depends on, whatever platform runs the job.
MEANING = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
}

# Rows of twenty columns that each choose between two values: the optimizer's search for what follows from all these
# conditions grows beyond all bounds, and finds nothing that these plans could use.
PLANNING = {"spark.sql.constraintPropagation.enabled": "false"}

Result = TypeVar("Result")


def open_session(app: str, settings: Settings | None = None, extra: dict[str, str] | None = None) -> SparkSession:
    """Open (or join) the session of this process; master, memory and jars come from whoever submitted it.

    `settings` say how S3 is reached, where a job reads or writes it. Raises SoundlakeError where Java does not start.
    """
    s3 = spark_conf(settings) if settings is not None and uses_s3(settings) else {}
    builder = SparkSession.builder.appName(app)
    for key, value in {**MEANING, **PLANNING, **s3, **(extra or {})}.items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except PySparkRuntimeError as error:
        if "JAVA_GATEWAY_EXITED" not in str(error):
            raise
        raise SoundlakeError("Spark did not start: Java ended at once, and what it said stands above") from None
    session.sparkContext.setLogLevel("ERROR")
    return session


def query_id(spark: SparkSession) -> str:
    """The id of the streaming query in whose foreachBatch this runs; it stays the same from start to start."""
    found = spark.sparkContext.getLocalProperty("sql.streaming.queryId")
    assert found, "foreachBatch runs inside a streaming query"
    return found


def run_in_parallel(spark: SparkSession, tasks: Iterable[Callable[[], Result]], at_once: int = 4) -> list[Result]:
    """Run tasks in threads, at most `at_once` at a time, and return their results in order.

    Each thread has this thread's local properties, such as the id of its streaming query. Raises the first error when
    all tasks have ended.
    """
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        running = [pool.submit(_inheriting(spark, task)) for task in tasks]
    return [task.result() for task in running]


def _inheriting(spark: SparkSession, task: Callable[[], Result]) -> Callable[[], Result]:
    inherit: Any = pyspark.inheritable_thread_target
    # Spark 4 takes the session, to inherit its tags too; 3.5 takes the task alone.
    inheriting: Callable[[], Result] = inherit(task) if pyspark.__version__.startswith("3.") else inherit(spark)(task)
    return inheriting
