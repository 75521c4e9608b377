"""S3 for the mover: one client, and its errors in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from soundlake.errors import SoundlakeError
from soundlake.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def open_client(settings: Settings) -> S3Client:
    """Return a client of S3, or of s3.endpoint_url. Raises SoundlakeError where there is nothing to sign with."""
    import boto3
    from botocore.config import Config

    with told("s3"):
        client: S3Client = boto3.client(
            "s3",
            endpoint_url=settings.s3.endpoint_url,
            config=Config(retries={"mode": "standard", "max_attempts": 8}, max_pool_connections=16),
        )
        return client


def split(uri: str) -> tuple[str, str]:
    """Return the bucket and the key of s3://bucket/key or s3a://bucket/key, without slashes at its ends."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key.strip("/")


@contextmanager
def told(shown: str) -> Iterator[None]:
    """Turn what goes wrong at S3 into a SoundlakeError that names the place."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise SoundlakeError(f"{shown}: {error}") from None


def code_of(error: Exception) -> str:
    """The code of a ClientError, such as 404 or NoSuchKey."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
