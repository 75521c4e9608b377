"""The Arrow types and schemas of declared tables."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from soundlake.tables import Table

_SIMPLE = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "float": pa.float32(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


@cache
def arrow_type(ddl: str) -> pa.DataType:
    """The Arrow type of a Spark DDL type; raises KeyError for one that no table uses."""
    if ddl.startswith("array<"):
        return pa.list_(arrow_type(ddl.removeprefix("array<").removesuffix(">")))
    if ddl.startswith("map<string,"):
        return pa.map_(pa.string(), arrow_type(ddl.removeprefix("map<string,").removesuffix(">")))
    if ddl.startswith("struct<"):
        fields = (field.split(":", 1) for field in ddl.removeprefix("struct<").removesuffix(">").split(","))
        return pa.struct([(name, arrow_type(type_)) for name, type_ in fields])
    return _SIMPLE[ddl]


@cache
def arrow_schema(table: Table, leave_out: tuple[str, ...] = ()) -> pa.Schema:
    """The Arrow schema of a table without the columns in `leave_out`."""
    return pa.schema([(c.name, arrow_type(c.type)) for c in table.columns if c.name not in leave_out])


def table_of(schema: pa.Schema, rows: list[dict[str, object]]) -> pa.Table:
    """Rows as a table of a schema; missing values are null. Times may be microseconds, dates days, since 1970."""
    return pa.table([pa.array([row.get(f.name) for row in rows], f.type) for f in schema], schema=schema)
