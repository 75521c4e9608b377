"""The logger of jobs: one line per event on stderr, with a level and context.

    2026-11-28T16:05:30Z INFO soundlake.refine.batch: refined query=refine batch=7 seconds=2.1 read=1200 accepted=1180

What a command prints as its result goes to stdout and is no log.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping

from soundlake.errors import was_interrupted

_ROOT = __name__.partition(".")[0]


class Log:
    """A logger whose methods take context as keywords: `log.info("refined", batch=7)`."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, **context: object) -> None:
        """Log what helps to find a fault."""
        self._log(logging.DEBUG, event, context)

    def info(self, event: str, **context: object) -> None:
        """Log what an operator may want to follow."""
        self._log(logging.INFO, event, context)

    def warning(self, event: str, **context: object) -> None:
        """Log what an operator should look at; the job goes on."""
        self._log(logging.WARNING, event, context)

    def error(self, event: str, **context: object) -> None:
        """Log what failed for good; the job goes on without it."""
        self._log(logging.ERROR, event, context)

    def _log(self, level: int, event: str, context: Mapping[str, object]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", " ".join([event, *(f"{k}={_quoted(v)}" for k, v in context.items())]))


def get_log(module: str) -> Log:
    """Return the logger of a module, by its `__name__`."""
    return Log(module)


def set_up(level: str) -> None:
    """Log soundlake's events from `level` on, and warnings of libraries, to stderr.

    Where the process has handlers already, as in Lambda, Glue or pytest, these are used.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_UtcFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ"))
    handler.addFilter(_is_no_interrupt)
    logging.basicConfig(handlers=[handler])
    logging.getLogger(_ROOT).setLevel(level)
    if level == "WARNING":  # nobody waits minutes without a word, also where events are left out
        logging.getLogger(f"{_ROOT}.progress").setLevel(logging.INFO)


def _is_no_interrupt(record: logging.LogRecord) -> bool:
    # py4j logs the traceback of a KeyboardInterrupt and raises it again; the job itself reports the stop, in one line.
    return not (record.exc_info and was_interrupted(record.exc_info[1]))


class _UtcFormatter(logging.Formatter):
    @staticmethod
    def converter(seconds: float | None) -> time.struct_time:
        return time.gmtime(seconds)


def _quoted(value: object) -> str:
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    return f'"{text}"' if not text or " " in text else text
