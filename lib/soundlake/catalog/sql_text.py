"""Values, names and common parts as they stand in SQL, the same for DuckDB and Athena."""

from __future__ import annotations

from typing import NamedTuple

_WITH = "WITH "


class Shared(NamedTuple):
    """A SELECT with a name, by which other SELECTs read its rows."""

    name: str
    select: str


def with_shared(shared: Shared | None, sql: str) -> str:
    """Add `shared` to a SELECT that reads it."""
    if shared is None:
        return sql
    more = f", {sql[len(_WITH) :]}" if sql.startswith(_WITH) else f" {sql}"
    return f"{_WITH}{shared.name} AS ({shared.select}){more}"


def literal(value: str) -> str:
    """A text as a literal."""
    return "'" + value.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A name, such as a column's, in quotes."""
    return '"' + name.replace('"', '""') + '"'
