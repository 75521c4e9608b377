"""Writing a batch's rows so that a retry adds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession

from soundlake.lake import Lake, conform, properties
from soundlake.tables import Table


@dataclass(frozen=True)
class BatchWriter:
    """Writes the tables of one batch of one query."""

    spark: SparkSession
    lake: Lake
    query_id: str
    batch_id: int

    def append(self, table: Table, rows: DataFrame) -> None:
        """Append rows; Delta passes over the write when this batch has already written this table.

        At most one append a table and batch: the transaction id names just these two.
        """
        (
            conform(rows, table)
            .write.format("delta")
            .mode("append")
            .option("txnAppId", self.query_id)
            .option("txnVersion", str(self.batch_id))
            .options(**properties(table))  # for a table that this write creates
            .partitionBy(*table.partitioned_by)
            .save(self.lake.path(table))
        )

    def upsert(self, table: Table, rows: DataFrame, pruning: str = "true", insert: bool = False) -> None:
        """Set the rows of existing keys, and with `insert` add the others; writing the same rows again changes nothing.

        `pruning` is a condition on `t` (the table) that holds for every row concerned, so that files can be left out.
        """
        merge = self.lake.delta(self.spark, table).alias("t")
        matched = merge.merge(conform(rows, table).alias("s"), f"{same_key(table.key)} AND {pruning}")
        matched = matched.whenMatchedUpdateAll()
        if insert:
            matched = matched.whenNotMatchedInsertAll()
        matched.execute()

    def replace(self, table: Table, rows: DataFrame, pruning: str) -> None:
        """Delete the rows that `is_gone` marks, and set or insert the others, in one commit."""
        merge = self.lake.delta(self.spark, table).alias("t")
        columns: dict[str, str | Column] = {f"`{name}`": f"s.`{name}`" for name in table.column_names}
        (
            merge.merge(rows.alias("s"), f"{same_key(table.key)} AND {pruning}")
            .whenMatchedDelete("s.is_gone")
            .whenMatchedUpdate(set=columns)
            .whenNotMatchedInsert("NOT s.is_gone", values=columns)
            .execute()
        )


def same_key(key: Sequence[str]) -> str:
    """The merge condition of a key; parts of a composite key may be null."""
    equals = "=" if len(key) == 1 else "<=>"
    return " AND ".join(f"t.`{name}` {equals} s.`{name}`" for name in key)


def within(column: str, first: date, last: date) -> str:
    """The SQL condition that a date column lies between two days, both included."""
    return f"{column} BETWEEN DATE '{first}' AND DATE '{last}'"
