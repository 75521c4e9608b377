"""A batch at work: what it knows, what it collects over the kinds, and how it keeps frames and shares work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TypeVar

from pyspark.sql import DataFrame, SparkSession

from soundlake.lake import Lake
from soundlake.ops.accounts import QUERY, Account
from soundlake.refine.writes import BatchWriter
from soundlake.session import for_thread

# Tasks of one batch that run at once: a small write leaves cores idle while the driver plans and commits.
TASKS_AT_ONCE = 4
# Up to so many records, what a batch costs is planning and starting tasks, not computing.
FEW_RECORDS = 10_000
# Generating code for a plan, and again for each task, costs more than interpreting the plan for a few records.
_FOR_FEW = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
# Of many, all that is done by key is done on one sort by id; gathering in hash tables would give up and sort anew.
_FOR_MANY = {"spark.sql.execution.useObjectHashAggregateExec": "false"}
T = TypeVar("T")


@contextmanager
def planned_for(spark: SparkSession, records: int) -> Iterator[None]:
    """Let the session plan for a batch of so many records, for as long as the context lasts."""
    wanted = _FOR_FEW if records <= FEW_RECORDS else _FOR_MANY
    before = {name: str(spark.conf.get(name)) for name in wanted}
    try:
        for name, value in wanted.items():
            spark.conf.set(name, value)
        yield
    finally:
        for name, value in before.items():
            spark.conf.set(name, value)


@dataclass
class Batch:
    """One batch of the query `query_id`; `rejected`, `stamps` and `observed` are written once, for all kinds.

    `query` is the name of the query in its account.
    """

    spark: SparkSession
    lake: Lake
    query_id: str
    batch_id: int
    query: str = QUERY
    rejected: list[DataFrame] = field(default_factory=list)
    stamps: list[DataFrame] = field(default_factory=list)
    observed: list[DataFrame] = field(default_factory=list)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def name(self) -> str:
        """The batch as one text, as rows of refine's own tables carry it."""
        return f"{self.query_id}/{self.batch_id}"

    @cached_property
    def account(self) -> Account:
        """What became of each record."""
        return Account(self.query_id, self.batch_id, self.query, self.started_at)

    @cached_property
    def writer(self) -> BatchWriter:
        """The writer of this batch."""
        return BatchWriter(self.spark, self.lake, self.query_id, self.batch_id)

    def keep(self, df: DataFrame) -> DataFrame:
        """Keep a frame that is read more than once.

        A local checkpoint, no cache: it cuts the plan, and planning is what a small batch spends its time on. Spark
        lets go of it when the frame is collected as garbage.
        """
        return df.localCheckpoint()

    def together(self, *tasks: Callable[[], T]) -> list[T]:
        """Run tasks that touch different tables at the same time; give their results, or raise the first error."""
        with ThreadPoolExecutor(max_workers=TASKS_AT_ONCE) as pool:
            running = [pool.submit(for_thread(self.spark, task)) for task in tasks]
        return [task.result() for task in running]
