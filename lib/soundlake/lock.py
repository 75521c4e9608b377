"""Locks on a lake, one process at a time: a locked file, or on S3 an object with an expiry."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundlake.aws import error_code, translate_errors
from soundlake.errors import SoundlakeError
from soundlake.settings.bucket import split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TAKEN = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")


class TakenError(SoundlakeError):
    """Another process has the lock; the message says which."""


def lock_file(folder: Path, name: str) -> Path:
    """Return the lock file of a local lake."""
    return folder / "_leases" / f"{name}.lock"


@dataclass(frozen=True)
class Holder:
    """Who has a lock: the machine, the process, what it does, and since when (seconds since 1970)."""

    host: str
    pid: int
    job: str
    since: float

    @classmethod
    def this_process(cls, job: str, now: float) -> Holder:
        """Return this process as a holder."""
        return cls(socket.gethostname(), os.getpid(), job, now)

    @classmethod
    def read(cls, text: str | bytes) -> Holder:
        """Parse the holder of a lock; raises ValueError, KeyError or TypeError for anything else."""
        found = json.loads(text)
        return cls(str(found["host"]), int(found["pid"]), str(found["job"]), float(found["since"]))

    def __str__(self) -> str:
        return f"{self.job} on {self.host}, process {self.pid}, since {_shown(self.since)}"


@contextmanager
def releasing(release: Callable[[], None]) -> Iterator[None]:
    """Release a lock at the end; an error of that does not hide an earlier one."""
    try:
        yield
    except BaseException as error:
        try:
            release()
        except SoundlakeError as trouble:
            error.add_note(f"and releasing the lock: {trouble}")
        raise
    release()


@contextmanager
def file_lock(path: Path, job: str) -> Iterator[None]:
    """Hold a lock on a file, released with the process; raises TakenError when another process has it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("a+")
    except OSError as error:
        raise SoundlakeError(f"{job}: cannot make its lock {path}: {error.strerror}") from None
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise TakenError(_taken(job, file.read(), path)) from None
        file.truncate(0)
        file.write(json.dumps(asdict(Holder.this_process(job, time.time()))))
        file.flush()
        yield


def _taken(job: str, holder: str, path: Path) -> str:
    try:
        return f"{job}: already at work on this lake: {Holder.read(holder)} (lock {path})"
    except (ValueError, KeyError, TypeError):  # it has not written its name yet
        return f"{job}: another one has just begun on this lake (lock {path})"


def _shown(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(moment))


class BucketLock:
    """An object with an owner and an expiry, replaced only by conditional puts, of which only one can win."""

    def __init__(
        self,
        lake: str,
        client: S3Client,
        now: Callable[[], float] = time.time,
        *,
        name: str,
        job: str,
        seconds: float,
        put_options: Mapping[str, str] | None = None,
    ) -> None:
        """The lock `name` of a lake, for a process that runs `job`; each put extends it by `seconds`.

        `put_options` go with each put, see `soundlake.s3.put_options`.
        """
        self._put_options: dict[str, Any] = dict(put_options or {})
        self._client, self._now, self._job, self._seconds = client, now, job, seconds
        self._bucket, prefix = split_uri(lake)
        self._key = "/".join([*filter(None, [prefix]), "_leases", f"{name}.lock"])
        self._shown = f"s3://{self._bucket}/{self._key}"
        self._holder = Holder.this_process(job, now())
        self._owner = uuid.uuid4().hex
        self._tag: str | None = None
        self._until = 0.0

    @property
    def until(self) -> float:
        """When it expires, unless renewed; in seconds since 1970."""
        return self._until

    def take(self) -> None:
        """Take the lock, also over an expired one. Raises TakenError where another process has it."""
        with translate_errors(self._shown):
            found = self._read()
            if found is None:
                is_ours = self._put(IfNoneMatch="*")
            else:
                tag, _, until, holder = found
                if until > self._now():
                    said = f"{self._job}: already at work on this lake: {holder}"
                    raise TakenError(f"{said}; its lock {self._shown} ends at {_shown(until)}, unless it is renewed")
                is_ours = self._put(IfMatch=tag)
        if not is_ours:
            raise TakenError(f"{self._job}: another one has just begun on this lake ({self._shown})")

    def keep(self) -> None:
        """Renew the lock after a third of its time. Raises SoundlakeError where it was lost."""
        if self._until - self._now() > self._seconds * 2 / 3:
            return
        with translate_errors(self._shown):
            is_ours = self._now() < self._until and self._tag is not None and self._put(IfMatch=self._tag)
        if not is_ours:
            raise SoundlakeError(self.lost)

    @property
    def lost(self) -> str:
        """The message for a lost lock."""
        return f"{self._job}: lost its lock {self._shown}: it was held up for too long; run it again"

    def release(self) -> None:
        """Release the lock, if it is still ours."""
        if self._tag is not None:
            with translate_errors(self._shown):
                self._put(ended=True, IfMatch=self._tag)
            self._tag = None

    def _put(self, *, ended: bool = False, **condition: Any) -> bool:
        """Put the object under a condition; returns whether it is ours."""
        from botocore.exceptions import ClientError

        until = 0.0 if ended else self._now() + self._seconds
        body = json.dumps({"owner": self._owner, "expires_at": until, **asdict(self._holder)}).encode()
        try:
            answer = self._client.put_object(
                Bucket=self._bucket, Key=self._key, Body=body, **self._put_options, **condition
            )
            self._tag, self._until = answer["ETag"], until
        except ClientError as error:
            if error_code(error) not in _TAKEN:
                raise
            found = self._read()
            if found is None or found[1] != self._owner:
                self._tag = None
                return False
            # One of our own puts arrived, but its answer was lost: this one, on a retry, or an earlier one.
            tag, _, stored, _ = found
            if stored != until and condition != {"IfMatch": tag}:
                return self._put(ended=ended, IfMatch=tag)
            self._tag, self._until = tag, stored
        return True

    def _read(self) -> tuple[str, str, float, Holder] | None:
        """Its ETag, owner, expiry and holder."""
        from botocore.exceptions import ClientError

        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key)
        except ClientError as error:
            if error_code(error) == "NoSuchKey":
                return None
            raise
        try:
            body = answer["Body"].read()
            document = json.loads(body)
            return answer["ETag"], str(document["owner"]), float(document["expires_at"]), Holder.read(body)
        except (ValueError, KeyError, TypeError):
            raise SoundlakeError(f"{self._shown} is damaged: remove it when no {self._job} is at work") from None
