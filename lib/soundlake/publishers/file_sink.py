"""Sinks for files: a local folder or S3. A file appears there complete or not at all."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from soundlake.aws import translate_errors
from soundlake.errors import SoundlakeError
from soundlake.s3 import put_options
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3, split_uri
from soundlake.settings.checks import local_path

# Readers ignore names that begin with `_`; one left by a crash is removed when it is this old.
_PREFIX = "_writing-"
_STALE_SECONDS = 86_400


@dataclass(frozen=True)
class PendingFile:
    """A file being written, and its final path."""

    working: Path
    final: str
    shown: str


class FileSink(Protocol):
    """Where finished files go."""

    def begin(self, folder: str, name: str) -> PendingFile:
        """Return a local file to write; it becomes `<folder>/<name>`."""

    def finish(self, file: PendingFile) -> None:
        """Move a written file to its final path. Raises OSError or SoundlakeError."""

    def release(self) -> None:
        """Release all resources."""


class LocalSink:
    """A local folder: a file is written under a name that readers ignore, then renamed."""

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

    def begin(self, folder: str, name: str) -> PendingFile:
        """See `FileSink`."""
        final = self._root / folder / name
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SoundlakeError(f"cannot make the folder {final.parent}: {error.strerror}") from None
        return PendingFile(final.with_name(_PREFIX + name), str(final), str(final))

    def finish(self, file: PendingFile) -> None:
        """See `FileSink`."""
        file.working.rename(file.final)
        folder = os.open(Path(file.final).parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def release(self) -> None:
        """Nothing is held."""


class BucketSink:
    """A prefix on S3: a file is written locally and uploaded when it is complete."""

    def __init__(self, uri: str, settings: Settings) -> None:
        self._bucket, self._prefix = split_uri(uri)
        self._put_options = put_options(settings)
        self._scratch = TemporaryDirectory(prefix="soundlake-")
        self._client = open_s3(settings)
        with translate_errors(f"cannot reach the bucket of {uri}", "s3:ListBucket"):
            self._client.head_bucket(Bucket=self._bucket)

    def begin(self, folder: str, name: str) -> PendingFile:
        """See `FileSink`."""
        key = "/".join(part for part in (self._prefix, folder, name) if part)
        return PendingFile(Path(self._scratch.name) / name, key, f"s3://{self._bucket}/{key}")

    def finish(self, file: PendingFile) -> None:
        """See `FileSink`."""
        with translate_errors(f"cannot write {file.shown}", "s3:PutObject"):
            self._client.upload_file(str(file.working), self._bucket, file.final, ExtraArgs=self._put_options)
        file.working.unlink()

    def release(self) -> None:
        """See `FileSink`."""
        self._scratch.cleanup()


def open_sink(uri: str, settings: Settings) -> FileSink:
    """Return the sink of a folder or an s3:// prefix. Raises SoundlakeError where it cannot be written."""
    local = local_path(uri)
    return LocalSink(local) if local is not None else BucketSink(uri, settings)
