"""The handler of an AWS Lambda function that extracts on a schedule, or on demand.

The event holds the command: {"command": "playlists", "ids": [...], "with": "tracks", "to": "kinesis"}. Settings come
from the environment (SOUNDLAKE_SECTION__KEY), credentials from extract.secret_id; the state is below an s3:// prefix. A
crawl that takes longer than one invocation stops in time and resumes in the next.

Whoever may invoke the function chooses what is read and how fast. Where credentials and records go is the operator's
choice alone: an event may set only `SETTABLE`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import environ
from typing import Any, Protocol

from soundlake.errors import SoundlakeError, UsageError
from soundlake.extract.request import WITH_BY_DEFAULT, request_for
from soundlake.extract.run import run_crawl
from soundlake.logs import set_up
from soundlake.settings import load_settings

# Left for the last checkpoint after the crawl has stopped.
_MARGIN_SECONDS = 30.0

# The settings that an event may set: what a crawl reads and how fast. No addresses, no files, no names of secrets.
SETTABLE = (
    "extract.attempts",
    "extract.cache_hours",
    "extract.checkpoint_seconds",
    "extract.features",
    "extract.market",
    "extract.max_requests",
    "extract.max_wait",
    "extract.playlists",
    "extract.timeout",
)
_FIELDS = ("command", "ids", "with", "type", "limit", "to", "user", "set")


class LambdaContext(Protocol):
    """The part of Lambda's context that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how much time is left."""


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one command and return its report.

    Raises UsageError for an invalid event, SoundlakeError where something failed, so that Lambda counts an error. A
    crawl that stopped at its time limit or because Spotify said so is no error.
    """
    command = event.get("command", "playlists")
    if command not in WITH_BY_DEFAULT:
        raise UsageError(f"command {command}: should be of {', '.join(WITH_BY_DEFAULT)}")
    settings = load_settings(None, _checked_sets(event), env=environ)
    set_up(settings.log.level)
    ids = event.get("ids") or (settings.extract.playlists if command == "playlists" else ())
    request = request_for(
        command, list(ids), event.get("with"), types=event.get("type", "track"), limit=event.get("limit", 50)
    )
    seconds = context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS
    report = run_crawl(
        settings, request, to=event.get("to"), out=None, user=event.get("user", "default"), seconds=seconds
    )
    if not report.is_well and report.stop is None:
        raise SoundlakeError("\n".join(report.lines()))
    return report.as_dict()


def _checked_sets(event: Mapping[str, Any]) -> Sequence[str]:
    """The settings of an event. Raises UsageError, with a line for each and without values, for what it may not say."""
    sets = event.get("set", ())
    if not isinstance(sets, list | tuple) or not all(isinstance(one, str) for one in sets):
        raise UsageError("event: set: should be a list of section.key=value")
    problems = [f"event: {name}: unknown; it takes {', '.join(_FIELDS)}" for name in event if name not in _FIELDS]
    keys = [key.strip() for key, separator, _ in (one.partition("=") for one in sets) if separator]
    only = f"an event may set only {', '.join(SETTABLE)}; the rest is said in the function's environment"
    problems += [f"event: set: {key}: {only}" for key in keys if key not in SETTABLE]
    if problems:
        raise UsageError(*problems)
    return sets
