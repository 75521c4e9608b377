"""The main job: both streaming queries, once or for good."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession
from pyspark.sql.streaming import StreamingQuery

from soundlake.errors import SoundlakeError
from soundlake.ingest import ingest_query
from soundlake.lake import Lake
from soundlake.ops.lease import lease
from soundlake.refine.query import refine_query
from soundlake.settings import Settings
from soundlake.sources import open_source

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
        records = open_source(settings).read_stream(spark)
        ingest = ingest_query(spark, lake, records)
        refine = refine_query(spark, lake, settings.refine.max_bytes_per_trigger)
        if once:
            for query in (ingest, refine):
                _await([query.trigger(availableNow=True).start()], stop)
        else:
            interval = settings.trigger.interval
            _await([query.trigger(processingTime=interval).start() for query in (ingest, refine)], stop)


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


def _await(queries: list[StreamingQuery], stop: threading.Event) -> None:
    """Wait until all queries have ended, or until a stop is asked for; then let each finish its batch."""
    try:
        while any(query.isActive for query in queries) and not stop.is_set():
            if any(query.exception() for query in queries):
                break
            stop.wait(_LOOK_AGAIN_SECONDS)
    finally:
        for query in queries:
            _finish(query)
    for query in queries:
        if error := query.exception():
            raise SoundlakeError(_explained(query, error))


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
