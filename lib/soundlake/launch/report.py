"""Errors on the console: their lines on stderr, their exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from soundlake.errors import SoundlakeError


def say(line: str) -> None:
    """Tell people what is going on, on stderr."""
    print(f"soundlake: {line}", file=sys.stderr, flush=True)


@contextmanager
def reported() -> Iterator[None]:
    """End the process with the message and the exit code of a SoundlakeError, and with 130 on Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)
    except SoundlakeError as error:
        for line in str(error).splitlines():
            say(line)
        sys.exit(error.exit_code)
