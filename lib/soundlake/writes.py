"""Appending a batch's rows so that a retry adds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame

from soundlake.lake import Lake, conform, properties
from soundlake.tables import Table


@dataclass(frozen=True)
class BatchWriter:
    """Appends the rows of one batch of one query."""

    lake: Lake
    query_id: str
    batch_id: int

    @property
    def batch(self) -> str:
        """The batch as one text, as rows of refine's own tables carry it."""
        return f"{self.query_id}/{self.batch_id}"

    def append(self, table: Table, rows: DataFrame) -> None:
        """Append rows; Delta passes over the write when this batch has already written this table.

        At most one append a table and batch: the transaction id names just these two.
        """
        append(self.lake, table, rows, txnAppId=self.query_id, txnVersion=str(self.batch_id))


def append(lake: Lake, table: Table, rows: DataFrame, **options: str) -> None:
    """Append rows to a table, which is created where it is not there; `options` are Delta's."""
    (
        conform(rows, table)
        .write.format("delta")
        .mode("append")
        .options(**properties(table), **options)  # properties are for a table that this write creates
        .partitionBy(*table.partitioned_by)
        .save(lake.path(table))
    )


def same_key(key: Sequence[str]) -> str:
    """The merge condition of a key; parts of a composite key may be null."""
    equals = "=" if len(key) == 1 else "<=>"
    return " AND ".join(f"t.`{name}` {equals} s.`{name}`" for name in key)


def within(column: str, first: date, last: date) -> str:
    """The SQL condition that a date column lies between two days, both included."""
    return f"{column} BETWEEN DATE '{first}' AND DATE '{last}'"
