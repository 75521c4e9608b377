"""Decoding: from bronze rows to typed rows of each kind, or reasons to reject."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from soundlake.core.reading import has_personal_fields, object_within, read_object
from soundlake.core.schema import arrow_schema, arrow_type
from soundlake.core.schema_drift import FirstSeen, UnknownFields
from soundlake.kinds import KINDS
from soundlake.kinds.kind import Envelope, Kind
from soundlake.kinds.rejection import RejectedError
from soundlake.kinds.values import Json, text
from soundlake.tables import ORIGIN, REJECTED
from soundlake.times import DAY_MICROS, any_instant, within_years

UNKNOWN = "unknown"  # the kind under which records of no known kind are counted
ORIGIN_NAMES = tuple(column.name for column in ORIGIN)
# The columns of bronze/events that are decoded.
READ = ("kind", "key", "value", *ORIGIN_NAMES, "arrived_at", "ingested_at", "record_bytes")
# The metadata of a record; `key` is 16 bytes, `fields` a bit set (see Kind.bits).
MARKS = pa.schema(
    [
        ("id", pa.string()),
        ("key", pa.binary()),
        ("on_date", pa.date32()),
        ("weight", pa.int32()),
        ("fetched_at", arrow_type("timestamp")),
        ("sha", pa.binary()),
        ("fields", pa.int64()),
        ("values_hash", pa.int64()),
        *[(name, pa.string()) for name in ORIGIN_NAMES],
    ]
)
_OF_ENVELOPE = ("source", "market", "fetched_at")  # not part of the payload's digest
_KEY_SEPARATOR, _NULL = "\x1f", "\0"
_INT64 = np.dtype("<i8")


@dataclass(frozen=True)
class Records:
    """The good records of one kind: their metadata (MARKS), and their values by column of the kind's table.

    `rows` has no fetched_at, unless the kind itself gives it; `marks` has it.
    """

    kind: Kind
    marks: pa.Table
    rows: pa.Table


@dataclass(frozen=True)
class Decoded:
    """A part of a batch: good records by kind, rows of silver/rejected (without rejected_at), and unknown fields.

    `read` counts all records, `rejections` the rejected ones, both by kind.
    """

    records: tuple[Records, ...]
    rejected: pa.Table
    rejections: Mapping[str, int]
    unknown_fields: Mapping[tuple[str, str], FirstSeen]


REJECTED_SCHEMA = arrow_schema(REJECTED, leave_out=("rejected_at",))


def key_of(entity: str, id_: str) -> bytes:
    """The key of a thing: a 16-byte digest of its kind and id, wide enough that none collide."""
    return hashlib.blake2b(f"{entity}{_NULL}{id_}".encode(), digest_size=16).digest()


def decode(
    events: pa.Table, kinds: Mapping[str, Kind] = KINDS, reported: Set[tuple[str, str]] = frozenset()
) -> Decoded:
    """Decode bronze rows (the columns READ, of which ingested_at and record_bytes may be missing).

    Of unknown fields, by kind and name, those that were `reported` before are left out.
    """
    arrived = _micros(events, "arrived_at")
    ingested = _micros(events, "ingested_at") if "ingested_at" in events.column_names else arrived
    # A producer's clock may be years ahead. A record cannot have come after it was ingested.
    arrived = [
        latest if arrival > latest + DAY_MICROS else arrival for arrival, latest in zip(arrived, ingested, strict=True)
    ]
    sizes = events["record_bytes"].to_pylist() if "record_bytes" in events.column_names else [None] * len(events)
    found = {name: _Found(kind) for name, kind in kinds.items()}
    rejections: list[_Rejection] = []
    drift = UnknownFields(kinds)
    rows = zip(events["value"].to_pylist(), events["kind"].to_pylist(), arrived, ingested, sizes, strict=True)
    for place, (value, topic, arrival, latest, size) in enumerate(rows):
        kind_name = topic
        try:
            record = read_object(value, size)
            inner = record.get("payload")
            is_envelope = type(inner) is dict
            if is_envelope and record.get("kind") is not None:
                kind_name = _shown(record["kind"])
            elif object_within(inner) is not None:
                kind_name = text(record.get("kind")) or topic
                raise RejectedError("double_encoded", "payload is a text that holds an object: it was encoded twice")
            kind = kinds.get(kind_name or "")
            if kind is None:
                raise RejectedError(
                    "unknown_kind", f"kind is {str(kind_name or 'none')[:40]}; known are {', '.join(kinds)}"
                )
            payload: Json = inner if type(inner) is dict else record
            drift.inspect(kind, payload, place)
            envelope = _envelope(record if is_envelope else {}, arrival, latest)
            found[kind.name].add(place, payload, envelope)
        except RejectedError as error:
            rejections.append(_Rejection(place, error.kind or kind_name, error.reason, error.detail))
    return Decoded(
        tuple(each.records(events) for each in found.values() if each.places),
        _rejected_rows(events, rejections),
        Counter(
            rejection.kind if rejection.kind is not None and rejection.kind in kinds else UNKNOWN
            for rejection in rejections
        ),
        drift.first_seen(events, arrived, reported),
    )


class _Rejection(NamedTuple):
    place: int
    kind: str | None
    reason: str
    detail: str


def _micros(events: pa.Table, column: str) -> list[int]:
    times: list[int] = events[column].cast(arrow_type("timestamp")).cast(pa.int64()).to_pylist()
    return times


def _shown(kind: object) -> str:
    if type(kind) is str:
        return kind
    try:
        return orjson.dumps(kind).decode()
    except TypeError:  # nested deeper than orjson writes, though it reads that
        return f"a {type(kind).__name__} nested too deeply"


def _envelope(record: Json, arrival: int, latest: int) -> Envelope:
    given = record.get("fetched_at")
    fetched_at = _instant(given) if type(given) is str else None
    if fetched_at is not None:
        if fetched_at > max(arrival, latest) + DAY_MICROS:
            raise RejectedError("fetched_in_future", "fetched_at lies more than a day after arrival and ingestion")
        fetched_at = within_years(fetched_at)
    return Envelope(
        arrival if fetched_at is None else fetched_at,
        fetched_at is not None,
        text(record.get("source")),
        text(record.get("market")),
        arrival,
    )


# All records of a crawl or a poll have the same fetched_at.
_instant = lru_cache(maxsize=1_024)(any_instant)


class _Found:
    """Collects the good records of a kind, value by value."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._changes_always = "fetched_at" in kind.stable
        self.places: list[int] = []
        self._rows: list[tuple[Any, ...]] = []
        self._names: tuple[str, ...] = ()
        self._fetched: list[int] = []
        self._weights: list[int] = []
        self._shas: list[bytes] = []
        self._hashes: list[int | None] = []

    def add(self, place: int, payload: Json, envelope: Envelope) -> None:
        kind = self.kind
        row = kind.read(payload, envelope)
        values = list(row.values())
        if not self._names:
            self._names = tuple(row)
            self._of_payload = [i for i, name in enumerate(row) if name not in _OF_ENVELOPE]
            self._stable = [i for i, name in enumerate(row) if name in kind.stable]
        self._shas.append(
            _sha(values if len(self._of_payload) == len(values) else [values[i] for i in self._of_payload], envelope)
        )
        self._hashes.append(self._hash(values, envelope.source))
        self._rows.append((*values, envelope.source))  # the garbage collector skips tuples of plain values
        self._fetched.append(envelope.fetched_at)
        self._weights.append(kind.weight(payload) if kind.weight else 0)
        self.places.append(place)

    def _hash(self, values: list[Any], source: str | None) -> int | None:
        """A hash of the stable values; None where fetched_at is one of them, so that every fetch changes something."""
        if self._changes_always:
            return None
        # Without volatile columns the digest of payload and source covers everything.
        text = orjson.dumps([[values[i] for i in self._stable], source]) if self.kind.volatile else self._shas[-1]
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little", signed=True)

    def records(self, events: pa.Table) -> Records:
        columns = dict(zip((*self._names, "source"), zip(*self._rows, strict=True), strict=True))
        schema = arrow_schema(self.kind.table)
        rows = pa.table(
            {name: pa.array(columns[name], schema.field(name).type) for name in schema.names if name in columns}
        )
        ids = columns[self.kind.key[0]] if len(self.kind.key) == 1 else _joined_keys(self.kind, rows)
        entity = self.kind.name
        marks = {
            "id": ids,
            "key": [key_of(entity, id_) for id_ in ids],
            "on_date": columns[self.kind.pruning_column] if self.kind.pruning_column else [None] * len(ids),
            "weight": self._weights,
            "fetched_at": self._fetched,
            "sha": self._shas,
            "fields": fields_of(self.kind, rows),
            "values_hash": self._hashes,
        }
        origin = events.select(ORIGIN_NAMES).take(pa.array(self.places, pa.int64()))
        own = [pa.array(marks[field.name], field.type) for field in MARKS if field.name in marks]
        return Records(self.kind, pa.Table.from_arrays([*own, *origin.columns], schema=MARKS), rows)


