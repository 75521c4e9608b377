"""The places for finished files: a folder of this machine, or S3. A file appears there whole or not at all."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from soundlake.errors import SoundlakeError
from soundlake.s3 import put_options
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3, split_uri
from soundlake.settings.checks import local_path

if TYPE_CHECKING:
    pass

# Readers leave out names that begin with `_`; one that is left after a crash is removed when it is this old.
_PREFIX = "_writing-"
_STALE_SECONDS = 86_400


@dataclass(frozen=True)
class Target:
    """A file at work and where it shall be."""

    working: Path
    final: str
    shown: str


class Place(Protocol):
    """Where finished files go."""

    def begin(self, folder: str, name: str) -> Target:
        """Return where to write a file that shall be `<folder>/<name>`."""

    def finish(self, target: Target) -> None:
        """Let a file appear that was written. Raises OSError or SoundlakeError."""

    def release(self) -> None:
        """Let go of what is held."""


class LocalFolder:
    """A folder of this machine: a file is written under a name that readers leave out, then renamed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
            for left in root.glob(f"*/*/{_PREFIX}*"):
                with suppress(FileNotFoundError):  # another process has finished it
                    if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                        left.unlink()
        except OSError as error:
            raise SoundlakeError(f"cannot write to {root}: {error.strerror}") from None

    def begin(self, folder: str, name: str) -> Target:
        """See `Place`."""
        final = self._root / folder / name
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SoundlakeError(f"cannot make the folder {final.parent}: {error.strerror}") from None
        return Target(final.with_name(_PREFIX + name), str(final), str(final))

    def finish(self, target: Target) -> None:
        """See `Place`."""
        target.working.rename(target.final)
        folder = os.open(Path(target.final).parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def release(self) -> None:
        """Nothing is held."""


class Bucket:
    """A place on S3: a file is written here and sent whole; an object appears only when it is complete."""

    def __init__(self, uri: str, settings: Settings) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        self._bucket, self._prefix = split_uri(uri)
        self._put_options = put_options(settings)
        self._scratch = TemporaryDirectory(prefix="soundlake-")
        self._errors = (BotoCoreError, ClientError)
        try:
            self._client = open_s3(settings)
            self._client.head_bucket(Bucket=self._bucket)
        except self._errors as error:
            raise SoundlakeError(f"cannot reach the bucket of {uri}: {error}") from None

    def begin(self, folder: str, name: str) -> Target:
        """See `Place`."""
        key = "/".join(part for part in (self._prefix, folder, name) if part)
        return Target(Path(self._scratch.name) / name, key, f"s3://{self._bucket}/{key}")

    def finish(self, target: Target) -> None:
        """See `Place`."""
        from boto3.exceptions import S3UploadFailedError

        try:
            self._client.upload_file(str(target.working), self._bucket, target.final, ExtraArgs=self._put_options)
        except (*self._errors, S3UploadFailedError) as error:
            raise SoundlakeError(f"cannot write {target.shown}: {error}") from None
        target.working.unlink()

    def release(self) -> None:
        """See `Place`."""
        self._scratch.cleanup()


def open_place(uri: str, settings: Settings) -> Place:
    """Return the place of a folder or an s3:// prefix. Raises SoundlakeError where nothing can be put there."""
    local = local_path(uri)
    return LocalFolder(local) if local is not None else Bucket(uri, settings)
