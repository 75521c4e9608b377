"""The files of a table's Delta log, on this machine or on S3."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from soundlake.aws import error_code, translate_errors
from soundlake.errors import SoundlakeError
from soundlake.settings.bucket import split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_LISTED = 20_000  # files of a log on S3; the others are for the next time
_DELETED_AT_ONCE = 1000  # as many keys as a request may name


class LogFiles(Protocol):
    """The files of one log, by name; times are Unix seconds."""

    def changed_before(self, before: float) -> dict[str, float]:
        """When each file was last changed; files changed at that time or later may be left out."""
        ...

    def read(self, name: str) -> bytes:
        """The content of a file; empty where it does not exist."""
        ...

    def delete(self, names: Sequence[str]) -> None:
        """Delete files, in this order."""
        ...


class LocalLog:
    """A log in a folder, which may not exist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def changed_before(self, before: float) -> dict[str, float]:
        """See `LogFiles`: of all files."""
        changed = {}
        for file in self._folder.iterdir() if self._folder.is_dir() else ():
            with suppress(FileNotFoundError):  # Delta renames what it has written
                changed[file.name] = file.stat().st_mtime
        return changed

    def read(self, name: str) -> bytes:
        """See `LogFiles`."""
        file = self._folder / name
        return file.read_bytes() if file.exists() else b""

    def delete(self, names: Sequence[str]) -> None:
        """See `LogFiles`."""
        for name in names:
            (self._folder / name).unlink(missing_ok=True)


class BucketLog:
    """A log on S3. Listing stops at the first file that is too new: names are in the order of versions."""

    def __init__(self, uri: str, client: S3Client) -> None:
        self._uri, self._client = uri, client
        self._bucket, folder = split_uri(uri)
        self._prefix = f"{folder}/"

    def changed_before(self, before: float) -> dict[str, float]:
        """See `LogFiles`: of the first MOST_LISTED."""
        with translate_errors(self._uri):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            files = (
                (one["Key"], one["LastModified"].timestamp()) for page in pages for one in page.get("Contents", ())
            )
            old = takewhile(lambda file: file[1] < before, files)
            return {key.removeprefix(self._prefix): changed for key, changed in islice(old, MOST_LISTED)}

    def read(self, name: str) -> bytes:
        """See `LogFiles`."""
        from botocore.exceptions import ClientError

        with translate_errors(f"{self._uri}/{name}"):
            try:
                return self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
            except ClientError as error:
                if error_code(error) == "NoSuchKey":
                    return b""
                raise

    def delete(self, names: Sequence[str]) -> None:
        """See `LogFiles`: a thousand with each request."""
        for start in range(0, len(names), _DELETED_AT_ONCE):
            keys = [self._prefix + name for name in names[start : start + _DELETED_AT_ONCE]]
            with translate_errors(self._uri):
                answer = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
                )
            for error in answer.get("Errors", ()):
                raise SoundlakeError(f"{self._uri}: {error.get('Key')} was not deleted: {error.get('Message')}")
