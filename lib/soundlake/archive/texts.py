"""The small files of a checkpoint, on this machine or on S3."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from soundlake.aws import error_code, translate_errors
from soundlake.errors import SoundlakeError
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3, split_uri
from soundlake.settings.checks import local_path

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Texts(Protocol):
    """Small files below one folder. Raises SoundlakeError where they cannot be read."""

    shown: str

    def names(self, folder: str) -> list[str]:
        """The names in a folder; none where there is no such folder."""

    def read(self, name: str) -> str | None:
        """The text of a file; None where there is none."""


class LocalTexts:
    """Small files below a folder."""

    def __init__(self, root: Path) -> None:
        self.shown = str(root)
        self._root = root

    def names(self, folder: str) -> list[str]:
        """See `Texts`."""
        try:
            return [file.name for file in (self._root / folder).iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise SoundlakeError(f"cannot read {self._root / folder}: {error.strerror}") from None

    def read(self, name: str) -> str | None:
        """See `Texts`."""
        try:
            return (self._root / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise SoundlakeError(f"cannot read {self._root / name}: {error}") from None


class BucketTexts:
    """Small objects below a prefix."""

    def __init__(self, uri: str, client: S3Client) -> None:
        self.shown = uri
        self._client = client
        self._bucket, self._prefix = split_uri(uri)

    def names(self, folder: str) -> list[str]:
        """See `Texts`."""
        prefix = f"{self._prefix}/{folder}/"
        with translate_errors(f"{self.shown}/{folder}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix, Delimiter="/"
            )
            return [item["Key"].removeprefix(prefix) for page in pages for item in page.get("Contents", ())]

    def read(self, name: str) -> str | None:
        """See `Texts`."""
        from botocore.exceptions import ClientError

        with translate_errors(f"{self.shown}/{name}"):
            try:
                body = self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}/{name}")["Body"].read()
            except ClientError as error:
                if error_code(error) == "NoSuchKey":
                    return None
                raise
        return body.decode()


def open_texts(uri: str, settings: Settings) -> Texts:
    """Return the small files below a folder, s3:// or s3a://."""
    local = local_path(uri)
    return LocalTexts(local) if local is not None else BucketTexts(uri, open_s3(settings))
