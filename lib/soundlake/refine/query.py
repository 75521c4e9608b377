"""The streaming query from bronze to silver."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Event
from typing import Protocol

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming import DataStreamWriter, StreamingQuery

from soundlake.clusters.assignment import is_assigned, reassign_all
from soundlake.clusters.model import current_model
from soundlake.errors import SoundlakeError
from soundlake.lake import Lake, retry_conflicts
from soundlake.logs import get_log
from soundlake.refine.batch import Refiner
from soundlake.refine.known import open_index
from soundlake.session import query_id
from soundlake.settings import Settings
from soundlake.tables import CLUSTER_MODELS, EVENTS

QUERY = "refine"
_log = get_log(__name__)
_LOOK_AGAIN_SECONDS = 1
_CAUSE = re.compile(r"^(Caused by: )?([a-z_]+\.)+\w*(Error|Exception|Failure)\w*: ")


class BetweenBatches(Protocol):
    """Work between batches."""

    def kept_away(self) -> AbstractContextManager[None]:
        """A context in which no such work is done."""
        ...

    def do(self, spark: SparkSession) -> None:
        """Do what is due, in the query's session."""
        ...


def refine_query(
    spark: SparkSession,
    lake: Lake,
    settings: Settings,
    into: Lake | None = None,
    counted_as: str = QUERY,
    between: BetweenBatches | None = None,
    check: Callable[[], None] = lambda: None,
) -> DataStreamWriter:
    """The query, without a trigger yet; refine.max_bytes_per_trigger bounds its batches.

    Tables and checkpoint are written to `into`, else to the lake itself. `counted_as` is its name in ops/batches.
    `between` is the work between batches. `check` is called as each batch begins, and may raise to keep it out.
    """
    lake.create(spark, EVENTS)
    made = into or lake
    max_bytes = settings.refine.max_bytes_per_trigger
    events = spark.readStream.format("delta").option("maxBytesPerTrigger", max_bytes).load(lake.path(EVENTS))
    refiner = Refiner(made, open_index(settings, into), settings.refine.driver_records, counted_as)
    assigned: set[int] = set()

    def refine(batch: DataFrame, batch_id: int) -> None:
        check()
        session = batch.sparkSession
        with between.kept_away() if between else nullcontext():
            # Maintenance may move files under a write. A batch may be retried, whatever of it was written.
            retry_conflicts(lambda: refiner.refine(session, batch, query_id(session), batch_id))
            _assign_new_model(session, made, assigned)
        if between:
            between.do(session)

    return events.writeStream.queryName(QUERY).option("checkpointLocation", made.checkpoint(QUERY)).foreachBatch(refine)


def refine_all(spark: SparkSession, query: DataStreamWriter, check: Callable[[], None] = lambda: None) -> None:
    """Refine all of bronze, and wait for it; `check` is called regularly and may raise to stop it.

    Raises SoundlakeError when the query fails.
    """
    pause = Event()
    running = query.trigger(availableNow=True).start()
    try:
        while not running.awaitTermination(_LOOK_AGAIN_SECONDS):
            check()
    except StreamingQueryException as error:
        raise SoundlakeError(explained(running, error)) from None
    finally:
        while running.isActive:  # not by interrupting its batch: see soundlake.gate
            spark.sparkContext.cancelAllJobs()
            pause.wait(_LOOK_AGAIN_SECONDS)


def explained(query: StreamingQuery, error: StreamingQueryException) -> str:
    """Why a query stopped, by its innermost cause: the messages around it say nothing."""
    texts = [str(error)]
    cause: object = error
    # Spark's message of a failed write omits the cause; the chain of exceptions has it.
    while (cause := getattr(cause, "_cause", None)) is not None:
        texts.append(str(cause))
    lines = [line.strip() for text in texts for line in text.splitlines()]
    causes = [line for line in lines if _CAUSE.match(line)]
    return f"the query {query.name} stopped: {causes[-1] if causes else lines[0]}"


def _assign_new_model(spark: SparkSession, lake: Lake, looked_at: set[int]) -> None:
    """Reassign all tracks when a model was published since the last batch; only the stream writes them.

    `looked_at` are versions of the table of models: it is read only when it has changed, as that costs jobs.
    """
    version = lake.version(spark, CLUSTER_MODELS)
    if version in looked_at:
        return
    model = current_model(spark, lake)
    if model is not None and not is_assigned(spark, lake, model):
        _log.info("assigning all tracks to a new model", model=model.version)
        reassign_all(spark, lake, model)
    looked_at.add(version)
