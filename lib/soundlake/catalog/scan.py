"""Tables on a local disk as views that DuckDB reads the files for: what a query does not need is not read at all.

An Arrow table of the same ten million rows takes ten times the processor time, and holds all of them in memory.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from urllib.parse import unquote, urlsplit

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from soundlake.catalog.delta import Having
from soundlake.core.schema import arrow_schema
from soundlake.tables import Table

_RENAMING = 2  # the version of Delta's protocol that means column mapping
_GLOB = re.compile(r"([*?\[])")  # each of which DuckDB reads as itself within brackets


def local_files(opened: DeltaTable) -> list[str]:
    """The paths of a table's files; none where DuckDB cannot read the table by them.

    That is on S3, and where rows depend on more than the files: partitions, deletion vectors, renamed columns.
    """
    protocol, partitioned = opened.protocol(), opened.metadata().partition_columns
    has_features = protocol.min_reader_version == _RENAMING or set(protocol.reader_features or ()) - {"timestampNtz"}
    if urlsplit(opened.table_uri).scheme != "file" or partitioned or has_features:
        return []
    root = unquote(urlsplit(opened.table_uri).path).rstrip("/")
    return [f"{root}/{unquote(path)}" for path in pa.table(opened.get_add_actions())["path"].to_pylist()]


def create_view(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    opened: DeltaTable,
    files: Sequence[str],
    columns: Container[str] | None = None,
    having: Iterable[Having] = (),
) -> None:
    """Make a view of a table over its files; a column that was declared since they were written is null.

    It has all columns, or these, and the rows with these values. Raises duckdb.Error where a file cannot be read.
    """
    listed = ", ".join(_text(_escaped(file)) for file in files)
    rows = f"(SELECT * FROM read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    there = {name for name, *_ in connection.execute(f"DESCRIBE {rows})").fetchall()}
    logged = pa.schema(opened.schema().to_arrow())
    fields = [*logged, *(field for field in arrow_schema(table) if field.name not in logged.names)]
    absent = [field for field in fields if field.name not in there]
    if absent:
        connection.register(f"absent_from_{table.view}", pa.schema(absent).empty_table())
        rows += f" UNION ALL BY NAME SELECT * FROM absent_from_{table.view}"
    shown = ", ".join(_name(field.name) for field in fields if columns is None or field.name in columns)
    wanted = " AND ".join(f"{_name(name)} IN ({_one_or_more(values)})" for name, values in having) or "true"
    connection.execute(f"CREATE VIEW {table.view} AS SELECT {shown} FROM {rows}) WHERE {wanted}")


def confine(connection: duckdb.DuckDBPyConnection, files: Iterable[str]) -> None:
    """Let a connection read these files from now on, and no others."""
    allowed = {name for file in files for name in (file, _escaped(file))}
    connection.execute(f"SET allowed_paths = [{', '.join(map(_text, sorted(allowed)))}]")
    connection.execute("SET enable_external_access = false")


def _escaped(file: str) -> str:
    return _GLOB.sub(r"[\1]", file)


def _one_or_more(values: str | Sequence[str]) -> str:
    return ", ".join(map(_text, (values,) if isinstance(values, str) else values))


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
