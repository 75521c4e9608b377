"""The state between runs: small JSON documents in a folder or below an s3:// prefix, replaced as a whole."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from soundlake.aws import translate_errors
from soundlake.errors import SoundlakeError, UsageError
from soundlake.s3 import put_options
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3, split_uri
from soundlake.settings.checks import local_path


class StateStore(Protocol):
    """Documents by name."""

    folder: Path | None
    """A folder for other local files; None where the state is on S3."""

    def read(self, name: str) -> dict[str, Any] | None:
        """Return a document, None where there is none. Raises SoundlakeError where it cannot be read."""

    def write(self, name: str, document: dict[str, Any]) -> None:
        """Replace a document as a whole. Raises SoundlakeError where that fails."""

    def remove(self, name: str) -> None:
        """Remove a document."""


@contextmanager
def open_state(settings: Settings) -> Iterator[StateStore]:
    """Open extract.state. A local one is held by one process at a time: raises UsageError where another has it."""
    uri = settings.extract.state
    folder = local_path(uri)
    if folder is None:
        yield BucketState(uri, settings)
        return
    state = FolderState(folder)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(
                f"extract.state: another extract uses {folder}; wait for it, or give this one its own state"
            ) from None
        yield state


class FolderState:
    """Documents in a local folder that only its owner may read."""

    def __init__(self, folder: Path) -> None:
        self.folder: Path | None = folder
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            ignore = folder / ".gitignore"  # it holds tokens: never to be committed
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"extract.state: cannot write to {folder}: {error.strerror}") from None

    def read(self, name: str) -> dict[str, Any] | None:
        """Return a document; see `StateStore`."""
        path = self._folder / f"{name}.json"
        try:
            return _parsed(path.read_bytes(), str(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SoundlakeError(f"cannot read {path}: {error.strerror}") from None

    def write(self, name: str, document: dict[str, Any]) -> None:
        """Replace a document; see `StateStore`. Its file is made with mode 0600."""
        path = self._folder / f"{name}.json"
        try:
            handle, working = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".json")  # made with 0600
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(document, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            Path(working).replace(path)
        except OSError as error:
            raise SoundlakeError(f"cannot write {path}: {error.strerror}") from None

    def remove(self, name: str) -> None:
        """Remove a document."""
        (self._folder / f"{name}.json").unlink(missing_ok=True)


class BucketState:
    """Documents on S3, for short-lived machines. There is no lock: start one run at a time."""

    folder: Path | None = None

    def __init__(self, uri: str, settings: Settings) -> None:
        self._uri = uri.rstrip("/")
        self._put_options: dict[str, Any] = dict(put_options(settings))
        self._bucket, prefix = split_uri(uri)
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = open_s3(settings)

    def read(self, name: str) -> dict[str, Any] | None:
        """Return a document; see `StateStore`."""
        shown = f"{self._uri}/{name}.json"
        with translate_errors(f"cannot read {shown}", "s3:GetObject"):
            try:
                body = self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}{name}.json")["Body"].read()
            except self._client.exceptions.NoSuchKey:
                return None
        return _parsed(body, shown)

    def write(self, name: str, document: dict[str, Any]) -> None:
        """Replace a document; see `StateStore`."""
        body = json.dumps(document, ensure_ascii=False).encode()
        with translate_errors(f"cannot write {self._uri}/{name}.json", "s3:PutObject"):
            self._client.put_object(
                Bucket=self._bucket, Key=f"{self._prefix}{name}.json", Body=body, **self._put_options
            )

    def remove(self, name: str) -> None:
        """Remove a document."""
        with translate_errors(f"cannot remove {self._uri}/{name}.json", "s3:DeleteObject"):
            self._client.delete_object(Bucket=self._bucket, Key=f"{self._prefix}{name}.json")


def _parsed(content: bytes, shown: str) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise SoundlakeError(f"{shown} is damaged: remove it to start again")
    return document
