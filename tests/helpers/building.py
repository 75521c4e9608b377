"""Builders of records as they stand in bronze, for tests with Spark and without."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

ARRIVAL = datetime(2026, 3, 2, 12, tzinfo=UTC)
FETCHED_AT = "2026-03-01T08:00:00Z"

Record = dict[str, Any] | str | bytes | None


@dataclass(frozen=True)
class Arrived:
    """A record that arrived at another time than ARRIVAL, was ingested later than a minute after, or was cut off."""

    record: Record
    at: datetime = ARRIVAL
    ingested_at: datetime | None = None
    record_bytes: int | None = None


Records = Mapping[str, Record | Arrived]


def utc(text: str) -> datetime:
    """An ISO time as an aware datetime in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def stamp(hour: int = 0, day: int = 1) -> str:
    """A fetched_at in March 2026; later hours and days rank higher."""
    return f"2026-03-{day:02}T{hour:02}:00:00Z"


def envelope(
    kind: str,
    payload: object,
    fetched_at: object = FETCHED_AT,
    source: object = "spotify-api",
    market: object = None,
    **more: object,
) -> dict[str, Any]:
    return {"kind": kind, "fetched_at": fetched_at, "source": source, "market": market, "payload": payload} | more


def as_bytes(record: dict[str, Any] | str | bytes) -> bytes:
    if isinstance(record, dict):
        record = json.dumps(record, ensure_ascii=False)
    return record.encode() if isinstance(record, str) else record


def bronze_rows(topic: str | None, records: Records) -> list[dict[str, Any]]:
    """Bronze rows of a topic of one kind (None: of several); the name of each record is its position."""
    rows = []
    for name, given in records.items():
        arrived = given if isinstance(given, Arrived) else Arrived(given)
        ingested_at = arrived.ingested_at or arrived.at + timedelta(minutes=1)
        row = {
            "kind": topic,
            "key": "a key",
            "value": None if arrived.record is None else as_bytes(arrived.record),
            "source": "files",
            "stream": "a stream",
            "partition": "a file",
            "position": name,
            "arrived_at": arrived.at,
            "ingested_at": ingested_at,
            "ingest_date": ingested_at.date(),
            "record_bytes": arrived.record_bytes,
        }
        rows.append(row)
    return rows
