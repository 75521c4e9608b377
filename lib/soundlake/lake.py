"""A lake: one URI under which every table and checkpoint has its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column as ColumnExpression
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.tables import Table

ATTEMPTS = 5  # at a write that conflicts with another


@dataclass(frozen=True)
class Lake:
    """The tables below one URI (a local path, `s3://…` or `s3a://…`)."""

    uri: str

    def path(self, table: Table) -> str:
        """Where a table stands."""
        return f"{self.uri}/{table.path}"

    def checkpoint(self, query: str) -> str:
        """Where a streaming query keeps its progress."""
        return f"{self.uri}/_checkpoints/{query}"

    def exists(self, spark: SparkSession, table: Table) -> bool:
        """Whether the table has been created."""
        return DeltaTable.isDeltaTable(spark, self.path(table))

    def create(self, spark: SparkSession, table: Table) -> None:
        """Create the empty table, with its comments and layout, unless it is there."""
        if self.exists(spark, table):
            return
        builder = DeltaTable.createIfNotExists(spark).location(self.path(table)).comment(table.comment)
        for column in table.columns:
            builder = builder.addColumn(column.name, column.type, comment=column.comment)
        if table.partitioned_by:
            builder = builder.partitionedBy(*table.partitioned_by)
        builder.execute()

    def read(self, spark: SparkSession, table: Table) -> DataFrame:
        """The table as it is now; an empty frame of the declared schema when it is not there yet."""
        if not self.exists(spark, table):
            return spark.createDataFrame([], table.ddl)
        return spark.read.format("delta").load(self.path(table))

    def delta(self, spark: SparkSession, table: Table) -> DeltaTable:
        """The table as something that can be merged into; raises AnalysisException when it is not there."""
        return DeltaTable.forPath(spark, self.path(table))


def retry_conflicts(write: Callable[[], None]) -> None:
    """Do a write that may be repeated; again, when another writer's commit came between, a few times.

    Raises what the write raises when it is no conflict, or when conflicts do not end.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return write()
        except (PySparkException, Py4JJavaError) as error:
            if "DELTA_CONCURRENT_" not in str(error) or attempt == ATTEMPTS:
                raise


def conform(df: DataFrame, table: Table) -> DataFrame:
    """Exactly the table's columns, in its order and types, with their comments."""
    return df.select(*_contract(table))


@cache
def _contract(table: Table) -> list[ColumnExpression]:
    # Kept, because making columns costs a call to the JVM for each, and small batches are made of such calls.
    return [
        F.col(column.name).cast(column.type).alias(column.name, metadata={"comment": column.comment})
        for column in table.columns
    ]
