"""The handler of an AWS Lambda function that extracts by the clock, or on demand.

The event says what: {"command": "playlists", "ids": [...], "with": "tracks", "to": "kinesis"}; settings come from the
environment (SOUNDLAKE_SECTION__KEY), credentials from extract.secret_id, the state is below an s3:// prefix. A walk
that does not fit into one invocation stops in time and goes on in the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import environ
from typing import Any, Protocol

from soundlake.errors import SoundlakeError, UsageError
from soundlake.extract.request import WITH_BY_DEFAULT, request_for
from soundlake.extract.run import run_walk
from soundlake.settings import load_settings

# Left for making everything safe after the walk has stopped.
_MARGIN_SECONDS = 30.0


class LambdaContext(Protocol):
    """What Lambda says about the invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how much time is left."""


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one command; return its report.

    Raises UsageError for an event that says nothing sensible, and SoundlakeError, so that Lambda counts the invocation
    as an error, where something failed. A walk that stopped because its time was over or Spotify said so is no error.
    """
    command = event.get("command", "playlists")
    if command not in WITH_BY_DEFAULT:
        raise UsageError(f"command {command}: should be of {', '.join(WITH_BY_DEFAULT)}")
    settings = load_settings(None, event.get("set", ()), env=environ)
    ids = event.get("ids") or (settings.extract.playlists if command == "playlists" else ())
    request = request_for(
        command, list(ids), event.get("with"), types=event.get("type", "track"), limit=event.get("limit", 50)
    )
    seconds = context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS
    report = run_walk(
        settings, request, to=event.get("to"), out=event.get("out"), user=event.get("user", "default"), seconds=seconds
    )
    if not report.is_well and report.stop is None:
        raise SoundlakeError("\n".join(report.lines()))
    return report.as_dict()
