"""Small files that are read and written as a whole, in a folder of this machine or below a prefix on S3."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Protocol

from soundlake.aws import translate_errors
from soundlake.errors import SoundlakeError
from soundlake.s3 import put_options
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3, split_uri
from soundlake.settings.checks import local_path


class SmallFiles(Protocol):
    """Files by their paths below one place. Raises SoundlakeError where that cannot be reached."""

    shown: str
    """The place, for messages."""

    def names(self, folder: str) -> list[str]:
        """The names in a folder; none where there is no such folder."""

    def read(self, name: str) -> bytes | None:
        """What a file holds; None where there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Replace a file as a whole."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""


class FolderFiles:
    """Files below a folder; those it writes can be read by their owner only."""

    def __init__(self, root: Path) -> None:
        self.shown = str(root)
        self._root = root

    def names(self, folder: str) -> list[str]:
        """See `SmallFiles`."""
        try:
            return [file.name for file in (self._root / folder).iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise SoundlakeError(f"cannot read {self._root / folder}: {error.strerror}") from None

    def read(self, name: str) -> bytes | None:
        """See `SmallFiles`."""
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SoundlakeError(f"cannot read {self._root / name}: {error.strerror}") from None

    def write(self, name: str, content: bytes) -> None:
        """See `SmallFiles`. It survives a power cut, as the old file or the new one."""
        path = self._root / name
        try:
            handle, working = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)  # made with 0600
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(working).replace(path)
        except OSError as error:
            raise SoundlakeError(f"cannot write {path}: {error.strerror}") from None

    def remove(self, name: str) -> None:
        """See `SmallFiles`."""
        (self._root / name).unlink(missing_ok=True)


class PrefixFiles:
    """Objects below a prefix."""

    def __init__(self, uri: str, settings: Settings) -> None:
        self.shown = uri.rstrip("/")
        self._put_options: dict[str, Any] = dict(put_options(settings))
        self._bucket, prefix = split_uri(uri)
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = open_s3(settings)

    def names(self, folder: str) -> list[str]:
        """See `SmallFiles`."""
        prefix = f"{self._prefix}{folder}/"
        listing = self._client.get_paginator("list_objects_v2")
        with translate_errors(f"cannot read {self.shown}/{folder}", "s3:ListBucket"):
            pages = listing.paginate(Bucket=self._bucket, Prefix=prefix, Delimiter="/")
            return [item["Key"].removeprefix(prefix) for page in pages for item in page.get("Contents", ())]

    def read(self, name: str) -> bytes | None:
        """See `SmallFiles`."""
        with translate_errors(f"cannot read {self.shown}/{name}", "s3:GetObject"):
            try:
                return self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}{name}")["Body"].read()
            except self._client.exceptions.NoSuchKey:
                return None

    def write(self, name: str, content: bytes) -> None:
        """See `SmallFiles`."""
        with translate_errors(f"cannot write {self.shown}/{name}", "s3:PutObject"):
            self._client.put_object(Bucket=self._bucket, Key=f"{self._prefix}{name}", Body=content, **self._put_options)

    def remove(self, name: str) -> None:
        """See `SmallFiles`."""
        with translate_errors(f"cannot remove {self.shown}/{name}", "s3:DeleteObject"):
            self._client.delete_object(Bucket=self._bucket, Key=f"{self._prefix}{name}")


def open_files(uri: str, settings: Settings) -> SmallFiles:
    """Return the files below a folder, an s3:// or an s3a:// URI."""
    local = local_path(uri)
    return FolderFiles(local) if local is not None else PrefixFiles(uri, settings)
