"""Builders of records and frames for tests with Spark."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from helpers.building import ARRIVAL as ARRIVAL
from helpers.building import FETCHED_AT as FETCHED_AT
from helpers.building import Arrived as Arrived
from helpers.building import Record as Record
from helpers.building import Records as Records
from helpers.building import as_bytes, bronze_rows
from helpers.building import envelope as envelope
from helpers.building import stamp as stamp
from helpers.building import utc as utc
from soundlake.tables import EVENTS, Table


def as_base64(record: Record) -> str | None:
    return None if record is None else b64encode(as_bytes(record)).decode()


def events(spark: SparkSession, topic: str | None, records: Records) -> DataFrame:
    """Bronze rows of a topic of one kind (None: of several); the name of each record is its position."""
    rows = [{name: _as_json(value) for name, value in row.items()} for row in bronze_rows(topic, records)]
    return frame(spark, EVENTS, rows)


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return as_base64(value)
    return value.isoformat() if isinstance(value, date) else value


def frame(spark: SparkSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Rows with a table's columns, from values as JSON has them (bytes in base64).

    One literal: rows from Python would start a worker of Python in each job that reads them.
    """
    literal = F.from_json(F.lit(json.dumps(rows)), f"array<struct<{table.ddl}>>", {"mode": "FAILFAST"})
    return spark.range(1, numPartitions=1).select(F.inline(literal))


def by_name(df: DataFrame, name: str = "position") -> dict[str, dict[str, Any]]:
    """The rows of a frame as dicts, with aware times, by the value of one column."""
    rows = [_plain(row) for row in df.collect()]
    assert len({row[name] for row in rows}) == len(rows), f"{name} is not unique"
    return {row[name]: row for row in rows}


def _plain(value: Any) -> Any:
    if isinstance(value, Row):
        return {name: _plain(inner) for name, inner in value.asDict().items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC)  # Spark gives local times
    return value
