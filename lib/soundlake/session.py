"""The one place that makes a SparkSession, with the settings the lake's meaning depends on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import pyspark
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from soundlake.errors import SoundlakeError
from soundlake.s3 import spark_conf, uses_s3
from soundlake.settings import Settings
from soundlake.spark_conf import MEANING, PLANNING

Arguments = ParamSpec("Arguments")
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


def for_thread(spark: SparkSession, task: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """A task for another thread, where it has the properties that this thread has now, such as its streaming query."""
    inherit: Any = pyspark.inheritable_thread_target
    # Spark 4 wants the session, to hand on its tags too; 3.5 knows nothing but the task.
    inheriting: Callable[Arguments, Result] = (
        inherit(task) if pyspark.__version__.startswith("3.") else inherit(spark)(task)
    )
    return inheriting
