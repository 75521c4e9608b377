"""Asking the insights with DuckDB: the same files as Spark runs, on tables that Arrow holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from soundlake.insights import Insight, load_insights, render
from soundlake.insights.insight import with_needed
from soundlake.tables import TABLES, Table
from soundlake.views import VIEWS

TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "binary": pa.binary(),
    "array<string>": pa.list_(pa.string()),
}


def schema(table: Table) -> pa.Schema:
    """The columns of a table that a query may read; those of other types are left out."""
    return pa.schema([(column.name, TYPES[column.type]) for column in table.columns if column.type in TYPES])


def tables_of(lake: Path) -> dict[str, pa.Table]:
    """The tables of a lake that insights may read, marts excepted, by their names in SQL."""
    there = [table for table in TABLES if table.layer in ("silver", "gold") and not table.internal]
    paths = {table.view: str(lake / table.path) for table in there}
    return {view: DeltaTable(p).to_pyarrow_table() for view, p in paths.items() if DeltaTable.is_deltatable(p)}


def answers(
    tables: Mapping[str, pa.Table], *names: str, as_of: date | None = None, zone: str = "UTC"
) -> dict[str, pa.Table]:
    """The answers to the insights of these names (all without), and to those they read; tables not given are empty."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE MACRO element_at(list, position) AS list_extract(list, position)")
        for table in TABLES:
            rows = tables.get(table.view)
            connection.register(table.view, schema(table).empty_table() if rows is None else rows)
        for view in VIEWS:
            connection.execute(f"CREATE VIEW {view.view} AS {view.sql()}")
        insights = load_insights()
        for insight in with_needed(insights, names) if names else insights:
            connection.execute(f"CREATE TABLE {insight.table.view} AS {rendered(insight, as_of, zone)}")
        kept = with_needed(insights, names) if names else insights
        return {one.name: _declared(connection.table(one.table.view).to_arrow_table(), one) for one in kept}


def rendered(insight: Insight, as_of: date | None, zone: str) -> str:
    return render(insight.sql, as_of, zone, "duckdb")


def _declared(answer: pa.Table, insight: Insight) -> pa.Table:
    assert tuple(answer.column_names) == insight.table.column_names
    return answer.cast(schema(insight.table))
