"""What AWS refuses, in one line that a person can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, ProfileNotFound

from soundlake.aws import error_code
from soundlake.errors import SoundlakeError

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}


@contextmanager
def asked(what: str, permission: str) -> Iterator[None]:
    """Do one call; raises SoundlakeError that says what was asked, why AWS refused, and which permission it takes."""
    try:
        yield
    except (NoCredentialsError, NoRegionError, ProfileNotFound) as error:
        text = str(error).rstrip(".")
        raise SoundlakeError(f"{what}: {text}: set AWS_PROFILE, or AWS_REGION and credentials") from None
    except ClientError as error:
        message = _one_line(str(error.response.get("Error", {}).get("Message", "")) or error_code(error))
        if error_code(error) in _DENIED:
            raise SoundlakeError(f"{what}: AWS refused it, {permission} is not allowed: {message}") from None
        raise SoundlakeError(f"{what}: {message} ({error_code(error)})") from None
    except BotoCoreError as error:
        raise SoundlakeError(f"{what}: {_one_line(str(error))}") from None


def _one_line(text: str) -> str:
    return " ".join(text.split())
