"""One driver at a time per lake: every job that writes silver holds the lake's lease.

On a local lake the lease is a lock on a file, released when the process ends. On S3 it is an object with an expiry,
replaced only by conditional puts, which a thread renews well before. A process that could not renew it in time has lost
it and must stop writing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from soundlake.errors import SoundlakeError
from soundlake.lock import BucketLock, TakenError, file_lock, lock_file, releasing
from soundlake.logs import get_log
from soundlake.s3 import put_options
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3
from soundlake.settings.checks import local_path

_NAME = "writer"
SECONDS = 60.0  # how long a lease on S3 outlives its driver
_RENEWALS = 6  # in this time, so that some may fail
_MARGIN_SECONDS = 10.0  # a lease counts as lost so long before its end: clocks differ, and writes take time
_log = get_log(__name__)


class LeaseLostError(SoundlakeError):
    """Another process has the lease, or may have it."""


class Lease:
    """A lease that is held, until it `is_lost`."""

    def __init__(self, lock: BucketLock | None = None) -> None:
        self._lock = lock
        self._why: str | None = None

    @property
    def is_lost(self) -> bool:
        """Whether another process has it, or may take it at any moment because it was not renewed."""
        is_late = self._lock is not None and self._lock.until - time.time() < _MARGIN_SECONDS
        return is_late or self._why is not None

    def check(self) -> None:
        """Raise LeaseLostError when the lease is lost; call it before each write."""
        if self._lock is not None and self.is_lost:
            raise LeaseLostError(self._why or self._lock.lost)

    def renew(self) -> None:
        """Renew it when it is due. A failure is logged, and raised by `check` once the lease is lost."""
        if self._lock is None:
            return
        try:
            self._lock.keep()
        except SoundlakeError as error:
            _log.warning("the lease could not be renewed", reason=error)
            if str(error) == self._lock.lost or self.is_lost:
                self._why = str(error)


@contextmanager
def lease(settings: Settings, job: str) -> Iterator[Lease]:
    """Hold the lake's lease for a job as long as the context lasts.

    Raises TakenError, which names the holder, when another process has it. The caller has to stop writing when it is
    lost; on a local lake it never is.
    """
    folder = local_path(settings.lake.uri)
    if folder is not None:
        with file_lock(lock_file(folder, _NAME), job):
            yield Lease()
        return
    client, options = open_s3(settings), put_options(settings)
    lock = BucketLock(settings.lake.uri, client, name=_NAME, job=job, seconds=SECONDS, put_options=options)
    lock.take()
    held, ended = Lease(lock), threading.Event()
    renewing = threading.Thread(target=_renew, args=(held, ended), name="lease", daemon=True)
    renewing.start()

    def release() -> None:
        ended.set()
        renewing.join(timeout=_MARGIN_SECONDS)
        if not renewing.is_alive() and not held.is_lost:  # else it ends by itself
            lock.release()

    with releasing(release):
        yield held


@contextmanager
def try_lease(settings: Settings, job: str) -> Iterator[bool]:
    """Hold the lease if it is free; yields whether it is held."""
    with ExitStack() as held:
        try:
            held.enter_context(lease(settings, job))
        except TakenError:
            yield False
        else:
            yield True


def _renew(held: Lease, ended: threading.Event) -> None:
    while not held.is_lost and not ended.wait(SECONDS / _RENEWALS):
        held.renew()
