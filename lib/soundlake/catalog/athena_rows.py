"""Athena's rows, which are texts, as typed columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

_TYPES: dict[str, tuple[pa.DataType, Callable[[str], Any]]] = {
    "boolean": (pa.bool_(), lambda text: text == "true"),
    "tinyint": (pa.int8(), int),
    "smallint": (pa.int16(), int),
    "integer": (pa.int32(), int),
    "bigint": (pa.int64(), int),
    "float": (pa.float32(), float),
    "real": (pa.float32(), float),
    "double": (pa.float64(), float),
    "date": (pa.date32(), date.fromisoformat),
    "timestamp": (pa.timestamp("us"), datetime.fromisoformat),
    "timestamp with time zone": (pa.timestamp("us", tz="UTC"), lambda text: _moment(text)),  # noqa: PLW0108 - it stands below
    "varbinary": (pa.binary(), bytes.fromhex),
}


def as_table(columns: Sequence[Any], rows: Sequence[Sequence[str | None]]) -> pa.Table:
    """Return rows as a table: `columns` are Athena's ColumnInfo.

    Arrays, maps and rows stay text as Athena writes them, as they cannot be parsed unambiguously.
    """
    arrays = [_array(column, [row[index] for row in rows]) for index, column in enumerate(columns)]
    return pa.Table.from_arrays(arrays, names=[column["Name"] for column in columns])


def _array(column: Any, texts: list[str | None]) -> pa.Array:
    if column["Type"] == "decimal":
        type_: pa.DataType = pa.decimal128(column["Precision"], column["Scale"])
        convert: Callable[[str], Any] = Decimal
    else:
        type_, convert = _TYPES.get(column["Type"], (pa.string(), str))
    return pa.array([None if text is None else convert(text) for text in texts], type_)


def _moment(text: str) -> datetime:
    """Read `2026-11-21 08:00:00.000 UTC`; the zone may also be `Asia/Tokyo` or `+09:00`."""
    moment, _, zone = text.rpartition(" ")
    if zone[:1] in ("+", "-"):
        hours, minutes = zone[1:].split(":")
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return datetime.fromisoformat(moment).replace(tzinfo=timezone(-offset if zone[0] == "-" else offset))
    return datetime.fromisoformat(moment).replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone))
