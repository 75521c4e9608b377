"""A gate that keeps the next batch of a stream from starting, so that a stop interrupts none.

Spark stops a query by interrupting its thread, even in mid-batch. For a batch written from Python, Spark 4.1 searches
the exception's text for the interruption, with a regular expression that recurses for each character: a long text
overflows the stack, the thread dies of a StackOverflowError, and a thousand lines of traces are printed. The batch that
the gate rejects is already planned; the next start runs it first.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from pyspark.sql import SparkSession

from soundlake.errors import SoundlakeError

# The loggers of what a batch raises: that of py4j, and Spark's of queries.
_CALLBACKS, _QUERIES = "py4j.clientserver", "org.apache.spark.sql.execution.streaming"


class KeptOutError(SoundlakeError):
    """Raised by a batch that starts after the gate was closed; it ends the query."""


class Gate:
    """Lets batches start until it is closed."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    def close(self) -> None:
        """Let no further batch start."""
        self._closed.set()

    def check(self) -> None:
        """Raise KeptOutError if the gate is closed; each batch calls this first."""
        if self._closed.is_set():
            raise KeptOutError("the stream is stopping: this batch is left to the next start")


def is_kept_out(error: Exception) -> bool:
    """Whether a query ended because the gate rejected its next batch."""
    return KeptOutError.__name__ in str(error)


@contextmanager
def without_traces(spark: SparkSession) -> Iterator[None]:
    """A context in which neither py4j nor Spark logs the batches that a gate rejects as failures.

    What else fails meanwhile has no trace in Spark's log either; whoever waits for the query raises it.
    """
    callbacks, jvm = logging.getLogger(_CALLBACKS), cast(Any, spark.sparkContext._jvm)
    log4j = jvm.org.apache.logging.log4j
    level = log4j.LogManager.getLogger(_QUERIES).getLevel()
    callbacks.addFilter(_is_failure)
    log4j.core.config.Configurator.setLevel(_QUERIES, log4j.Level.OFF)
    try:
        yield
    finally:
        log4j.core.config.Configurator.setLevel(_QUERIES, level)
        callbacks.removeFilter(_is_failure)


def _is_failure(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], KeptOutError))
