"""Reading from a query's checkpoint where it resumes and how far it has come."""

from __future__ import annotations

import json

from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQuery

from soundlake.errors import SoundlakeError
from soundlake.storage import Storage


def resume_offset(spark: SparkSession, checkpoint: str) -> str | None:
    """Return the offset, as JSON, at which a query with one source resumes; None for a query that never ran.

    A batch that was planned and not committed is read again, so reading resumes at the last committed one; before the
    first commit, at the beginning that the source resolved when it planned. Raises SoundlakeError for a log that cannot
    be read.
    """
    storage = Storage(spark)
    planned = batches(storage, f"{checkpoint}/offsets")
    if not planned:
        return None
    committed = [number for number in batches(storage, f"{checkpoint}/commits") if number in planned]
    if committed:
        return _offset_of_batch(storage, checkpoint, max(committed))
    return _initial_offset(storage, checkpoint)


def reopened_offset(spark: SparkSession, checkpoint: str) -> str | None:
    """Return the offset, as JSON, at which a query opens its one source when it resumes; None for the beginning.

    Spark asks the source for the last planned batch again, even if it was committed.
    """
    storage = Storage(spark)
    before_last = sorted(batches(storage, f"{checkpoint}/offsets"))[-2:-1]
    return _offset_of_batch(storage, checkpoint, before_last[0]) if before_last else None


def reached_offset(query: StreamingQuery) -> str | None:
    """Return the offset, as JSON, at the end of a query's last batch; None before its first.

    The query has one source, and runs on Spark 4: 3.5 reports progress in another form.
    """
    progress = query.lastProgress
    if progress is None:
        return None
    # Not the property `endOffset`: PySpark 4.1 writes it as Python writes a dict.
    reached = json.loads(progress.sources[0].json)["endOffset"]
    return None if reached is None else json.dumps(reached)


def _offset_of_batch(storage: Storage, checkpoint: str, batch: int) -> str | None:
    path = f"{checkpoint}/offsets/{batch}"
    lines = storage.read(path).splitlines()
    # A version, the batch's metadata, and a line for each source; `-` before its first record.
    if len(lines) != 3 or not lines[0].startswith("v"):
        raise SoundlakeError(
            f"{path} is not what Spark writes for a query with one source: truncated, or of another query"
        )
    return None if lines[2] == "-" else lines[2]


def _initial_offset(storage: Storage, checkpoint: str) -> str | None:
    """The offset at which Spark's Kafka source began."""
    path = f"{checkpoint}/sources/0/0"
    if not storage.exists(path):
        return None
    text = storage.read(path).splitlines()[-1]
    try:
        json.loads(text)
    except ValueError:
        raise SoundlakeError(f"{path} is not what Spark writes: truncated, or of another query") from None
    return text


def batches(storage: Storage, log: str) -> set[int]:
    """Return the numbers of the batches in a log of a checkpoint (its folder `offsets` or `commits`)."""
    return {int(name) for name in storage.names(log) if name.isdigit()}
