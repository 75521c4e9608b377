"""A lake on S3: URIs, and the settings of Spark's S3 file system. Credentials are never part of them."""

from __future__ import annotations

import os

from soundlake.settings import Settings

_AN_ENDPOINT_NEEDS_ONE = "us-east-1"  # signatures name a region; stores other than AWS accept any
LOG_STORE = "soundlake.ConditionalLogStore"  # launch/ConditionalLogStore.java
_THROTTLED_FIRST_WAIT = "100ms"
_FAILED_FIRST_WAIT = "200ms"


def on_s3(uri: str) -> str:
    """An s3a:// URI as s3://, without trailing slashes; other URIs unchanged."""
    scheme, separator, rest = uri.partition("://")
    return f"{'s3' if scheme == 's3a' else scheme}{separator}{rest}".rstrip("/")


def for_spark(uri: str) -> str:
    """An s3:// URI as s3a://, Hadoop's name of the file system; other URIs unchanged."""
    scheme, separator, rest = uri.partition("://")
    return f"s3a://{rest}" if separator and scheme == "s3" else uri


def is_on_s3(uri: str) -> bool:
    """Whether a URI is s3://… or s3a://…."""
    return uri.startswith(("s3://", "s3a://"))


def uses_s3(settings: Settings) -> bool:
    """Whether a job with these settings reads or writes S3."""
    places = [settings.lake.uri]
    if settings.source.type == "files" and settings.source.files.path is not None:
        places.append(settings.source.files.path)
    return any(is_on_s3(place) for place in places)


def spark_conf(settings: Settings) -> dict[str, str]:
    """Return a session's settings for S3. Waits double and attempts are bounded: an S3 that is down fails the job."""
    s3 = settings.s3
    region = region_of(settings)
    conf = {
        "attempts.maximum": str(s3.attempts),
        "retry.limit": str(s3.attempts),
        "retry.interval": _FAILED_FIRST_WAIT,
        "retry.throttle.limit": str(s3.attempts),
        "retry.throttle.interval": _THROTTLED_FIRST_WAIT,
        # In milliseconds without a unit, as Hadoop 3.3 requires.
        "connection.establish.timeout": "5000",
        "connection.timeout": "60000",
        **({"endpoint": s3.endpoint_url} if s3.endpoint_url else {}),
        **({"endpoint.region": region} if region else {}),
        **({"path.style.access": "true"} if has_path_style(settings) else {}),
        **({"requester.pays.enabled": "true"} if s3.requester_pays else {}),
    }
    if s3.kms_key_id is not None:
        conf |= {"encryption.algorithm": "SSE-KMS", "encryption.key": s3.kms_key_id}
    spark = {f"spark.hadoop.fs.s3a.{name}": value for name, value in conf.items()}
    if s3.conditional_commits:
        spark["spark.delta.logStore.s3a.impl"] = LOG_STORE
    return spark


def put_options(settings: Settings) -> dict[str, str]:
    """Return the options of boto3's put_object: the encryption key, where one is set."""
    key = settings.s3.kms_key_id
    return {} if key is None else {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}


def region_of(settings: Settings) -> str | None:
    """The region to sign for: s3.region, else the environment's; any region where there is an endpoint."""
    named = settings.s3.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return named or (_AN_ENDPOINT_NEEDS_ONE if settings.s3.endpoint_url else None)


def has_path_style(settings: Settings) -> bool:
    """Whether URLs have the bucket in their path: as set, else only with an endpoint."""
    if settings.s3.path_style is not None:
        return settings.s3.path_style
    return settings.s3.endpoint_url is not None
