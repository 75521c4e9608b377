"""Checking the bucket of a lake on S3 before anything starts: does it exist, is access granted, is there a lake?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from soundlake.aws import CREDENTIALS_REMEDY, needs_credentials, open_client, translate_errors
from soundlake.errors import SoundlakeError, UsageError
from soundlake.settings.model import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FEW = 4  # attempts of a check, which a person waits for


def split_uri(uri: str) -> tuple[str, str]:
    """Return the bucket and the key of s3://bucket/key or s3a://bucket/key, without slashes at its ends."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key.strip("/")


def open_s3(settings: Settings, attempts: int | None = None, **options: Any) -> S3Client:
    """Return a client of S3, or of s3.endpoint_url, that tries each call s3.attempts times.

    `options` are those of botocore's Config. Raises SoundlakeError where there is no region or no such profile.
    """
    s3 = settings.s3
    style = {None: "auto", True: "path", False: "virtual"}[s3.path_style]
    with translate_errors("S3"):
        client: S3Client = open_client(
            "s3",
            region=s3.region,
            endpoint_url=s3.endpoint_url,
            attempts=attempts or s3.attempts,
            max_pool_connections=16,
            s3={"addressing_style": style},
            **options,
        )
    return client


def holds_anything(settings: Settings, key: str, uri: str) -> bool:
    """Whether there is an object below a place on S3.

    Raises UsageError where there is no such bucket, no credentials, or S3 lets them not in, and SoundlakeError where S3
    does not answer: one line each that begins with `key`, the setting that names the place.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, prefix = split_uri(uri)
    payer = {"RequestPayer": "requester"} if settings.s3.requester_pays else {}
    try:
        s3 = open_s3(settings, _FEW)
        below = f"{prefix}/" if prefix else ""
        found = s3.list_objects_v2(Bucket=bucket, Prefix=below, MaxKeys=1, **payer)  # type: ignore[arg-type]
    except ClientError as error:
        raise _refused(key, uri, bucket, error) from None
    except BotoCoreError as error:
        if needs_credentials(error):
            raise UsageError(f"{key}: {uri}: {str(error).rstrip('.')}: {CREDENTIALS_REMEDY}") from None
        raise SoundlakeError(f"{key}: {uri}: S3 does not answer: {error}") from None
    return bool(found.get("KeyCount"))


def _refused(key: str, uri: str, bucket: str, error: Exception) -> SoundlakeError:
    response = getattr(error, "response", {})
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code == "NoSuchBucket" or status == 404:
        return UsageError(f"{key}: {uri}: there is no bucket {bucket}")
    if code in ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"):
        return UsageError(f"{key}: {uri}: the bucket is in another region: set s3.region or AWS_REGION ({code})")
    if status in (400, 401, 403):
        return UsageError(f"{key}: {uri}: S3 does not let these credentials in ({code or status}): {error}")
    return SoundlakeError(f"{key}: {uri}: {error}")
