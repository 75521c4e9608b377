"""Recovering the checkpoint of ingest from bronze: `stream --recover-checkpoint`.

For a checkpoint that is lost, damaged or another lake's. The records in bronze are compared with those of the source;
where they agree, a new checkpoint is written whose first batch is done and ends where bronze ends.
"""

from __future__ import annotations

import json
import time
import uuid

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from soundlake.checkpoints import bind, move_checkpoint
from soundlake.errors import SoundlakeError
from soundlake.ingest import QUERY
from soundlake.lake import Lake, nothing
from soundlake.logs import get_log
from soundlake.sources import Source
from soundlake.storage import Storage
from soundlake.tables import EVENTS
from soundlake.writes import append

_log = get_log(__name__)


def recover_checkpoint(spark: SparkSession, lake: Lake, source: Source, name: str) -> None:
    """Write a checkpoint of ingest that fits bronze, unless there is one; the earlier one is kept beside it.

    `name` is the source as bronze calls it. It may die anywhere: the checkpoint is then refused as before, and this can
    be run again. Raises SoundlakeError where bronze is gone, or the source does not continue where bronze ends.
    """
    try:
        bind(spark, lake, QUERY, EVENTS, writes_each_batch=True)
    except SoundlakeError as refused:
        if not lake.exists(spark, EVENTS):
            raise
        why = str(refused)
    else:
        _log.warning("the checkpoint belongs to the table, there is nothing to recover")
        return
    storage, id_ = Storage(spark), str(uuid.uuid4())
    made = f"{lake.root}/_checkpoints/_recovered/{id_}"
    held = lake.read(spark, EVENTS).where(F.col("source") == name)
    recovered = source.recover_checkpoint(spark, held, f"{made}/scratch")
    milliseconds = int(time.time() * 1000)
    planned = json.dumps({"batchWatermarkMs": 0, "batchTimestampMs": milliseconds, "conf": {}})
    checkpoint = f"{made}/checkpoint"
    if recovered.log is not None:
        storage.write(f"{checkpoint}/sources/0/0", recovered.log)
    storage.write(f"{checkpoint}/offsets/0", f"v1\n{planned}\n{recovered.offset}")
    storage.write(f"{checkpoint}/commits/0", 'v1\n{"nextBatchWatermarkMs":0}')
    storage.write(f"{checkpoint}/metadata", json.dumps({"id": id_}))
    # The first batch of the new checkpoint, recorded in the table by a commit without rows.
    append(lake, EVENTS, nothing(spark, EVENTS), txnAppId=id_, txnVersion="0")
    own = lake.checkpoint(QUERY)
    if storage.exists(own):
        storage.copy(own, f"{own}.before-{id_}")
    move_checkpoint(spark, lake, QUERY, EVENTS, checkpoint)
    storage.delete(made)
    _log.warning("recovered the checkpoint where bronze ends", reason=why.partition(". ")[0], found=recovered.found)
