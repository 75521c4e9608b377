"""Values and names as they stand in SQL, the same for DuckDB and Athena."""

from __future__ import annotations


def literal(value: str) -> str:
    """A text as a literal."""
    return "'" + value.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A name, such as a column's, in quotes."""
    return '"' + name.replace('"', '""') + '"'
