"""A view as Glue has to know it, so that Athena runs it: the form in which Athena and Trino keep views of their own."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from soundlake.catalog.table_input import column_input
from soundlake.tables import Column
from soundlake.views import View

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableInputTypeDef

IS_VIEW = "VIRTUAL_VIEW"
_CATALOG = "awsdatacatalog"
_TYPES = {"string": "varchar", "int": "integer", "timestamp": "timestamp(3) with time zone"}


def view_input(view: View, database: str, shown_as: View, there: Collection[str]) -> TableInputTypeDef:
    """Return the TableInput of a view over the tables of a database, which shows the rows of `shown_as`.

    `there` are the columns that the view's source has; one that was declared since it was written is null.
    """
    nulls = {
        column.name: f"CAST(NULL AS {_trino_type(column)}) AS {column.name}"
        for column in view.columns
        if column.name not in there
    }
    definition = {
        "originalSql": replace(shown_as, computed={**shown_as.computed, **nulls}).sql(),
        "catalog": _CATALOG,
        "schema": database,
        "columns": [{"name": column.name, "type": _trino_type(column)} for column in view.columns],
        "runAsInvoker": True,  # who may read the table may read the view
    }
    encoded = b64encode(json.dumps(definition).encode()).decode()
    return {
        "Name": view.view,
        "TableType": IS_VIEW,
        "PartitionKeys": [],
        # By this comment engines know such a view; Trino takes a Description for the comment, so there is none.
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {encoded} */",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {
            "Columns": [column_input(column.name, column.type, column.comment) for column in view.columns],
            # Trino wants both to be there, and reads neither of a view.
            "Location": "",
            "SerdeInfo": {},
        },
    }


def view_differences(existing: dict[str, Any], wanted: TableInputTypeDef) -> list[str]:
    """Return a line for each fact of a registered view that is not what it should be."""
    facts = ("Description", "ViewOriginalText", "ViewExpandedText")
    different = [f"{name} is another" for name in facts if existing.get(name) != wanted.get(name)]
    columns = existing.get("StorageDescriptor", {}).get("Columns")
    return different + ([] if columns == wanted["StorageDescriptor"]["Columns"] else ["columns are others"])


def _trino_type(column: Column) -> str:
    return _TYPES.get(column.type, column.type)
