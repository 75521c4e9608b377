"""The lake in memory as tables on disk, to see what Spark makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from helpers.lake_model import LakeModel, Row
from soundlake.core.schema import arrow_schema
from soundlake.frames import frame_of
from soundlake.kinds import KINDS
from soundlake.lake import Lake
from soundlake.tables import CHANGES, PLAYLIST_FETCHES, PLAYLIST_ITEMS, POPULARITY_HISTORY, STAMPS, Table
from soundlake.writes import append

KEYED = tuple(kind.table for kind in KINDS.values() if not kind.is_log)


def put(spark: SparkSession, folder: Path, table: Table, rows: list[Row]) -> None:
    """Append rows to a table, if there are any."""
    if rows:
        found = pa.Table.from_pylist(rows, schema=arrow_schema(table))
        append(Lake(str(folder)), table, frame_of(spark, found, table.ddl))


def put_changes(spark: SparkSession, folder: Path, batch: str, rows: pa.Table) -> None:
    """Append the changes of a batch."""
    ddl = ", ".join(f"`{name}` {CHANGES.type_of(name)}" for name in rows.column_names)
    append(Lake(str(folder)), CHANGES, frame_of(spark, rows, ddl).withColumn("batch", F.lit(batch)))


def put_all(spark: SparkSession, folder: Path, model: LakeModel, items: list[Row] | None = None) -> None:
    """Write the tables of a model but for its stamps, its changes one batch after the other.

    `items` are the rows of silver/playlist_items that are there before the changes are applied.
    """
    for table in (*KEYED, POPULARITY_HISTORY):
        put(spark, folder, table, list(model.tables.get(table.path, {}).values()))
    put(spark, folder, PLAYLIST_FETCHES, model.fetches)
    put(spark, folder, PLAYLIST_ITEMS, items or [])
    for number, rows in enumerate(model.changes):
        put_changes(spark, folder, f"refine/{number}", rows)


def put_stamps(spark: SparkSession, folder: Path, model: LakeModel) -> None:
    """Write the stamps of a model, and one of a batch behind it: all of its batches have surely ended."""
    stamps = [row | {"batch": batch} for batch, rows in model.stamps for row in rows.to_pylist()]
    last = stamps[-1] | {"id": "of a later batch", "batch": f"refine/{len(model.counts)}"}
    put(spark, folder, STAMPS, [*stamps, last])


def playlist_items(model: LakeModel) -> list[dict[str, Any]]:
    """The rows of the snapshots of all fetches."""
    return [row for rows in model.silver()[PLAYLIST_ITEMS.path].values() for row in rows.values()]
