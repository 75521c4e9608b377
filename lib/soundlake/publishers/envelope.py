"""The envelope of a record, encoded as compact JSON with its kind first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from soundlake.errors import SoundlakeError

Record = Mapping[str, Any]


def envelope(kind: str, payload: Mapping[str, Any], *, fetched_at: str, source: str, market: str | None) -> Record:
    """Return a payload in its envelope, with the keys in the order in which they are written."""
    return {"kind": kind, "fetched_at": fetched_at, "source": source, "market": market, "payload": payload}


def encode(kind: str, record: Record) -> bytes:
    """Return a record as compact UTF-8 JSON on one line, `kind` first.

    Raises SoundlakeError for values that JSON cannot express.
    """
    ordered = record if next(iter(record), None) == "kind" else {"kind": kind, **record}
    try:
        text = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SoundlakeError(f"a record of kind {kind} cannot be written as JSON: {error}") from None
    try:
        return text.encode()
    except UnicodeEncodeError:  # a lone surrogate: only its escaped form is UTF-8
        return json.dumps(ordered, separators=(",", ":")).encode()


def iso_utc(moment: datetime | None = None) -> str:
    """Return a time, by default now, in the form of `fetched_at`."""
    return (moment or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
