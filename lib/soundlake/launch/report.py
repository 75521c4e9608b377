"""Errors on the console: their lines on stderr, their exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from soundlake.errors import SoundlakeError, was_interrupted

_OF_SPARK = ("py4j", "pyspark")  # what they fail with when the JVM stops


def say(line: str) -> None:
    """Tell people what is going on, on stderr."""
    print(f"soundlake: {line}", file=sys.stderr, flush=True)


@contextmanager
def reported() -> Iterator[None]:
    """End the process with the message and the exit code of a SoundlakeError; on Ctrl-C say so, and exit 130."""
    try:
        yield
    except KeyboardInterrupt:
        _stop()
    except SoundlakeError as error:
        for line in str(error).splitlines():
            say(line)
        sys.exit(error.exit_code)
    except Exception as error:
        # Ctrl-C in the middle of a call to the JVM: what cleans up behind it may fail in turn.
        if not was_interrupted(error):
            raise
        if not isinstance(error, ConnectionError) and type(error).__module__.partition(".")[0] not in _OF_SPARK:
            say(f"an error while stopping: {type(error).__name__}: {error}")
        _stop()


def _stop() -> NoReturn:
    say("stopped: what was committed stays, and the same command goes on from there")
    sys.exit(130)
