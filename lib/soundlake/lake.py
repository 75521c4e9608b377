"""A lake: one URI with all tables and checkpoints below it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column as ColumnExpression
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.logs import get_log
from soundlake.s3 import for_spark, is_on_s3
from soundlake.tables import STREAM_LEASE, Table
from soundlake.views import View

COMMITS_A_CHECKPOINT = 50  # of Delta's log; one costs more than a small commit, and fifty commits are read quickly
ATTEMPTS = 5  # of a write that conflicts with another
_log = get_log(__name__)


def _unguarded() -> None:
    """The check of who needs no lease: a reader, or the only process there is."""


@dataclass(frozen=True)
class Lake:
    """The tables below one URI (a local path, `s3://…` or `s3a://…`).

    `check` is called right before each write, and may raise: when the lease of the tables is lost.
    """

    uri: str
    check: Callable[[], None] = field(default=_unguarded, compare=False, repr=False)

    @property
    def root(self) -> str:
        """The URI for Spark: s3a:// on S3; local paths absolute, as Spark takes some relative ones for tables."""
        return for_spark(self.uri).rstrip("/") if "://" in self.uri else os.path.abspath(self.uri)

    def path(self, table: Table) -> str:
        """The path of a table."""
        return f"{self.root}/{table.path}"

    def for_write(self, table: Table) -> str:
        """Where a table stands, for the write that comes next."""
        self.check()
        return self.path(table)

    def checked_by(self, check: Callable[[], None]) -> Lake:
        """The same lake, for who writes it with another lease."""
        return replace(self, check=check)

    def checkpoint(self, query: str) -> str:
        """The path of a query's checkpoint."""
        return f"{self.root}/_checkpoints/{query}"

    @property
    def rebuilds(self) -> str:
        """The folder in which rebuilds make their tables, each in a folder of its own."""
        return f"{self.root}/_rebuild"

    def exists(self, spark: SparkSession, table: Table) -> bool:
        """Whether the table has been created."""
        return self.is_table(spark, self.path(table))

    @staticmethod
    def is_table(spark: SparkSession, path: str) -> bool:
        """Whether there is a Delta table at a path."""
        return DeltaTable.isDeltaTable(spark, path)

    def create(self, spark: SparkSession, table: Table, more: Mapping[str, str] | None = None) -> None:
        """Create the empty table, with its comments, layout and `more` properties, unless it exists."""
        if self.exists(spark, table):
            return
        builder = DeltaTable.createIfNotExists(spark).location(self.path(table)).comment(table.comment)
        for column in table.columns:
            builder = builder.addColumn(column.name, column.type, comment=column.comment)
        if table.partitioned_by:
            builder = builder.partitionedBy(*table.partitioned_by)
        for name, value in {**properties(table, self.uri), **(more or {})}.items():
            builder = builder.property(name, value)
        self.check()
        builder.execute()

    def read(self, spark: SparkSession, table: Table, version: int | None = None) -> DataFrame:
        """The table as it is now, or as of a version; an empty frame of its schema where it does not exist.

        A column that was declared since it was written is null.
        """
        if not self.exists(spark, table):
            return nothing(spark, table)
        options = {} if version is None else {"versionAsOf": str(version)}
        found = spark.read.format("delta").options(**options).load(self.path(table))
        added = {c.name: F.lit(None).cast(c.type) for c in table.columns if c.name not in found.columns}
        return found.withColumns(added) if added else found

    def delta(self, spark: SparkSession, table: Table) -> DeltaTable:
        """The table, for the MERGE or change that comes next; raises AnalysisException where it does not exist."""
        self.check()
        return DeltaTable.forPath(spark, self.path(table))

    def property(self, spark: SparkSession, table: Table, name: str) -> str | None:
        """The value of a table's property; None where it is not set."""
        row = DeltaTable.forPath(spark, self.path(table)).detail().select("properties").first()
        assert row is not None  # a table has one row of details
        value: str | None = row[0].get(name)
        return value

    def set_property(self, spark: SparkSession, table: Table, name: str, value: str) -> None:
        """Set a table's property, in a commit of its own."""
        spark.sql(f"ALTER TABLE delta.`{self.for_write(table)}` SET TBLPROPERTIES ('{name}' = '{value}')")

    def last_batches(self, spark: SparkSession, table: Table) -> dict[str, int]:
        """The number of the last batch that each streaming query wrote into a table, by the query's id."""
        return last_batches(self._snapshot(spark, table))

    def columns(self, spark: SparkSession, table: Table) -> tuple[dict[str, tuple[str, str | None]], str | None]:
        """The columns of a table with their types (Spark's catalog strings) and comments, and the table's comment."""
        metadata = self._snapshot(spark, table).metadata()
        schema = metadata.schema()
        fields = (schema.apply(place) for place in range(schema.size()))
        found = {field.name(): (field.dataType().catalogString(), _option(field.getComment())) for field in fields}
        return found, metadata.description()

    @staticmethod
    def declared_types(spark: SparkSession, table: Table) -> dict[str, str]:
        """The type of each declared column, written as in `columns`."""
        jvm = spark.sparkContext._jvm
        assert jvm is not None
        schema = jvm.org.apache.spark.sql.types.StructType.fromDDL(table.ddl)
        fields = (schema.apply(place) for place in range(schema.size()))
        return {field.name(): field.dataType().catalogString() for field in fields}

    def identity(self, spark: SparkSession, table: Table) -> str:
        """The id that the table got when it was created; a recreated one has another."""
        return str(self._snapshot(spark, table).metadata().id())

    def files(self, spark: SparkSession, table: Table) -> int:
        """How many files the table has now."""
        snapshot = self._snapshot(spark, table)
        checksum = _checksum(snapshot)
        return int(snapshot.numOfFiles() if checksum is None else checksum.numFiles())

    def size(self, spark: SparkSession, table: Table) -> int:
        """How many bytes the table's files have now; 0 where it does not exist."""
        snapshot = self._snapshot(spark, table)
        checksum = _checksum(snapshot)
        return int(snapshot.sizeInBytes() if checksum is None else checksum.tableSizeBytes())

    def version(self, spark: SparkSession, table: Table) -> int:
        """The number of the table's last commit; -1 where it does not exist."""
        return int(self._snapshot(spark, table).version())

    def created_at(self, spark: SparkSession, table: Table) -> datetime:
        """When the table was created."""
        milliseconds = self._snapshot(spark, table).metadata().createdTime()
        return datetime.fromtimestamp(int(milliseconds.get()) / 1000, UTC)

    def schemas(self, spark: SparkSession, tables: Iterable[Table]) -> dict[Table, str]:
        """The schemas, as Delta's JSON, of the tables that exist, as this process last saw them."""
        there = {}
        for table in tables:
            log = delta_logs(spark).forTable(spark._jsparkSession, self.path(table))
            # This process has seen its own writes; the log is listed again only for tables that seem missing.
            snapshot = log.unsafeVolatileSnapshot()
            if snapshot.version() < 0:
                snapshot = self._snapshot(spark, table)
            if snapshot.version() >= 0:
                there[table] = str(snapshot.metadata().schemaString())
        return there

    def _snapshot(self, spark: SparkSession, table: Table) -> Any:
        # Cheaper than DESCRIBE DETAIL, which is a query, and the only way to the transactions.
        return delta_logs(spark).forTableWithSnapshot(spark._jsparkSession, self.path(table))._2()


