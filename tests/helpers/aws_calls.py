"""Calls of AWS, intercepted in botocore: the permission that each needs, and the roles that have to have it."""

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
# Packages that people run, with their own permissions.
_OF_PEOPLE = (
    "soundlake.launch",
    "soundlake.dashboard",
    "soundlake.archive",
    "soundlake.catalog.athena",
    "soundlake.catalog.named_queries",
)
# Only called where no stack has made the database.
_WITHOUT_STACK = {"glue:CreateDatabase"}
_BETWEEN = ("botocore.", "boto3.", "s3transfer.", "helpers.aws_calls.")
_OF_EXTRACTION = ("soundlake.extract", "soundlake.publishers")


@contextmanager
def intercepted_by(see: Callable[[str, str, dict[str, Any], Send], Any]) -> Iterator[None]:
    """Hand each call to `see`, which gets the service, the operation, the parameters, and a function that sends it."""
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
    """Refuse the calls that jobs make without a permission in the stack; yields the list of those refused so far.

    A refused call raises what a failed test raises. In a thread that fails no test, so the caller checks the list.
    """
    refused: list[str] = []

    def see(service: str, operation: str, asked: dict[str, Any], send: Send) -> Any:
        roles, action = _roles_of_caller(), permission(service, operation)
        if roles and action not in _WITHOUT_STACK and not any(action in granted(role) for role in roles):
            refused.append(f"{action} is called, and the stack does not allow it to {' or '.join(roles)}")
            pytest.fail(refused[-1])
        return send()

    with intercepted_by(see):
        yield refused


def _roles_of_caller() -> tuple[str, ...]:
    """The roles that the calling code runs with; none for tests, and for what people run."""
    frame, modules = sys._getframe(), list[str]()
    while frame.f_back is not None:
        frame = frame.f_back
        modules.append(f"{frame.f_globals.get('__name__')}.")
    # The code may call back into the test, which calls AWS for itself, such as to change a table in the meantime.
    caller = next((module for module in modules if not module.startswith(_BETWEEN)), "")
    rooms = {module for module in modules if module.startswith("soundlake.") and caller.startswith("soundlake.")}
    if any(room.startswith(tuple(f"{name}." for name in _OF_PEOPLE)) for room in rooms):
        return ()
    if any(room.startswith(tuple(f"{name}." for name in _OF_EXTRACTION)) for room in rooms):
        return ("ExtractRole",)
    return ("StreamRole", "BatchRole") if rooms else ()
