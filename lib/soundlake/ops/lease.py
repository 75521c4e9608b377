"""One driver at a time for each lake and job.

On a local lake a lease is a lock on a file: it goes when its process goes, however it ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from soundlake.errors import SoundlakeError
from soundlake.lake import Lake


class LeasedError(SoundlakeError):
    """Another process has the lease."""


@contextmanager
def lease(lake: Lake, job: str) -> Iterator[None]:
    """Hold the lease of a job for as long as the context lasts; raises LeasedError when another process has it."""
    file = _file(lake, job)
    if file is None:
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise LeasedError(f"{job}: already at work on {lake.uri}, in process {handle.read().strip()}") from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


@contextmanager
def try_lease(lake: Lake, job: str) -> Iterator[bool]:
    """Hold the lease of a job if it is free; yields whether it is held."""
    with ExitStack() as held:
        try:
            held.enter_context(lease(lake, job))
        except LeasedError:
            yield False
        else:
            yield True


def _file(lake: Lake, job: str) -> Path | None:
    return None if "://" in lake.uri else Path(lake.uri) / "_leases" / f"{job}.lock"
