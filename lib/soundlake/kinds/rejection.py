"""Rejections: the reasons why a record is not taken, each a short code and a detail for people.

They are worded where a record is read: its bytes in `core.reading`, its envelope in `core.decode`, its payload in the
kind's own module. The wording for fields that identify a record, which all kinds share, is here.
"""

from __future__ import annotations

from collections.abc import Callable

from soundlake.kinds.values import Json, identifier


class RejectedError(Exception):
    """A record is rejected: the reason (a short code), the detail for people, and the record's kind if it names one."""

    def __init__(self, reason: str, detail: str, kind: str | None = None) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail, self.kind = reason, detail, kind


def identity(
    payload: Json, name: str, check: Callable[[object], str | None] = identifier, within: str = ""
) -> str | None:
    """The text of a field that identifies a record; None where it is absent or blank.

    Raises RejectedError, wrong_type, where it is no text. `within` names the object that the field stands in.
    """
    value = payload.get(name)
    if value is not None and type(value) is not str:
        raise RejectedError("wrong_type", f"{_field(name, within)} is no string")
    return check(value)


def required(
    payload: Json, name: str, missing: str, check: Callable[[object], str | None] = identifier, within: str = ""
) -> str:
    """The same for a required field. Raises RejectedError: wrong_type, or `missing` where it is absent."""
    found = identity(payload, name, check, within)
    if found is None:
        raise RejectedError(missing, f"{_field(name, within)} is missing")
    return found


def _field(name: str, within: str) -> str:
    return f"{within}.{name}" if within else name
