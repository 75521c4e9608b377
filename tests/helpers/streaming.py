"""Running a source's stream as the job does, with what it gave collected."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql.streaming import StreamingQuery

from soundlake.sources import Gap, Once, Source
from soundlake.sources.checkpoint import reached_offset, resume_offset

_PATIENCE_SECONDS = 120
_LOOK_AGAIN_SECONDS = 0.05


@dataclass
class Run:
    """One run of a query: the rows of each batch, the gaps it was told of, and what Spark told of its batches."""

    batches: dict[int, list[Row]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    progress: list[Any] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        return [row for rows in self.batches.values() for row in rows]

    @property
    def places(self) -> list[tuple[str, str, str]]:
        return sorted((row["stream"], row["partition"], row["position"]) for row in self.rows)

    @property
    def values(self) -> list[bytes | None]:
        return sorted((row["value"] and bytes(row["value"]) for row in self.rows), key=lambda value: value or b"")


def run_once(spark: SparkSession, source: Source, checkpoint: Path) -> Run:
    """Take all that is there, as `--once` does."""
    run = Run(gaps=source.check_start(spark, resume_offset(spark, str(checkpoint))))

    def collect(batch: DataFrame, number: int) -> None:
        run.batches.setdefault(number, []).extend(batch.collect())

    records = source.read_stream(spark)
    writer = records.writeStream.foreachBatch(collect).option("checkpointLocation", str(checkpoint))
    if source.once is Once.AVAILABLE_NOW:
        query = writer.trigger(availableNow=True).start()
        query.awaitTermination()
        run.progress = query.recentProgress
        return run
    query = writer.trigger(processingTime="0 seconds").start()
    try:
        _await_drained(source, query)
    finally:
        query.stop()
    run.progress = query.recentProgress
    return run


def _await_drained(source: Source, query: StreamingQuery) -> None:
    deadline, asked_of = monotonic() + _PATIENCE_SECONDS, None
    while True:
        if query.exception():
            query.awaitTermination()
        reached = reached_offset(query)
        if reached is not None and reached != asked_of:
            if source.is_drained(reached):
                return
            asked_of = reached
        assert monotonic() < deadline, f"not drained in time: {reached}"
        Event().wait(_LOOK_AGAIN_SECONDS)


def forget_last_commit(checkpoint: Path) -> int:
    """Leave a checkpoint as a crash does between the work and its commit; returns the number of the batch."""
    last = max(int(file.name) for file in (checkpoint / "commits").iterdir() if file.name.isdigit())
    (checkpoint / "commits" / str(last)).unlink()
    (checkpoint / "commits" / f".{last}.crc").unlink(missing_ok=True)
    return last
