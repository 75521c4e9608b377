"""Writing rows into tables: appends, overwrites, and appends of a batch, of which a retry adds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError
from pyspark.sql import DataFrame

from soundlake.lake import Lake, conform, delta_logs, last_batches, properties
from soundlake.logs import get_log
from soundlake.tables import Table

_log = get_log(__name__)


@dataclass(frozen=True)
class BatchWriter:
    """Appends the rows of one batch of one query."""

    lake: Lake
    query_id: str
    batch_id: int

    @property
    def batch(self) -> str:
        """The batch as one text, as in the column `batch` of refine's tables."""
        return f"{self.query_id}/{self.batch_id}"

    def append(self, table: Table, rows: DataFrame) -> None:
        """Append rows, unless this batch has already been appended to this table.

        There may be one append per table and batch, as only these two identify it.
        """
        conformed = conform(rows, table)
        try:
            is_done = self._commit(table, conformed)
        except (Py4JError, TypeError) as error:  # how py4j reports a missing method or class
            if isinstance(error, Py4JJavaError | Py4JNetworkError):
                raise
            _log.warning("this build of Delta lacks a method or class, so appends take longer", reason=error)
            is_done = False
        if not is_done:
            _save(self.lake, table, conformed, txnAppId=self.query_id, txnVersion=str(self.batch_id))

    def _commit(self, table: Table, rows: DataFrame) -> bool:
        """Append in a Delta transaction, as Delta's streaming sink does; return whether the batch is in the table.

        Returns False where the table does not exist or has another schema: then Delta's public writer decides.

        The sink and the public writer find the query's last batch from the state of the table, which costs a Spark
        job per commit. Here it is read from the checksum file of the last commit.
        """
        spark = rows.sparkSession
        jvm: Any = spark._jvm
        delta = jvm.org.apache.spark.sql.delta
        transaction = delta_logs(spark).forTable(spark._jsparkSession, self.lake.path(table)).startTransaction()
        if transaction.readVersion() < 0 or not _have_same_columns(transaction.metadata().schema(), rows._jdf.schema()):
            return False
        # As in the sink: if another driver commits a batch of this query meanwhile, this commit fails.
        getattr(transaction.readTxn(), "$plus$eq")(self.query_id)
        if self.batch_id <= last_batches(transaction.snapshot()).get(self.query_id, -1):
            return True
        none = jvm.scala.Option.empty()
        mode = jvm.org.apache.spark.sql.streaming.OutputMode.Append()
        operation = getattr(delta, "DeltaOperations$StreamingUpdate")(mode, self.query_id, self.batch_id, none)
        files = transaction.writeFiles(rows._jdf)
        transaction.updateSetTransaction(self.query_id, self.batch_id, none)
        self.lake.check()
        transaction.commit(files, operation)
        return True


def append(lake: Lake, table: Table, rows: DataFrame, **options: str) -> None:
    """Append rows to a table, which is created where it does not exist; `options` are those of Delta's writer."""
    _save(lake, table, conform(rows, table), **options)


def overwrite(lake: Lake, table: Table, rows: DataFrame, where: str | None = None, **options: str) -> None:
    """Replace all rows of a table, or those of a SQL condition, in one commit; `options` as in `append`."""
    replaced = {} if where is None else {"replaceWhere": where}
    _save(lake, table, conform(rows, table), "overwrite", **replaced, **options)


def _save(lake: Lake, table: Table, rows: DataFrame, mode: str = "append", **options: str) -> None:
    (
        rows.write.format("delta")
        .mode(mode)
        .options(**properties(table, lake.uri), **options)  # properties apply if this write creates the table
        .partitionBy(*table.partitioned_by)
        .save(lake.for_write(table))
    )


def _have_same_columns(one: Any, other: Any) -> bool:
    return bool(one.catalogString() == other.catalogString())  # names and types, without comments


def same_key(key: Sequence[str]) -> str:
    """The merge condition of a key; parts of a composite key may be null."""
    equals = "=" if len(key) == 1 else "<=>"
    return " AND ".join(f"t.`{name}` {equals} s.`{name}`" for name in key)


def within(column: str, first: date, last: date) -> str:
    """The SQL condition that a date column lies between two days, both included."""
    return f"{column} BETWEEN DATE '{first}' AND DATE '{last}'"