def _sha(values: list[Any], envelope: Envelope) -> bytes:
    """The digest of the decoded payload, followed by source and market.

    Records of equal rank must have equal values: otherwise the order of arrival would decide between them.
    """
    around = f"{envelope.source or ''}{envelope.market or ''}".encode()
    return hashlib.sha256(orjson.dumps(values)).digest() + around


def _joined_keys(kind: Kind, rows: pa.Table) -> list[str]:
    """The key of each row, of several columns, as one text."""
    parts = [rows[name].cast(pa.string()).to_pylist() for name in kind.key]
    return [_KEY_SEPARATOR.join(_NULL if part is None else part for part in each) for each in zip(*parts, strict=True)]


def fields_of(kind: Kind, rows: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    """For each row the bits that it fills: bit 0, and of each group the bits of its grade and of lower ones."""
    fields = np.ones(len(rows), _INT64)
    for group, bits in zip(kind.groups, kind.bits, strict=True):
        filled = np.zeros(len(rows), bool)
        for column in group.columns:
            if column in rows.column_names:
                filled |= _is_valid(rows[column])
        fields[filled] |= bits[0]
        if group.graded_by is not None:
            better = filled
            values = rows[group.graded_by]
            for place, bit in enumerate(bits[1:], start=1):
                better = better & (_is_among(values, group.grades[place:]) if group.grades else _is_valid(values))
                fields[better] |= bit
    return fields


def _is_valid(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return column.is_valid().to_numpy()  # type: ignore[no-any-return]


def _is_among(column: pa.ChunkedArray, values: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    import pyarrow.compute as pc

    return pc.is_in(column, pa.array(values, column.type)).to_numpy()  # type: ignore[no-any-return]


def _rejected_rows(events: pa.Table, rejections: Iterable[_Rejection]) -> pa.Table:
    """Rows of silver/rejected; the value is left out where it names a personal field."""
    rejections = list(rejections)
    taken = events.select(["key", "value", *ORIGIN_NAMES, "arrived_at"]).take(
        pa.array([one.place for one in rejections], pa.int64())
    )
    values = [None if has_personal_fields(value) else value for value in taken["value"].to_pylist()]
    columns = {
        "kind": [rejection.kind for rejection in rejections],
        "reason": [rejection.reason for rejection in rejections],
        "detail": [rejection.detail for rejection in rejections],
        "value": values,
    }
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else taken[field.name].cast(field.type)
        for field in REJECTED_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=REJECTED_SCHEMA)
