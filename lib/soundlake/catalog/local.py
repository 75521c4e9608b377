"""Queries on a lake without a catalog: DuckDB over the tables that the query names."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

import duckdb
import orjson
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from soundlake.catalog.delta import Having, open_table, read_declared
from soundlake.catalog.glue import public_tables
from soundlake.catalog.local_engine import LocalEngine
from soundlake.catalog.missing import missing_behind, rows_in, unknown
from soundlake.catalog.query_result import QueryResult, in_utc
from soundlake.catalog.scan import create_view, local_files
from soundlake.catalog.sql_text import Shared
from soundlake.core.schema import arrow_schema
from soundlake.errors import MissingTableError, SoundlakeError, UsageError
from soundlake.settings import Settings
from soundlake.tables import TABLES, Table
from soundlake.views import VIEWS, View

Answer = TypeVar("Answer")
_LOOK_AGAIN_SECONDS = 0.1
_ONLY_SELECT = "only one SELECT can be run; tables are written by the jobs"
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"\b(?:bronze|silver|gold|ops)_\w+", re.IGNORECASE)
# Table functions that run no other SQL and read no file. `query` and its like run a text that is not examined.
_TABLE_FUNCTIONS = {"generate_series", "range", "unnest"}
_OF_FILES = re.compile(r"[./\\]")  # DuckDB takes an unknown table of such a name for a file
_UNKNOWN = re.compile(r"Table with name (.+?) does not exist")  # as DuckDB says it


@dataclass(frozen=True)
class Part:
    """The part of a table that is read: these columns, and the rows with these values."""

    columns: tuple[str, ...]
    having: tuple[Having, ...] = ()


def run(
    settings: Settings,
    selects: Sequence[str],
    limit: int | None,
    parts: Mapping[str, Part] | None = None,
    engine: LocalEngine | None = None,
    shared: Shared | None = None,
) -> list[QueryResult]:
    """Run SELECTs on the tables of the settings' lake; returns at most `limit` rows each.

    `parts` says, by the name of a table or view in SQL, what is enough of it for these queries; of others everything is
    read. `engine` runs the queries; by default one is started for them. All may read `shared`, which is computed once.
    A table that is not there has no rows, see `soundlake.catalog.missing`. Raises UsageError for SQL that is not one
    SELECT, MissingTableError where it names an unknown table or a mart that is not built, SoundlakeError else.
    """
    if engine is None:
        with closing(LocalEngine(settings)) as started:
            return run(settings, selects, limit, parts, started, shared)
    began = time.monotonic()
    with engine.connect() as connection:
        texts = [*selects, shared.select] if shared else selects
        for sql in texts:
            _check_select(connection, sql)
        named, beside, views = _named(texts)
        parts = _with_tables(parts or {}, views)
        opened = {table: open_table(settings, table) for table in (*named, *beside)}
        absent = [table for table in named if opened[table] is None]
        unbuilt = [table.view for table in absent if table not in TABLES]
        for table, there in opened.items():
            if there is not None:
                _add(connection, settings, table, there, parts.get(table.view))
            elif table.view not in unbuilt:
                connection.register(table.view, arrow_schema(table).empty_table())
        for view in views:
            only = parts[view.view].columns if view.view in parts else None
            connection.execute(f"CREATE TEMP VIEW {view.view} AS {view.sql(only=only)}")
        try:
            if shared:
                create = f"CREATE TEMP TABLE {shared.name} AS {shared.select}"
                _interruptible(connection, partial(connection.execute, create))
            found = [_interruptible(connection, partial(_rows, connection, sql, limit)) for sql in selects]
        except duckdb.Error as error:
            raise _failure(error, unbuilt, settings) from None
    read = sum(there is not None for there in opened.values())
    tables = f"{read} {'table' if read == 1 else 'tables'}"
    took = f"read {tables} of {settings.lake.uri} in {time.monotonic() - began:.1f} s"
    gone = tuple(table.view for table in absent if table.view not in unbuilt)
    behind = partial(missing_behind, [table.view for table in named], partial(rows_in, settings))
    return [
        QueryResult(
            in_utc(rows.slice(0, limit)),
            has_more=limit is not None and rows.num_rows > limit,
            took=took,
            missing=gone if rows.num_rows else behind(),
        )
        for rows in found
    ]


def _with_tables(parts: Mapping[str, Part], views: Sequence[View]) -> dict[str, Part]:
    """Add the parts of the tables behind views; a table of which a view needs everything has no part."""
    wanted: dict[str, list[Part | None]] = {name: [part] for name, part in parts.items()}
    for view in views:
        for table in view.tables:
            wanted.setdefault(table.view, []).append(_part_behind(view, table, parts.get(view.view)))
    return {name: part for name, several in wanted.items() if (part := _united(several)) is not None}


def _part_behind(view: View, table: Table, part: Part | None) -> Part | None:
    """The part of a table that a part of a view over it needs."""
    if part is None:
        return None
    words = set(_WORD.findall(view.sql(part.columns)))
    having = tuple(one for one in part.having if one[0] == view.apart_by)
    return Part(tuple(name for name in table.column_names if name in words), having)


def _united(parts: Sequence[Part | None]) -> Part | None:
    """The part in which all of these are; None where one is everything."""
    first, *others = parts
    for part in others:
        if first is None or part is None:
            return None
        columns = dict.fromkeys((*first.columns, *part.columns))
        first = Part(tuple(columns), tuple(one for one in first.having if one in part.having))
    return first


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, limit: int | None) -> pa.Table:
    answer = connection.sql(sql)
    return (answer if limit is None else answer.limit(limit + 1)).to_arrow_table()


def _interruptible(connection: duckdb.DuckDBPyConnection, query: Callable[[], Answer]) -> Answer:
    """The result of a query that Ctrl-C can interrupt.

    It runs in a thread of its own: DuckDB checks for Ctrl-C between its tasks only, and the query may be one task.
    """
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(query)
        try:
            # Without a timeout, Ctrl-C may not wake a waiting thread.
            while not running.done():
                wait([running], timeout=_LOOK_AGAIN_SECONDS)
        except KeyboardInterrupt:
            # Repeatedly: the query may not have begun yet.
            while not running.done():
                connection.interrupt()
                wait([running], timeout=_LOOK_AGAIN_SECONDS)
            raise
        return running.result()


def _check_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise UsageError for anything but one SELECT that only reads."""
    try:
        sql.encode()
        statements = connection.extract_statements(sql)
    except UnicodeEncodeError:
        raise UsageError("not valid SQL: it is not UTF-8") from None
    except duckdb.Error as error:
        raise UsageError(f"not valid SQL: {error}") from None
    types = [statement.type for statement in statements]
    if types == [duckdb.StatementType.MULTI]:
        raise UsageError(
            "a PIVOT without values is several statements: list the values of the PIVOT, ON column IN ('a', 'b')"
        )
    if types != [duckdb.StatementType.SELECT]:
        raise UsageError(_ONLY_SELECT)
    check_reads_only(connection, sql)


