"""The gate through which the batches of a stream go: closed, it keeps the next one from beginning.

Spark stops a query by interrupting its thread, also in the middle of a batch. In a batch that is written from Python,
Spark 4.1 looks for the interruption in the text of the exception, by a regular expression that takes frames of the
stack for each letter: at a long text the thread dies of a StackOverflowError, after a thousand lines of traces. So a
stream that is to stop interrupts none of its batches. One that is kept out is planned already, and is the first of the
next start.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from soundlake.errors import SoundlakeError

_CALLBACKS = "py4j.clientserver"  # logs what a batch raises, with its traceback


class KeptOutError(SoundlakeError):
    """Ends a query whose next batch must not begin."""


class Gate:
    """Open until it is closed."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    def close(self) -> None:
        """Let no batch begin any more."""
        self._closed.set()

    def check(self) -> None:
        """Raise KeptOutError where the gate is closed: the first thing that a batch does."""
        if self._closed.is_set():
            raise KeptOutError("the stream is stopping: this batch is left to the next start")


def is_kept_out(error: Exception) -> bool:
    """Whether a query ended because its next batch was kept out."""
    return KeptOutError.__name__ in str(error)


@contextmanager
def without_tracebacks() -> Iterator[None]:
    """A context in which batches that are kept out are not logged as failures."""
    logger = logging.getLogger(_CALLBACKS)
    logger.addFilter(_is_failure)
    try:
        yield
    finally:
        logger.removeFilter(_is_failure)


def _is_failure(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], KeptOutError))
