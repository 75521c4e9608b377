"""One batch of refine, from bronze rows to the tables that it appends to.

First every record is judged, then all tables are appended to in parallel; `Refiner.appends` and `Refiner._append` say
which wait for another. A batch that fails is retried with the same records. It ignores its own stamps, so it judges as
the first time, and its appends carry the batch's number, so Delta skips those that succeeded. Existing rows are never
changed: what would change one is appended to silver/changes, and applied between two batches (soundlake.refine.apply).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.clusters.model import ClusterModel, current_model
from soundlake.clusters.scoring import score
from soundlake.core.decode import READ
from soundlake.core.schema import arrow_schema, table_of
from soundlake.core.schema_drift import FirstSeen
from soundlake.frames import collect, frame_of
from soundlake.lake import Lake
from soundlake.logs import get_log
from soundlake.progress import count, doing
from soundlake.refine.batch_metrics import QUERY, batch_row, totals
from soundlake.refine.cluster import judge_on_workers
from soundlake.refine.driver import judge_here
from soundlake.refine.known import Known
from soundlake.refine.result import Result
from soundlake.session import run_in_parallel
from soundlake.tables import (
    BATCHES,
    CHANGES,
    CLUSTER_MODELS,
    PLAYLIST_FETCHES,
    REJECTED,
    TRACK_CLUSTERS,
    TRACK_FEATURES,
    UNKNOWN_FIELDS,
    Table,
)
from soundlake.writes import BatchWriter

Write = Callable[[], None]
_TOO_LARGE = "spark.driver.maxResultSize"  # in Spark's message that a result is larger
_log = get_log(__name__)


@dataclass
class Refiner:
    """Refines batches of bronze rows into a lake; its state between batches is only a cache of the tables.

    Batches of up to `driver_records` records are judged on the driver, larger ones by Spark's workers.
    """

    lake: Lake
    known: Known
    driver_records: int
    query: str = QUERY
    _reported: Set[tuple[str, str]] | None = None
    _models: dict[int, ClusterModel | None] = field(default_factory=dict)

    def refine(self, spark: SparkSession, events: DataFrame, query_id: str, batch_id: int) -> None:
        """Judge the records of a batch, and append the resulting rows and its row of ops/batches.

        Raises what Spark raises; the batch is then retried.
        """
        started_at = datetime.now(UTC)
        writer = BatchWriter(self.lake, query_id, batch_id)
        with doing(f"batch {batch_id} of {self.query}"), self.judged(spark, events, writer.batch) as result:
            if not result.counts:
                return
            row = partial(batch_row, self.query, query_id, batch_id, started_at, result.counts)
            writes: list[Write] = [*self.appends(spark, writer, result), partial(append_batch_row, spark, writer, row)]
            run_in_parallel(spark, writes)
        self._reported = self._reported_fields(spark) | result.unknown_fields.keys()
        seconds = (datetime.now(UTC) - started_at).total_seconds()
        found = totals(result.counts)
        count("records", found["read"])
        _log.info("refined", query=self.query, batch=batch_id, seconds=seconds, **found)

    @contextmanager
    def judged(self, spark: SparkSession, events: DataFrame, batch: str) -> Iterator[Result]:
        """The result of a batch of bronze rows; its frames are valid within the context."""
        self.known.catch_up(batch)
        read = events.select(*[name for name in READ if name in events.columns])
        reported = self._reported_fields(spark)
        few = self._few(read)
        if few is not None:
            yield judge_here(spark, few, self.known, batch, reported)
            return
        with judge_on_workers(spark, read, self.known, batch, reported) as result:
            yield result

    def _few(self, read: DataFrame) -> pa.Table | None:
        """The records of a small batch; None where they are many, or too large for the driver together."""
        try:
            few = collect(read.limit(self.driver_records + 1))
        except Exception as error:  # Spark has no class of its own for it
            if _TOO_LARGE not in str(error):
                raise
            return None
        return few if len(few) <= self.driver_records else None

    def appends(self, spark: SparkSession, writer: BatchWriter, result: Result) -> list[Write]:
        """The writes of the tables of a result, without ops/batches; they may run in any order."""
        # Applying a change of a snapshot needs the snapshot's entries. If the change were written first and the batch
        # died, the change would be applied to no entries, and cleared.
        in_order = [table for table in (PLAYLIST_FETCHES, CHANGES) if table in result.rows]
        groups = [in_order, *([table] for table in result.rows if table not in in_order)]
        writes = [partial(self._append_all, spark, writer, [(t, result.rows[t]) for t in one]) for one in groups if one]
        unknown = result.unknown_fields
        return [*writes, *([partial(_report, spark, writer, unknown)] if unknown else [])]

    def _append_all(self, spark: SparkSession, writer: BatchWriter, rows: list[tuple[Table, DataFrame]]) -> None:
        for table, own in rows:
            self._append(spark, writer, table, own)

    def _append(self, spark: SparkSession, writer: BatchWriter, table: Table, rows: DataFrame) -> None:
        if table is REJECTED:
            rows = rows.withColumn("rejected_at", F.current_timestamp())
        if "batch" in table.column_names:
            rows = rows.withColumn("batch", F.lit(writer.batch))
        writer.append(table, rows)
        if table is TRACK_FEATURES and (model := self._model(spark)) is not None:
            # After the features: a reassignment of all tracks notes the batches that the features have.
            self.lake.create(spark, TRACK_CLUSTERS)
            writer.append(TRACK_CLUSTERS, rows.transform(score(model)))

    def _model(self, spark: SparkSession) -> ClusterModel | None:
        """The current model of clusters; the table is read only when it has changed."""
        version = self.lake.version(spark, CLUSTER_MODELS)
        if version not in self._models:
            self._models = {version: current_model(spark, self.lake)}
        return self._models[version]

    def _reported_fields(self, spark: SparkSession) -> Set[tuple[str, str]]:
        if self._reported is None:
            rows = self.lake.read(spark, UNKNOWN_FIELDS).select("kind", "field").collect()
            self._reported = {(row["kind"], row["field"]) for row in rows}
        return self._reported


def _report(spark: SparkSession, writer: BatchWriter, unknown: Mapping[tuple[str, str], FirstSeen]) -> None:
    """Append fields that no kind reads to ops/unknown_fields."""
    now = datetime.now(UTC)
    rows: list[dict[str, object]] = [
        {"kind": kind, "field": name, "first_seen_at": now, **seen._asdict()} for (kind, name), seen in unknown.items()
    ]
    writer.append(UNKNOWN_FIELDS, frame_of(spark, table_of(arrow_schema(UNKNOWN_FIELDS), rows), UNKNOWN_FIELDS.ddl))


def append_batch_row(spark: SparkSession, writer: BatchWriter, row: Callable[[], dict[str, object]]) -> None:
    """Append the row of a batch to ops/batches."""
    writer.append(BATCHES, frame_of(spark, table_of(arrow_schema(BATCHES), [row()]), BATCHES.ddl))
