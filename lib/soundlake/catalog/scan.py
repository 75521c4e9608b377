"""DuckDB views over the Parquet files of tables on a local disk: a query reads only the columns and rows it needs.

Reading ten million rows into an Arrow table first took ten times the processor time, and the memory for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from soundlake.catalog.delta import Having, local_folder
from soundlake.catalog.sql_text import literal, quoted
from soundlake.core.schema import arrow_schema
from soundlake.settings.checks import local_path
from soundlake.tables import Table

_COLUMN_MAPPING = 2  # the reader version of Delta's protocol that allows renamed columns
_WILDCARD = re.compile(r"([*?\[])")  # in a path for DuckDB; within brackets they stand for themselves


def local_files(opened: DeltaTable) -> list[str]:
    """Return the paths of a table's Parquet files, or none where these are not enough to read the table.

    They are not on S3, and not with deletion vectors, renamed columns, or partitions that are no days in folders.
    """
    protocol = opened.protocol()
    features = set(protocol.reader_features or ()) - {"timestampNtz"}
    is_plain = not features and protocol.min_reader_version != _COLUMN_MAPPING
    if urlsplit(opened.table_uri).scheme != "file" or not is_plain:
        return []
    folder = local_folder(opened).rstrip("/")
    files = pa.table(opened.get_add_actions(flatten=True))
    paths = [unquote(path) for path in files["path"].to_pylist()]
    for column in opened.metadata().partition_columns:
        days = files[f"partition.{column}"]
        if not pa.types.is_date(days.type):
            return []
        # A writer may give its folders any name: the log alone says what stands in them.
        if not all(f"{column}={day}/" in path for path, day in zip(paths, days.to_pylist(), strict=True)):
            return []
    return [f"{folder}/{path}" for path in paths]


def create_view(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    opened: DeltaTable,
    files: Sequence[str],
    columns: Container[str] | None = None,
    having: Iterable[Having] = (),
) -> None:
    """Create the view of a table over its files; a column that none of them has is null.

    `columns` and `having` limit it to some columns, and to the rows with some values. Such rows are few: they are
    read here, once for all queries. Raises duckdb.Error where a file cannot be read.
    """
    listed = ", ".join(literal(_escaped(file)) for file in files)
    days = ", ".join(f"{quoted(column)}: DATE" for column in opened.metadata().partition_columns)
    of_folders = f"hive_types = {{{days}}}, hive_partitioning = true" if days else "hive_partitioning = false"
    rows = f"(SELECT * FROM read_parquet([{listed}], union_by_name = true, {of_folders})"
    there = {name for name, *_ in connection.execute(f"DESCRIBE {rows})").fetchall()}
    logged = pa.schema(opened.schema().to_arrow())
    fields = [*logged, *(field for field in arrow_schema(table) if field.name not in logged.names)]
    absent = [field for field in fields if field.name not in there]
    if absent:
        connection.register(f"absent_from_{table.view}", pa.schema(absent).empty_table())
        rows += f" UNION ALL BY NAME SELECT * FROM absent_from_{table.view}"
    shown = ", ".join(quoted(field.name) for field in fields if columns is None or field.name in columns)
    wanted = [f"{quoted(name)} IN ({_one_or_more(values)})" for name, values in having]
    kind, chosen = ("TABLE", f" WHERE {' AND '.join(wanted)}") if wanted else ("VIEW", "")
    connection.execute(f"CREATE TEMP {kind} {table.view} AS SELECT {shown} FROM {rows}){chosen}")


def confine(connection: duckdb.DuckDBPyConnection, lake: str) -> None:
    """Limit a DuckDB to the files of a lake on a local disk, or to none for another lake; this cannot be undone.

    It may still write to these files, so queries are examined first, see `local.check_reads_only`.
    """
    folder = local_path(lake)
    folders = [] if folder is None else [folder.absolute(), folder.resolve(), *_linked(folder)]
    allowed = {name for folder in folders for name in (str(folder), _escaped(str(folder)))}
    connection.execute(f"SET allowed_directories = [{', '.join(map(literal, sorted(allowed)))}]")
    connection.execute("SET enable_external_access = false")


def _linked(lake: Path) -> list[Path]:
    """The folders elsewhere to which layers and tables of a lake are symbolic links."""
    return [one.resolve() for one in (*lake.glob("*"), *lake.glob("*/*")) if one.is_symlink()]


def _escaped(file: str) -> str:
    return _WILDCARD.sub(r"[\1]", file)


def _one_or_more(values: str | Sequence[str]) -> str:
    return ", ".join(map(literal, (values,) if isinstance(values, str) else values))
