"""Appending a batch's rows so that a retry adds nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.sql import DataFrame

from soundlake.lake import Lake, conform, last_batches, properties
from soundlake.tables import Table

_logger = logging.getLogger(__name__)


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
        """Append rows; nothing is done when this batch has already written this table.

        At most one append a table and batch: the transaction id names just these two.
        """
        conformed = conform(rows, table)
        try:
            is_done = self._commit(table, conformed)
        except Py4JError as error:
            if isinstance(error, Py4JJavaError):
                raise
            # A build of Delta with other methods: its public writer does the same, and takes longer.
            _logger.warning("appending by Delta's public writer, for this build has no other: %s", error)
            is_done = False
        if not is_done:
            _save(self.lake, table, conformed, txnAppId=self.query_id, txnVersion=str(self.batch_id))

    def _commit(self, table: Table, rows: DataFrame) -> bool:
        """Do what Delta's own sink does; False where there is no table yet, or one with another schema.

        The sink, as the writer with txnAppId, looks up the last batch in the state of the table, and computes this anew
        for every commit: half the time of a small append, and more once the table has a checkpoint. The checksum that
        Delta writes beside each commit has the last batches too.
        """
        spark = rows.sparkSession
        jvm: Any = spark._jvm
        delta = jvm.org.apache.spark.sql.delta
        log = delta.DeltaLog.forTable(spark._jsparkSession, self.lake.path(table))
        transaction = log.startTransaction()
        if transaction.readVersion() < 0 or not _is_like(transaction.metadata().schema(), rows._jdf.schema()):
            return False
        # Another driver's commit of the same query is a conflict, as it is for the sink.
        getattr(transaction.readTxn(), "$plus$eq")(self.query_id)
        if self.batch_id <= last_batches(transaction.snapshot()).get(self.query_id, -1):
            return True
        none = jvm.scala.Option.empty()
        files = transaction.writeFiles(rows._jdf)
        transaction.updateSetTransaction(self.query_id, self.batch_id, none)
        mode = jvm.org.apache.spark.sql.streaming.OutputMode.Append()
        operation = getattr(delta, "DeltaOperations$StreamingUpdate")(mode, self.query_id, self.batch_id, none)
        transaction.commit(files, operation)
        return True


def append(lake: Lake, table: Table, rows: DataFrame) -> None:
    """Append rows to a table, which is created where it is not there."""
    _save(lake, table, conform(rows, table))


def _save(lake: Lake, table: Table, rows: DataFrame, **options: str) -> None:
    (
        rows.write.format("delta")
        .mode("append")
        .options(**properties(table), **options)  # properties are for a table that this write creates
        .partitionBy(*table.partitioned_by)
        .save(lake.path(table))
    )


def _is_like(one: Any, other: Any) -> bool:
    """Whether two schemas have the same columns, comments aside."""
    return bool(one.catalogString() == other.catalogString())


def same_key(key: Sequence[str]) -> str:
    """The merge condition of a key; parts of a composite key may be null."""
    equals = "=" if len(key) == 1 else "<=>"
    return " AND ".join(f"t.`{name}` {equals} s.`{name}`" for name in key)


def within(column: str, first: date, last: date) -> str:
    """The SQL condition that a date column lies between two days, both included."""
    return f"{column} BETWEEN DATE '{first}' AND DATE '{last}'"