def delta_logs(spark: SparkSession) -> Any:
    """Delta's Java class `DeltaLog`, with this session active in the current thread.

    Delta reads checkpoints with the active session, and a thread that Python starts has none.
    """
    jvm: Any = spark._jvm
    jvm.SparkSession.setActiveSession(spark._jsparkSession)
    return jvm.org.apache.spark.sql.delta.DeltaLog


def last_batches(snapshot: Any) -> dict[str, int]:
    """The number of the last batch of each streaming query, by its id, in a snapshot of a table."""
    checksum = _checksum(snapshot)
    known = None if checksum is None else checksum.setTransactions()  # an Option: Delta omits it above a hundred
    written = snapshot.setTransactions() if known is None or known.isEmpty() else known.get()
    return {entry.appId(): entry.version() for entry in (written.apply(i) for i in range(written.size()))}


def _checksum(snapshot: Any) -> Any:
    """The checksum file that Delta wrote with a version, None where there is none.

    It has the version's totals and transactions, which the snapshot itself computes by a Spark job.
    """
    found = snapshot.checksumOpt()
    return found.get() if found.isDefined() else None


def _option(value: Any) -> str | None:
    """The value of a Scala Option."""
    return str(value.get()) if value.isDefined() else None


def properties(table: Table, uri: str) -> dict[str, str]:
    """The Delta properties that a table is created with, in the lake at `uri`.

    Files have statistics of dates and times only: ids are spread over all files, and statistics of every column would
    be most of the cost of a small commit. On S3 Delta does not clean up the logs of the stream's tables, as the stream
    does (soundlake.ops.delta_logs).
    """
    statistics = [f"`{c.name}`" for c in table.columns if c.type in ("date", "timestamp")]
    columns = [name for name in statistics if name.strip("`") not in table.partitioned_by]
    return {
        "delta.checkpointInterval": str(COMMITS_A_CHECKPOINT),
        **({"delta.enableExpiredLogCleanup": "false"} if is_on_s3(uri) and table.lease == STREAM_LEASE else {}),
        **(
            {"delta.dataSkippingStatsColumns": ",".join(columns)}
            if columns
            else {"delta.dataSkippingNumIndexedCols": "0"}
        ),
    }


