"""The main job: both streaming queries, once or for good."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming import StreamingQuery

from soundlake.checkpoints import bind
from soundlake.errors import SoundlakeError
from soundlake.ingest import QUERY as INGEST
from soundlake.ingest import ingest_query
from soundlake.lake import Lake
from soundlake.ops.gaps import record_gaps
from soundlake.ops.lease import lease
from soundlake.refine.query import QUERY as REFINE
from soundlake.refine.query import refine_query
from soundlake.settings import Settings
from soundlake.sources import Once, Source, check_once, open_source
from soundlake.sources.checkpoint import resume_offset
from soundlake.tables import BATCHES, EVENTS

JOB = "stream"
_CAUSE = re.compile(r"^(Caused by: )?([a-z_]+\.)+\w*(Error|Exception|Failure)\w*: ")
_LOOK_AGAIN_SECONDS = 0.2


def run(spark: SparkSession, settings: Settings, once: bool) -> None:
    """Run ingest and refine on a lake.

    With `once`, take all that is there and return. Otherwise run until SIGTERM or SIGINT, finish the batches at work,
    and return. Raises SoundlakeError when a query fails, or when another process streams into the lake.
    """
    lake = Lake(settings.lake.uri)
    with lease(lake, JOB), stop_asked() as stop:
        source = open_source(settings)
        if once:
            check_once(source, f"source.type {settings.source.type}")
        records = _records(spark, lake, source)
        ingest = ingest_query(spark, lake, records)
        refine = refine_query(spark, lake, settings.refine.max_bytes_per_trigger)
        if not once:
            interval = settings.trigger.interval
            _await([query.trigger(processingTime=interval).start() for query in (ingest, refine)], stop, source)
            return
        if source.once is Once.UNTIL_DRAINED:
            _await([ingest.trigger(processingTime="0 seconds").start()], stop, source, _is_drained(source))
        else:
            _await([ingest.trigger(availableNow=True).start()], stop, source)
        if not stop.is_set():
            _await([refine.trigger(availableNow=True).start()], stop, source)


def _records(spark: SparkSession, lake: Lake, source: Source) -> DataFrame:
    """The source's stream, when both checkpoints are the lake's own, and what the source has lost is written down."""
    bind(spark, lake, REFINE, BATCHES, writes_each_batch=False)
    ingest = bind(spark, lake, INGEST, EVENTS, writes_each_batch=True)
    gaps = source.check_start(spark, resume_offset(spark, lake.checkpoint(INGEST)))
    if gaps:
        record_gaps(spark, lake, INGEST, ingest.query_id, ingest.next_batch, gaps)
    return source.read_stream(spark)


@contextmanager
def stop_asked() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set for as long as the context lasts."""
    stop = threading.Event()
    earlier = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _await(
    queries: list[StreamingQuery],
    stop: threading.Event,
    source: Source,
    is_done: Callable[[StreamingQuery], bool] = lambda _: False,
) -> None:
    """Wait until all queries have ended or are done, or until a stop is asked for; then let each finish its batch."""
    try:
        while any(query.isActive for query in queries) and not stop.is_set():
            if any(query.exception() for query in queries) or all(is_done(query) for query in queries):
                break
            stop.wait(_LOOK_AGAIN_SECONDS)
    finally:
        for query in queries:
            _finish(query)
    for query in queries:
        if error := query.exception():
            raise SoundlakeError(source.explain(str(error)) or _explained(query, error))


def _is_drained(source: Source) -> Callable[[StreamingQuery], bool]:
    """Whether a query has taken all that was there; the source is asked once after each batch."""
    asked: list[str] = []

    def is_drained(query: StreamingQuery) -> bool:
        progress = query.lastProgress
        reached = progress.sources[0].endOffset if progress else None
        if reached is None or reached in asked:
            return False
        asked[:] = [reached]
        return source.is_drained(reached)

    return is_drained


def _finish(query: StreamingQuery) -> None:
    """Stop a query between two batches."""
    pause = threading.Event()
    at_work = _last_batch(query)
    while query.isActive and query.status["isTriggerActive"] and _last_batch(query) == at_work:
        pause.wait(_LOOK_AGAIN_SECONDS)
    query.stop()


def _last_batch(query: StreamingQuery) -> int | None:
    progress = query.lastProgress
    return progress["batchId"] if progress else None


def _explained(query: StreamingQuery, error: StreamingQueryException) -> str:
    """What happened, in the words of the innermost cause: what Spark and Python wrap around it says nothing."""
    lines = [line.strip() for line in str(error).splitlines()]
    causes = [line for line in lines if _CAUSE.match(line)]
    return f"the query {query.name} stopped: {causes[-1] if causes else lines[0]}"
