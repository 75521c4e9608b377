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
    columns = []
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        type_ = column.type
        if pa.types.is_timestamp(type_) and type_.tz is not None:
            column = column.cast(pa.timestamp(type_.unit, tz="UTC"))
        elif pa.types.is_decimal(type_) and (type_.precision, type_.scale) == (38, 0) and _fits(column):
            column = column.cast(pa.int64())
        columns.append((name, column))
    return pa.Table.from_arrays([column for _, column in columns], names=[name for name, _ in columns])


def _fits(column: pa.ChunkedArray) -> bool:
    return all(value is None or abs(value) < 2**63 for value in column.to_pylist())