def make_current(spark: SparkSession, lake: Lake, table: Table, row: Mapping[str, Any]) -> None:
    """Add or update the row of a model version and make it the only current one, in one commit.

    `table` has the key `model_version` and the flag `is_current`; `row` has a value for each of its columns.
    """
    values = tuple(row[column] for column in table.column_names)
    (
        lake.delta(spark, table)
        .alias("t")
        .merge(spark.createDataFrame([values], table.ddl).alias("s"), "t.model_version = s.model_version")
        .whenMatchedUpdateAll()
        .whenNotMatchedInsertAll()
        .whenNotMatchedBySourceUpdate("t.is_current", {"is_current": "false"})
        .execute()
    )


def retry_conflicts(write: Callable[[], object]) -> None:
    """Run a write that may be repeated, and retry it when another writer's commit conflicts with it.

    Raises any other error, and the conflict of the last attempt.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            write()
            return
        except (PySparkException, Py4JJavaError) as error:
            if "DELTA_CONCURRENT_" not in str(error) or attempt == ATTEMPTS:
                raise
            _log.info("another commit came first; writing again", attempt=attempt)


def nothing(spark: SparkSession, table: Table) -> DataFrame:
    """No rows, with a table's columns."""
    # From a literal: an empty list from Python costs a job and a Python worker each time it is read.
    return spark.range(1).select(F.lit(None).cast(f"struct<{table.ddl}>").alias("row")).where("false").select("row.*")


def view_of(view: View, *rows: DataFrame) -> DataFrame:
    """The rows of a view over rows of its tables, in the order of `view.tables`."""
    frames: dict[str, Any] = {table.view: frame for table, frame in zip(view.tables, rows, strict=True)}
    return rows[0].sparkSession.sql(view.sql(**{name: f"{{{name}}}" for name in frames}), **frames)


def conform(df: DataFrame, table: Table) -> DataFrame:
    """Select exactly the table's columns, in its order and types, with their comments."""
    return df.select(*_contract(table))


@cache
def _contract(table: Table) -> list[ColumnExpression]:
    # Cached, as each column costs a call to the JVM, and small batches mostly consist of such calls.
    return [
        F.col(column.name).cast(column.type).alias(column.name, metadata={"comment": column.comment})
        for column in table.columns
    ]
