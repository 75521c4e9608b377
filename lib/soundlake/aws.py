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
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
CREDENTIALS_REMEDY = "set AWS_PROFILE, or AWS_REGION and credentials"


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
    """Return the text of a secret in AWS Secrets Manager, by its name or ARN; raises SoundlakeError without it."""
    with translate_errors(f"cannot read the secret {secret_id}", "secretsmanager:GetSecretValue"):
        found = open_client("secretsmanager").get_secret_value(SecretId=secret_id)
    if "SecretString" not in found:
        raise SoundlakeError(f"cannot read the secret {secret_id}: it is binary, store it as text")
    return str(found["SecretString"])


@contextmanager
def translate_errors(what: str, permission: str = "") -> Iterator[None]:
    """Raise SoundlakeError for an error of AWS, with one line that says what failed, why, and what to do.

    `what` names the resource or the action; `permission`, the IAM permission that the call needs.
    """
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise SoundlakeError(f"{what}: {_explained(error, permission)}") from None


def _explained(error: Exception, permission: str) -> str:
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import ClientError

    if isinstance(error, S3UploadFailedError) and isinstance(error.__context__, ClientError):
        error = error.__context__  # boto3 raises it in place of the service's own error
    if not isinstance(error, ClientError):
        text = _one_line(error)
        return f"{text.rstrip('.')}: {CREDENTIALS_REMEDY}" if needs_credentials(error) else text
    code = error_code(error)
    message = _one_line(error.response.get("Error", {}).get("Message", "")) or code
    if permission and code in _DENIED:
        return f"AWS refused it, {permission} is not allowed: {message}"
    return f"{message} ({error.operation_name}: {code})"


def needs_credentials(error: Exception) -> bool:
    """Whether boto3 found no usable credentials, profile or region."""
    from botocore.exceptions import (
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
        ProfileNotFound,
        TokenRetrievalError,
    )

    missing = (NoCredentialsError, NoRegionError, PartialCredentialsError, ProfileNotFound, TokenRetrievalError)
    return isinstance(error, missing)


def error_code(error: Exception) -> str:
    """The code of a ClientError, such as 404 or EntityNotFoundException; empty for other errors."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
