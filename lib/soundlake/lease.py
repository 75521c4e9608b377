"""One writer at a time per table: every job holds the lease of the tables that it writes.

On a local lake a lease is a lock on a file, released when the process ends. On S3 it is an object with an expiry,
replaced only by conditional puts, which a thread renews well before. A process that could not renew it in time has lost
it and must stop writing. So a job checks its lease right before each write; one that was suspended in the middle of a
write meets Delta's own check for conflicts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from soundlake.errors import SoundlakeError
from soundlake.lock import BucketLock, TakenError, file_lock, lock_file, releasing
from soundlake.logs import get_log
from soundlake.s3 import put_options
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3
from soundlake.settings.checks import local_path
from soundlake.settings.types import in_seconds
from soundlake.tables import STREAM_LEASE

SECONDS = 60.0  # how long a lease on S3 outlives its holder
_RENEWALS = 6  # in this time, so that some may fail
_MARGIN_SECONDS = 10.0  # a lease counts as lost so long before its end: clocks differ, and writes take time
_LOOK_AGAIN_SECONDS = 1.0
_ATTEMPTS, _READ_SECONDS = 3, 5
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
def lease(settings: Settings, job: str, name: str = STREAM_LEASE, *, waits: bool = True) -> Iterator[Lease]:
    """Hold the lease `name` of a lake for a job as long as the context lasts.

    Where another process has it, this waits for up to lake.lease_wait, if it `waits`: on S3 a process that died keeps
    it for a while. Raises TakenError, which names the holder, when it is still taken then, and LeaseLostError when it
    was lost in the meantime, whatever failed with it. On a local lake it is never lost.
    """
    patience = settings.lake.lease_wait if waits else "0 seconds"
    folder = local_path(settings.lake.uri)
    with ExitStack() as stack:
        if folder is not None:
            file = lock_file(folder, name)
            _take(lambda: stack.enter_context(file_lock(file, job)), patience)
            yield Lease()
        else:
            yield stack.enter_context(_on_s3(settings, job, name, patience))


@contextmanager
def _on_s3(settings: Settings, job: str, name: str, patience: str) -> Iterator[Lease]:
    # A request that hangs must leave time for others before the lease is lost.
    client = open_s3(settings, min(settings.s3.attempts, _ATTEMPTS), connect_timeout=2, read_timeout=_READ_SECONDS)
    options = put_options(settings)
    lock = BucketLock(settings.lake.uri, client, name=name, job=job, seconds=SECONDS, put_options=options)
    _take(lock.take, patience)
    held, ended = Lease(lock), threading.Event()
    renewing = threading.Thread(target=_renew, args=(held, ended), name="lease", daemon=True)
    renewing.start()

    def release() -> None:
        ended.set()
        renewing.join(timeout=_MARGIN_SECONDS)
        if not renewing.is_alive() and not held.is_lost:  # else it ends by itself
            lock.release()

    with releasing(release):
        try:
            yield held
        except Exception:
            held.check()  # the write failed because another process has the lease
            raise
        held.check()


def _take(take: Callable[[], object], patience: str) -> None:
    """Take a lock; while another process has it, try again for a while."""
    until, has_waited = time.monotonic() + in_seconds(patience), False
    while True:
        try:
            take()
            return
        except TakenError as error:
            if time.monotonic() >= until:
                waited = f"; waited {patience} for it (lake.lease_wait)" if has_waited else ""
                raise TakenError(f"{error}{waited}") from None
            if not has_waited:
                _log.warning("waiting for another job", reason=error, up_to=patience)
                has_waited = True
            time.sleep(_LOOK_AGAIN_SECONDS)


@contextmanager
def try_lease(settings: Settings, job: str, name: str = STREAM_LEASE) -> Iterator[Lease | None]:
    """Hold a lease if it is free; yields None where it is not."""
    with ExitStack() as stack:
        try:
            held = stack.enter_context(lease(settings, job, name, waits=False))
        except TakenError:
            yield None
        else:
            yield held


def _renew(held: Lease, ended: threading.Event) -> None:
    while not held.is_lost and not ended.wait(SECONDS / _RENEWALS):
        held.renew()
