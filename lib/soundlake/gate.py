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

from soundlake.errors import SoundlakeError

_CALLBACKS = "py4j.clientserver"  # logs what a batch raises, with its traceback


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
def without_tracebacks() -> Iterator[None]:
    """A context in which py4j does not log rejected batches as failures."""
    logger = logging.getLogger(_CALLBACKS)
    logger.addFilter(_is_failure)
    try:
        yield
    finally:
        logger.removeFilter(_is_failure)


def _is_failure(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], KeptOutError))
