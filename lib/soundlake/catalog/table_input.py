"""A table as Glue has to know it, so that Athena reads the Delta table natively: no crawler, no manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from soundlake.catalog.names import LONGEST_COLUMN_COMMENT, LONGEST_DESCRIPTION, one_line
from soundlake.catalog.types import glue_type
from soundlake.tables import Table

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import ColumnTypeDef, TableInputTypeDef

OURS = "soundlake."  # the prefix of parameters that are Soundlake's own

# What Athena and Spark look at to see a Delta table.
_DELTA = {
    "EXTERNAL": "TRUE",
    "classification": "delta",
    "spark.sql.sources.provider": "delta",
    "table_type": "delta",
}
# Kept from what is registered, for Soundlake has no word in it.
_KEPT = ("Owner", "Retention")


def table_input(table: Table, columns: dict[str, str], location: str) -> TableInputTypeDef:
    """Return the TableInput of a table with these columns (name to Spark type) at an s3:// location."""
    comments = {column.name: column.comment for column in table.columns}
    return {
        "Name": table.view,
        "Description": one_line(table.comment, LONGEST_DESCRIPTION),
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [],  # the log knows the partitions; here they would be columns twice
        "Parameters": {**_DELTA, "comment": one_line(table.comment, LONGEST_DESCRIPTION), **relations(table)},
        "StorageDescriptor": {
            "Columns": [column_input(name, type_, comments[name]) for name, type_ in columns.items()],
            "Location": location,
            "InputFormat": "org.apache.hadoop.mapred.SequenceFileInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                # Without path, engines look for the table elsewhere or not at all.
                "Parameters": {"serialization.format": "1", "path": location},
            },
        },
    }


def column_input(name: str, type_: str, comment: str) -> ColumnTypeDef:
    """Return a column, given its Spark type."""
    return {"Name": name, "Type": glue_type(type_), "Comment": one_line(comment, LONGEST_COLUMN_COMMENT)}


def relations(table: Table) -> dict[str, str]:
    """Return the key and the foreign keys of a table as parameters; Glue has no other place for them."""
    key = {f"{OURS}key": ",".join(table.key)} if table.key else {}
    return key | {f"{OURS}references.{column}": target for column, target in table.references.items()}


def merged(existing: dict[str, Any], wanted: TableInputTypeDef) -> TableInputTypeDef:
    """Return `wanted` with what others have written on the registered table: an update replaces it as a whole."""
    theirs = {name: value for name, value in existing.get("Parameters", {}).items() if not name.startswith(OURS)}
    kept: dict[str, Any] = {name: existing[name] for name in _KEPT if name in existing}
    result: TableInputTypeDef = {**wanted, **kept}  # type: ignore[typeddict-item]
    result["Parameters"] = {**theirs, **wanted.get("Parameters", {})}
    return result
