"""The result of a query, from any engine."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class QueryResult:
    """The rows; whether there are more than were asked for; and a line on what it took.

    `missing` names tables of the query that are not there and count as empty; where the answer has no rows, also those
    behind the marts that it reads.
    """

    rows: pa.Table
    has_more: bool
    took: str
    missing: tuple[str, ...] = ()


def in_utc(rows: pa.Table) -> pa.Table:
    """Return timestamps with a zone in UTC, and hugeints that fit as bigint."""
    return pa.Table.from_arrays([_plain(column) for column in rows.columns], names=rows.column_names)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    type_ = column.type
    if pa.types.is_timestamp(type_) and type_.tz is not None:
        return column.cast(pa.timestamp(type_.unit, tz="UTC"))
    if pa.types.is_decimal(type_) and (type_.precision, type_.scale) == (38, 0) and _fits(column):
        return column.cast(pa.int64())
    return column


def _fits(column: pa.ChunkedArray) -> bool:
    return all(value is None or abs(value) < 2**63 for value in column.to_pylist())
