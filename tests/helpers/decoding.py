"""The way of records through the core's decoding, for tests that need no Spark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from helpers.building import Records, bronze_rows
from soundlake.core.decode import READ, Decoded, decode
from soundlake.core.schema import arrow_type
from soundlake.kinds.kind import Kind

_TYPES = {
    "value": pa.binary(),
    "arrived_at": arrow_type("timestamp"),
    "ingested_at": arrow_type("timestamp"),
    "record_bytes": pa.int64(),
}
_EVENTS = pa.schema([(name, _TYPES.get(name, pa.string())) for name in READ])


def events_table(topic: str | None, records: Records) -> pa.Table:
    """Bronze rows of a topic of one kind (None: of several); the name of each record is its position."""
    return pa.Table.from_pylist(bronze_rows(topic, records), schema=_EVENTS)


@dataclass(frozen=True)
class Read:
    """What became of some records when they were decoded, by name: values and marks of the good ones, or a rejection.

    `kinds` are those of the good ones.
    """

    rows: Mapping[str, dict[str, Any]]
    marks: Mapping[str, dict[str, Any]]
    rejected: Mapping[str, dict[str, Any]]
    kinds: Mapping[str, str]

    def reason(self, name: str) -> str | None:
        """Why a record was rejected; None where it was not."""
        if name in self.rows:
            return None
        reason: str = self.rejected[name]["reason"]
        return reason

    def kind(self, name: str) -> str | None:
        """The kind of a record, good or rejected."""
        return self.kinds[name] if name in self.kinds else self.rejected[name]["kind"]

    def row(self, name: str) -> dict[str, Any]:
        """The values of a record that was not rejected."""
        assert self.reason(name) is None, self.rejected[name]["detail"]
        return self.rows[name]

    def values(self, name: str, *columns: str) -> tuple[Any, ...]:
        row = self.row(name)
        return tuple(row[column] for column in columns)


def outcomes(decoded: Decoded) -> Read:
    """What was decoded, by the position of each record."""
    rows: dict[str, dict[str, Any]] = {}
    marks: dict[str, dict[str, Any]] = {}
    kinds: dict[str, str] = {}
    for records in decoded.records:
        for mark, row in zip(records.marks.to_pylist(), records.rows.to_pylist(), strict=True):
            marks[mark["position"]], rows[mark["position"]] = mark, row
            kinds[mark["position"]] = records.kind.name
    return Read(rows, marks, {row["position"]: row for row in decoded.rejected.to_pylist()}, kinds)


def read_topic(topic: str | None, records: Records) -> Read:
    """Decode records of a topic of one kind (None: of several)."""
    return outcomes(decode(events_table(topic, records)))


def read(kind: Kind, records: Records) -> Read:
    """Decode records of the topic of a kind."""
    return outcomes(decode(events_table(kind.name, records), {kind.name: kind}))
