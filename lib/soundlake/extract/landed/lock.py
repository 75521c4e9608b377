"""One mover at a time for each lake."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundlake.errors import SoundlakeError
from soundlake.extract.landed.bucket import code_of, open_client, split, told
from soundlake.settings import Settings
from soundlake.settings.checks import local_path

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NAME = "_leases/move-read.lock"
# How long a lock on S3 outlives a mover that died; it is renewed long before.
SECONDS = 600
_TAKEN = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")


@contextmanager
def mover_lock(settings: Settings) -> Iterator[Callable[[], None]]:
    """Hold the lock of the mover for a lake; yields what has to be called now and then, to keep it.

    Raises SoundlakeError where another process has it, and, from what is called, where it was lost.
    """
    folder = local_path(settings.lake.uri)
    if folder is not None:
        with _local(folder / _NAME):
            yield lambda: None
        return
    lock = BucketLock(settings.lake.uri, open_client(settings))
    lock.take()
    try:
        yield lock.keep
    except BaseException as error:
        try:
            lock.release()
        except SoundlakeError as trouble:
            error.add_note(f"and letting go of the lock: {trouble}")
        raise
    lock.release()


@contextmanager
def _local(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("a+")
    except OSError as error:
        raise SoundlakeError(f"move-read: cannot make its lock {path}: {error.strerror}") from None
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise SoundlakeError(f"move-read: already at work on this lake, in process {file.read().strip()}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


class BucketLock:
    """An object with its owner and its end, replaced only by conditional puts, so that of two one fails."""

    def __init__(self, lake: str, client: S3Client, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._now = now
        self._bucket, prefix = split(lake)
        self._key = f"{prefix}/{_NAME}" if prefix else _NAME
        self._shown = f"s3://{self._bucket}/{self._key}"
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._tag: str | None = None
        self._until = 0.0

    def take(self) -> None:
        """Take the lock, over one that has ended too. Raises SoundlakeError where another has it."""
        with told(self._shown):
            found = self._read()
            if found is None:
                is_ours = self._put(IfNoneMatch="*")
            else:
                tag, owner, until = found
                if until > self._now():
                    raise SoundlakeError(self._taken(owner, until))
                is_ours = self._put(IfMatch=tag)
        if not is_ours:
            raise SoundlakeError(f"move-read: another one has just begun on this lake ({self._shown})")

    def keep(self) -> None:
        """Renew the lock when half of its time is over. Raises SoundlakeError where it was lost."""
        if self._until - self._now() > SECONDS / 2:
            return
        with told(self._shown):
            is_ours = self._now() < self._until and self._tag is not None and self._put(IfMatch=self._tag)
        if not is_ours:
            raise SoundlakeError(f"move-read: lost its lock {self._shown}: it was held up for too long; run it again")

    def release(self) -> None:
        """End the lock, if it is still ours."""
        if self._tag is not None:
            with told(self._shown):
                self._put(ended=True, IfMatch=self._tag)
            self._tag = None

    def _put(self, *, ended: bool = False, **condition: Any) -> bool:
        """Put the object under a condition; returns whether it is ours."""
        from botocore.exceptions import ClientError

        until = 0.0 if ended else self._now() + SECONDS
        body = json.dumps({"owner": self._owner, "expires_at": until}).encode()
        try:
            answer = self._client.put_object(Bucket=self._bucket, Key=self._key, Body=body, **condition)
            self._tag, self._until = answer["ETag"], until
        except ClientError as error:
            if code_of(error) not in _TAKEN:
                raise
            found = self._read()  # the answer to a put that succeeded may have been lost, and the put repeated
            if found is None or found[1:] != (self._owner, until):
                self._tag = None
                return False
            self._tag, self._until = found[0], until
        return True

    def _read(self) -> tuple[str, str, float] | None:
        """Its ETag, its owner and its end."""
        from botocore.exceptions import ClientError

        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key)
        except ClientError as error:
            if code_of(error) == "NoSuchKey":
                return None
            raise
        try:
            document = json.loads(answer["Body"].read())
            return answer["ETag"], str(document["owner"]), float(document["expires_at"])
        except (ValueError, KeyError, TypeError):
            raise SoundlakeError(f"{self._shown} is damaged: remove it when no move-read is at work") from None

    def _taken(self, owner: str, until: float) -> str:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(until))
        return f"move-read: already at work on this lake: {owner}; its lock {self._shown} ends at {when} UTC"
