"""The second streaming query: from bronze to silver."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming import DataStreamWriter

from soundlake.clusters.assignment import is_assigned, reassign_all
from soundlake.clusters.model import current_model
from soundlake.lake import Lake, retry_conflicts
from soundlake.refine.batch import refine_batch
from soundlake.tables import EVENTS

QUERY = "refine"


def refine_query(spark: SparkSession, lake: Lake, max_bytes: str) -> DataStreamWriter:
    """The query, ready to be given a trigger and started; at most about `max_bytes` of bronze are one batch."""
    lake.create(spark, EVENTS)
    events = spark.readStream.format("delta").option("maxBytesPerTrigger", max_bytes).load(lake.path(EVENTS))
    assigned: set[str] = set()

    def refine(batch: DataFrame, batch_id: int) -> None:
        session = batch.sparkSession
        _assign_new_model(session, lake, assigned)
        query_id = session.sparkContext.getLocalProperty("sql.streaming.queryId")
        assert query_id, "foreachBatch runs inside a streaming query"
        # Maintenance may move files under a write. Doing the batch again is safe, whatever of it was written.
        retry_conflicts(lambda: refine_batch(session, lake, batch, query_id, batch_id))

    return events.writeStream.queryName(QUERY).option("checkpointLocation", lake.checkpoint(QUERY)).foreachBatch(refine)


def _assign_new_model(spark: SparkSession, lake: Lake, assigned: set[str]) -> None:
    """Reassign all tracks when a model was published since the last batch: the stream alone writes them."""
    model = current_model(spark, lake)
    if model is None or model.version in assigned:
        return
    if not is_assigned(spark, lake, model):
        reassign_all(spark, lake, model)
    assigned.add(model.version)
