"""The views in Glue, in Athena's form and over their tables: the same columns and types everywhere."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from helpers.asking import schema
from soundlake.catalog.table_input import table_input
from soundlake.catalog.view_input import view_input
from soundlake.tables import PLAYS
from soundlake.views import VIEWS, View

# Trino's names of Glue's types, by its documentation of Delta tables.
TRINO = {
    "string": "varchar",
    "int": "integer",
    "bigint": "bigint",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp(3) with time zone",
}
SINCE = ("private_session", "isrc")  # columns that lakes of version 0.1 lack

each_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.view)


def registered(view: View, *without: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A view as Glue has it, and what is encoded in it for Athena."""
    there = [name for name in view.source.column_names if name not in without]
    glue: dict[str, Any] = dict(view_input(view, "spotify", view, there))
    encoded = glue["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
    return glue, json.loads(b64decode(encoded))


def run(sql: str, *without: str) -> pa.Table:
    """The answer of a view's SELECT over tables without rows."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in {table for view in VIEWS for table in view.tables}:
            connection.register(table.view, schema(table).empty_table().drop_columns(list(without) * (table is PLAYS)))
        return connection.sql(sql).to_arrow_table()


@each_view
def test_a_view_in_glue_has_the_columns_of_its_table(view: View) -> None:
    glue, athena = registered(view)
    columns = {column.name: column.type for column in view.source.columns}
    of_table = table_input(view.source, columns, "s3://bucket/lake")["StorageDescriptor"]["Columns"]
    assert glue["StorageDescriptor"]["Columns"] == of_table
    assert athena["columns"] == [{"name": one["Name"], "type": TRINO[one["Type"]]} for one in of_table]


@each_view
def test_its_select_gives_these_columns(view: View) -> None:
    _, athena = registered(view)
    assert run(athena["originalSql"]).schema.equals(schema(view.source))


@each_view
def test_over_a_table_from_before_a_column_was_declared_it_is_null(view: View) -> None:
    _, athena = registered(view, *SINCE)
    answer = run(athena["originalSql"], *SINCE)
    assert tuple(answer.column_names) == view.column_names
    assert run(view.sql()).schema.names == answer.schema.names