def check_reads_only(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise UsageError for a SELECT that reads a file by its name, or that contains or may run another statement.

    Such as `WITH x AS (COPY … TO …)`: DuckDB may write where it may read, so what cannot be examined is refused too.
    """
    (text,) = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()[0]
    try:
        nodes = [orjson.loads(text)]
    except orjson.JSONDecodeError:  # nested too deeply
        raise UsageError("the query is nested too deeply") from None
    while nodes:
        node = nodes.pop()
        if isinstance(node, list):
            nodes.extend(node)
        elif isinstance(node, dict):
            if node.get("error") is True or str(node.get("type")).endswith("_QUERY_NODE"):
                raise UsageError(_ONLY_SELECT)
            _check_relation(node)
            nodes.extend(node.values())


def _check_relation(node: Mapping[str, Any]) -> None:
    """Raise UsageError for a file, or a function that may read one."""
    name, is_refused = node.get("table_name"), False
    if node.get("type") == "TABLE_FUNCTION":
        name = (node.get("function") or {}).get("function_name")
        is_refused = name not in _TABLE_FUNCTIONS
    elif node.get("type") == "BASE_TABLE":
        is_refused = bool(_OF_FILES.search(str(name)))
    if is_refused:
        known = ", ".join(sorted(_TABLE_FUNCTIONS))
        raise UsageError(f"{name} cannot be used in FROM: use a table, or one of the functions {known}")


def code_of(sql: str) -> str:
    """Return a query without its string literals and comments."""
    code, end = sql.encode(), (len(sql.encode()), duckdb.token_type.comment)
    kept = [
        code[begin:after]
        for (begin, kind), (after, _) in pairwise([*duckdb.tokenize(sql), end])
        if kind not in (duckdb.token_type.string_const, duckdb.token_type.comment)
    ]
    return b" ".join(kept).decode()


def _named(selects: Sequence[str]) -> tuple[list[Table], list[Table], list[View]]:
    """The tables that queries need, those that they can do without, and the views."""
    names = {name.lower() for sql in selects for name in _NAME.findall(code_of(sql))}
    views = [view for view in VIEWS if view.view in names]
    names.update(view.source.view for view in views)
    beside = {view.beside.view for view in views if view.beside is not None} - names
    tables = public_tables()
    return [one for one in tables if one.view in names], [one for one in tables if one.view in beside], views


def _add(
    connection: duckdb.DuckDBPyConnection, settings: Settings, table: Table, opened: DeltaTable, part: Part | None
) -> None:
    """Make a table known to queries."""
    part_of = () if part is None else (part.columns, part.having)
    try:
        if files := local_files(opened):
            create_view(connection, table, opened, files, *part_of)
        else:
            # The rows, not a dataset of them: a process in which DuckDB reads a dataset may abort at its end.
            connection.register(table.view, read_declared(opened, table, *part_of))
    except (DeltaError, OSError, duckdb.Error, pa.ArrowException) as error:
        raise SoundlakeError(f"{table.path} of {settings.lake.uri} cannot be read: {error}") from None


def _failure(error: duckdb.Error, unbuilt: list[str], settings: Settings) -> SoundlakeError:
    if not isinstance(error, duckdb.CatalogException):
        return SoundlakeError(f"the query failed: {error}")
    if unbuilt:
        what = f"not in {settings.lake.uri} yet: {', '.join(unbuilt)}: run ./spark-submit.sh build_insights"
        return MissingTableError(what, *unbuilt)
    if found := _UNKNOWN.search(str(error)):
        if found[1] in {*(table.view for table in public_tables()), *(view.view for view in VIEWS)}:
            return UsageError(f"{found[1]} is in single quotes, which are for text: write the name without them")
        return MissingTableError(unknown(found[1]), found[1])
    return SoundlakeError(f"the query failed: {error}")
