"""The only place that creates a SparkSession, with the settings that results depend on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakSet

import pyspark
from py4j.protocol import Py4JError
from pyspark import SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from soundlake.errors import SoundlakeError
from soundlake.progress import Tasks, report_silence
from soundlake.s3 import spark_conf, uses_s3
from soundlake.settings import Settings
from soundlake.spark_conf import MEANING, PLANNING

Result = TypeVar("Result")
_reported: WeakSet[SparkContext] = WeakSet()  # whose silent minutes are reported


def open_session(app: str, settings: Settings | None = None, extra: dict[str, str] | None = None) -> SparkSession:
    """Open (or join) this process's session; master, memory and jars come from spark-submit.

    `settings` give the access to S3, where a job uses it. Raises SoundlakeError where Java does not start.
    """
    s3 = spark_conf(settings) if settings is not None and uses_s3(settings) else {}
    builder = SparkSession.builder.appName(app)
    for key, value in {**MEANING, **PLANNING, **s3, **(extra or {})}.items():
        builder = builder.config(key, value)
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        session = builder.getOrCreate()
    except PySparkRuntimeError as error:
        if "JAVA_GATEWAY_EXITED" not in str(error):
            raise
        raise SoundlakeError("Spark did not start: Java exited at once; its output is above") from None
    if threading.current_thread() is threading.main_thread():
        # PySpark's own handler calls the JVM to cancel all jobs. In the middle of another call that fails, and its
        # error hides the KeyboardInterrupt.
        signal.signal(signal.SIGINT, on_interrupt)
    session.sparkContext.setLogLevel("ERROR")
    _report_progress(session.sparkContext)
    return session


def _report_progress(context: SparkContext) -> None:
    """Have the silent minutes of the process reported, with the tasks of the context, until it stops."""
    if context in _reported:
        return
    _reported.add(context)
    tracker = context.statusTracker()

    def tasks() -> Tasks:
        try:
            found = {id_: tracker.getStageInfo(id_) for id_ in tracker.getActiveStageIds()}
        except Py4JError:  # Spark stops at this moment: whatever failed there, the job itself reports
            return {}
        return {id_: (info.numCompletedTasks, info.numTasks) for id_, info in found.items() if info is not None}

    def is_over() -> bool:
        return context._jsc is None

    report_silence(tasks, is_over)


def query_id(spark: SparkSession) -> str:
    """The id of the streaming query in whose foreachBatch this runs; it survives restarts."""
    found = spark.sparkContext.getLocalProperty("sql.streaming.queryId")
    assert found, "foreachBatch runs inside a streaming query"
    return found


def run_in_parallel(spark: SparkSession, tasks: Iterable[Callable[[], Result]], at_once: int = 4) -> list[Result]:
    """Run tasks in threads, at most `at_once` at a time, and return their results in order.

    Each thread has this thread's local properties, such as the id of its streaming query. Raises the first error when
    all tasks have ended.
    """
    with workers(spark, at_once) as pool:
        running = [pool.submit(_inheriting(spark, task)) for task in tasks]
        wait(running)
    return [task.result() for task in running]


@contextmanager
def workers(spark: SparkSession, at_once: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that work on Spark, at most `at_once`; the context is left when all tasks have ended.

    On Ctrl-C no other task begins, and Spark's jobs are cancelled.
    """
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        try:
            with cancelling(spark):
                yield pool
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def cancelling(spark: SparkSession) -> Iterator[None]:
    """On Ctrl-C, cancel Spark's jobs before the context is left: none may write after a lease is released."""
    try:
        yield
    except KeyboardInterrupt:
        spark.sparkContext.cancelAllJobs()
        raise


def _inheriting(spark: SparkSession, task: Callable[[], Result]) -> Callable[[], Result]:
    inherit: Any = pyspark.inheritable_thread_target
    # Spark 4 takes the session, to inherit its tags too; 3.5 takes the task alone.
    inheriting: Callable[[], Result] = inherit(task) if pyspark.__version__.startswith("3.") else inherit(spark)(task)
    return inheriting
