"""The calls of AWS that code makes, as botocore makes them: which permission each needs, and which role has it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient

from helpers.role_policies import granted

Send = Callable[[], Any]
# Operations of S3 whose permission has another name.
_S3 = {
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "DeleteObjects": "DeleteObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
}
# Rooms whose calls a person makes, with permissions of his own.
_OF_PEOPLE = (
    "soundlake.launch",
    "soundlake.dashboard",
    "soundlake.archive",
    "soundlake.catalog.athena",
    "soundlake.catalog.named_queries",
)
# What a job calls only where there is no stack, which makes the database.
_WITHOUT_STACK = {"glue:CreateDatabase"}
_BETWEEN = ("botocore.", "boto3.", "s3transfer.", "helpers.aws_calls.")
_OF_EXTRACTION = ("soundlake.extract", "soundlake.publishers")


@contextmanager
def seen_by(see: Callable[[str, str, dict[str, Any], Send], Any]) -> Iterator[None]:
    """Let `see` get each call in place of AWS: the service, the operation, what is asked, and what sends it."""
    real = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(self: Any, operation: str, asked: dict[str, Any]) -> Any:
        return see(self.meta.service_model.signing_name, operation, asked, lambda: real(self, operation, asked))

    with patch.object(BaseClient, "_make_api_call", call):
        yield


def permission(service: str, operation: str) -> str:
    """The IAM action that a call needs."""
    return f"{service}:{_S3.get(operation, operation) if service == 's3' else operation}"


@contextmanager
def none_without_permission() -> Iterator[list[str]]:
    """Refuse each call of a job that the stack does not allow the job's role; yields what was refused so far.

    The call ends as a failed test does. In a thread that fails no test, so what was refused is listed too.
    """
    refused: list[str] = []

    def see(service: str, operation: str, asked: dict[str, Any], send: Send) -> Any:
        roles, action = _roles_of_caller(), permission(service, operation)
        if roles and action not in _WITHOUT_STACK and not any(action in granted(role) for role in roles):
            refused.append(f"{action} is called, and the stack does not allow it to {' or '.join(roles)}")
            pytest.fail(refused[-1])
        return send()

    with seen_by(see):
        yield refused


def _roles_of_caller() -> tuple[str, ...]:
    """The roles that run the code which makes a call; none for tests, and for what people run."""
    frame, modules = sys._getframe(), list[str]()
    while frame.f_back is not None:
        frame = frame.f_back
        modules.append(f"{frame.f_globals.get('__name__')}.")
    # A test may have code call something of its own, such as one that changes a table meanwhile.
    caller = next((module for module in modules if not module.startswith(_BETWEEN)), "")
    rooms = {module for module in modules if module.startswith("soundlake.") and caller.startswith("soundlake.")}
    if any(room.startswith(tuple(f"{name}." for name in _OF_PEOPLE)) for room in rooms):
        return ()
    if any(room.startswith(tuple(f"{name}." for name in _OF_EXTRACTION)) for room in rooms):
        return ("ExtractRole",)
    return ("StreamRole", "BatchRole") if rooms else ()
