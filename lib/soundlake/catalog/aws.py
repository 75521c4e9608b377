"""What all calls to Glue and Athena have in common: how often they are tried, and how their errors are told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, ProfileNotFound

from soundlake.errors import SoundlakeError

# Throttling, 5xx and broken connections: tried again by botocore with growing waits, half a minute in all.
CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 6}, connect_timeout=5, read_timeout=30)


def open_session() -> boto3.Session:
    """Return a session of the usual chain, which also knows AWS_REGION, as all other SDKs do; boto3 alone does not."""
    return boto3.Session(region_name=os.environ.get("AWS_REGION") or None)


@contextmanager
def told(place: str) -> Iterator[None]:
    """Turn what AWS refuses into a SoundlakeError that names the place and what to do."""
    try:
        yield
    except (NoCredentialsError, NoRegionError, ProfileNotFound) as error:
        text = str(error).rstrip(".")
        raise SoundlakeError(f"{place}: {text}: set AWS_PROFILE, or AWS_REGION and credentials") from None
    except (BotoCoreError, ClientError) as error:
        raise SoundlakeError(f"{place}: {error}") from None


def code_of(error: ClientError) -> str:
    """The code of an error, such as EntityNotFoundException."""
    return str(error.response.get("Error", {}).get("Code", ""))
