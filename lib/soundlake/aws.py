"""Every client of AWS is made here, and every error of AWS is translated here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from soundlake.errors import SoundlakeError

if TYPE_CHECKING:
    import boto3

# Throttling, 5xx and broken connections: botocore tries again with growing waits, half a minute in all.
_ATTEMPTS = 6


def open_session(region: str | None = None) -> boto3.Session:
    """Return a session for a region, else for that of AWS_REGION, which all other SDKs know and boto3 does not."""
    import boto3

    return boto3.Session(region_name=region or os.environ.get("AWS_REGION") or None)


def open_client(
    service: str,
    *,
    region: str | None = None,
    endpoint_url: str | None = None,
    attempts: int = _ATTEMPTS,
    **options: Any,
) -> Any:
    """Return a client of a service that tries each call `attempts` times; `options` are those of botocore's Config.

    Raises botocore's errors where there is no region or no such profile, see `translate_errors`.
    """
    from botocore.config import Config

    usual = {"connect_timeout": 5, "read_timeout": 30}
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, **{**usual, **options})
    session: Any = open_session(region)
    return session.client(service, endpoint_url=endpoint_url, config=config)


def read_secret(secret_id: str) -> str:
    """Return the text of a secret in AWS Secrets Manager, by its name or ARN; raises SoundlakeError, without it."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return str(open_client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"])
    except (BotoCoreError, ClientError, KeyError) as error:
        raise SoundlakeError(f"cannot read the secret {secret_id}: {error}") from None


@contextmanager
def translate_errors(place: str) -> Iterator[None]:
    """Turn what AWS refuses into a SoundlakeError that names the place and what to do."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, ProfileNotFound

    try:
        yield
    except (NoCredentialsError, NoRegionError, ProfileNotFound) as error:
        text = str(error).rstrip(".")
        raise SoundlakeError(f"{place}: {text}: set AWS_PROFILE, or AWS_REGION and credentials") from None
    except (BotoCoreError, ClientError) as error:
        raise SoundlakeError(f"{place}: {error}") from None


def error_code(error: Exception) -> str:
    """The code of a ClientError, such as 404 or EntityNotFoundException; empty for other errors."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
