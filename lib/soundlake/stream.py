"""The main job: the streaming queries, once or until stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming import StreamingQuery

from soundlake.checkpoint_recovery import recover_checkpoint
from soundlake.checkpoints import bind
from soundlake.errors import SoundlakeError
from soundlake.gate import Gate, is_kept_out, without_traces
from soundlake.ingest import QUERY as INGEST
from soundlake.ingest import ingest_query
from soundlake.lake import Lake, retry_conflicts
from soundlake.lease import Lease, lease
from soundlake.logs import get_log
from soundlake.ops.gaps import record_gaps
from soundlake.ops.registering import registering
from soundlake.ops.reporting import reporting
from soundlake.ops.start import make_ready
from soundlake.progress import doing
from soundlake.recommend.model import current_model
from soundlake.recommend.rerank import rerank_query
from soundlake.refine.apply import apply_changes
from soundlake.refine.query import QUERY as REFINE
from soundlake.refine.query import explained, refine_query
from soundlake.settings import Settings
from soundlake.sources import Once, Source, check_once, open_source
from soundlake.sources.checkpoint import reached_offset, resume_offset
from soundlake.stream_work import StreamWork
from soundlake.tables import BATCHES, EVENTS

JOB = "stream"
_LOOK_AGAIN_SECONDS = 0.2
_log = get_log(__name__)
# A batch every few seconds makes thousands of files a day. After fifty new ones Delta compacts a partition's small
# files, in a commit of its own; files above half of this size stay, or it would rewrite a whole day again and again.
TIDYING = {
    "spark.databricks.delta.autoCompact.enabled": "true",
    "spark.databricks.delta.autoCompact.maxFileSize": str(32 * 1024 * 1024),
}


def run(spark: SparkSession, settings: Settings, once: bool, recovers_checkpoint: bool = False) -> bool:
    """Run ingest and refine on a lake, and rerank the recommendations of users with new plays.

    With `once`, process what is there and return. Otherwise run until SIGTERM or SIGINT, finish the current batches,
    and return. With `recovers_checkpoint`, a lost checkpoint of ingest is written again from bronze first. Returns
    whether nothing was left undone: False where `once` was told to stop. Raises SoundlakeError when a query fails, or
    when another process writes the lake.
    """
    ingested, refined, ranked = Gate(), Gate(), Gate()
    with lease(settings, JOB) as held, stop_asked() as stop, registering(spark, settings):
        lake = Lake(settings.lake.uri, held.check)
        make_ready(spark, lake, settings, held.check)
        for name, value in TIDYING.items():
            spark.conf.set(name, value)
        source = open_source(settings)
        if once:
            check_once(source, f"source.type {settings.source.type}")
        if recovers_checkpoint:
            recover_checkpoint(spark, lake, source, settings.source.type)
        records = _records(spark, lake, source)
        ingest = ingest_query(spark, lake, records, settings.source.max_record_bytes, ingested.check)
        work = StreamWork(lake, settings)
        refine = refine_query(spark, lake, settings, between=work, check=refined.check)
        # Created before refine runs, so that it starts with the plays from here on.
        rerank = rerank_query(spark, lake, settings, ranked.check) if not once or current_model(spark, lake) else None
        wait = partial(_await, spark, stop, held, source)
        _log.info("started", lake=lake.uri, source=settings.source.type, once=once)
        if not once:
            interval = settings.trigger.interval
            running = [query.trigger(processingTime=interval).start() for query in (ingest, refine)]
            assert rerank
            running.append(rerank.trigger(processingTime=settings.recommend.interval).start())
            with reporting(spark, lake, settings):
                wait(running, (ingested, refined, ranked), meanwhile=partial(work.rest, spark))
            return True
        if source.once is Once.UNTIL_DRAINED:
            wait([ingest.trigger(processingTime="0 seconds").start()], [ingested], _is_drained(source))
        else:
            wait([ingest.trigger(availableNow=True).start()], [ingested])
        if not stop.is_set():
            wait([refine.trigger(availableNow=True).start()], [refined])
        if not stop.is_set():
            held.check()
            with doing("applying changes"):
                retry_conflicts(partial(apply_changes, spark, lake))
        if rerank and not stop.is_set():
            wait([rerank.trigger(availableNow=True).start()], [ranked])
        return not stop.is_set()


def _records(spark: SparkSession, lake: Lake, source: Source) -> DataFrame:
    """The source's stream, after checking that both checkpoints belong to the lake and recording the source's gaps."""
    bind(spark, lake, REFINE, BATCHES, writes_each_batch=False)
    ingest = bind(spark, lake, INGEST, EVENTS, writes_each_batch=True)
    gaps = source.check_start(spark, resume_offset(spark, lake.checkpoint(INGEST)))
    if gaps:
        record_gaps(spark, lake, INGEST, ingest.query_id, ingest.next_batch, gaps)
    return source.read_stream(spark)


@contextmanager
def stop_asked() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set within the context."""
    stop = threading.Event()
    earlier = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _await(
    spark: SparkSession,
    stop: threading.Event,
    held: Lease,
    source: Source,
    queries: list[StreamingQuery],
    gates: Sequence[Gate],
    is_done: Callable[[StreamingQuery], bool] = lambda _: False,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Wait until all queries have ended or are done, or a stop is requested; then close the gates and let batches end.

    `meanwhile` is called regularly while they run. When the lease is lost, the current batches are cancelled: another
    driver may be about to run them.
    """
    try:
        while any(query.isActive for query in queries) and not stop.is_set() and not held.is_lost:
            if any(query.exception() for query in queries) or all(is_done(query) for query in queries):
                break
            meanwhile()
            stop.wait(_LOOK_AGAIN_SECONDS)
    finally:
        if stop.is_set():
            _log.info("stopping after the current batches")
        for gate in gates:
            gate.close()
        with without_traces(spark):
            for query in queries:
                _finish(spark, query, held)
    held.check()
    for query in queries:
        if (error := query.exception()) and not is_kept_out(error):
            raise SoundlakeError(source.explain(str(error)) or explained(query, error))


def _is_drained(source: Source) -> Callable[[StreamingQuery], bool]:
    """Whether a query has processed everything that was there; the source is asked once after each batch."""
    asked: list[str] = []

    def is_drained(query: StreamingQuery) -> bool:
        reached = reached_offset(query)
        if reached is None or reached in asked:
            return False
        asked[:] = [reached]
        return source.is_drained(reached)

    return is_drained


def _finish(spark: SparkSession, query: StreamingQuery, held: Lease) -> None:
    """Stop a query, whose gate is closed, after its batch, or at once when the lease is lost."""
    pause = threading.Event()
    while query.isActive and query.status["isTriggerActive"]:
        if held.is_lost:
            spark.sparkContext.cancelAllJobs()
        pause.wait(_LOOK_AGAIN_SECONDS)
    query.stop()
