"""Lines from CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from soundlake.aws import error_code, translate_errors
from soundlake.launch.aws.account import Account


def lines_of(account: Account, group: str, streams: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (id, line) of all events in the named streams of a group; none where they do not exist yet."""
    pages = account.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group, **streams)
    with translate_errors(f"the log group {group}", "logs:FilterLogEvents"):
        try:
            for page in pages:
                for event in page["events"]:
                    yield event["eventId"], event["message"].rstrip("\n")
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
