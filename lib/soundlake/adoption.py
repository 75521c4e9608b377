"""Going on without a checkpoint: bronze itself says what was read, and the source is held against it first.

For an ingest checkpoint that is gone, foreign or cut off. What bronze holds is compared with what the source has; where
they fit, a new checkpoint is written whose first batch is done and ends where bronze ends.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from soundlake.checkpoints import bind, move_checkpoint
from soundlake.errors import SoundlakeError
from soundlake.ingest import QUERY
from soundlake.lake import Lake, conform, nothing
from soundlake.sources import Source
from soundlake.storage import Storage
from soundlake.tables import EVENTS


def adopt(spark: SparkSession, lake: Lake, source: Source, name: str, say: Callable[[str], None]) -> None:
    """Give ingest a checkpoint that fits bronze, unless the one it has does; the earlier one is kept beside it.

    `name` is the source as bronze calls it. May die anywhere: then the checkpoint is refused as before, and this can be
    done again. Raises SoundlakeError where bronze is gone, or where the source does not go on where bronze ends.
    """
    try:
        bind(spark, lake, QUERY, EVENTS, writes_each_batch=True)
    except SoundlakeError as refused:
        if not lake.exists(spark, EVENTS):
            raise
        why = str(refused)
    else:
        say("--adopt: the checkpoint belongs to the table, nothing is adopted")
        return
    storage, id_ = Storage(spark), str(uuid.uuid4())
    made = f"{lake.root}/_checkpoints/_adopted/{id_}"
    held = lake.read(spark, EVENTS).where(F.col("source") == name)
    adopted = source.adopt(spark, held, f"{made}/scratch")
    milliseconds = int(time.time() * 1000)
    planned = json.dumps({"batchWatermarkMs": 0, "batchTimestampMs": milliseconds, "conf": {}})
    checkpoint = f"{made}/checkpoint"
    if adopted.log is not None:
        storage.write(f"{checkpoint}/sources/0/0", adopted.log)
    storage.write(f"{checkpoint}/offsets/0", f"v1\n{planned}\n{adopted.offset}")
    storage.write(f"{checkpoint}/commits/0", 'v1\n{"nextBatchWatermarkMs":0}')
    storage.write(f"{checkpoint}/metadata", json.dumps({"id": id_}))
    _write_trace(spark, lake, id_)
    own = lake.checkpoint(QUERY)
    if storage.exists(own):
        storage.copy(own, f"{own}.before-{id_}")
    move_checkpoint(spark, lake, QUERY, EVENTS, checkpoint)
    storage.delete(made)
    say(f"--adopt: {why.partition('. ')[0]}. Going on where bronze ends: {adopted.found}")


def _write_trace(spark: SparkSession, lake: Lake, id_: str) -> None:
    """Let the table know the first batch of the new checkpoint: a commit without rows."""
    rows = conform(nothing(spark, EVENTS), EVENTS)
    trace = {"txnAppId": id_, "txnVersion": "0"}
    rows.write.format("delta").mode("append").options(**trace).save(lake.path(EVENTS))
