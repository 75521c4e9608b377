"""Binding a checkpoint to its table: a query with another checkpoint is refused.

With a new checkpoint, Delta's streaming sink writes again what is there. With an old one, batches have numbers that the
table has seen, and Delta silently skips their writes. So a table property holds the id of its checkpoint. It is set
before anything is written, and compared at each start.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from pyspark.sql import SparkSession

from soundlake.errors import SoundlakeError
from soundlake.lake import Lake
from soundlake.sources.checkpoint import batches
from soundlake.storage import Storage
from soundlake.tables import Table


@dataclass(frozen=True)
class Bound:
    """A query whose checkpoint belongs to its table: its id, and the number of its next batch."""

    query_id: str
    next_batch: int


def bind(spark: SparkSession, lake: Lake, query: str, table: Table, *, writes_each_batch: bool) -> Bound:
    """Check that the checkpoint of a query belongs to a table; create both where neither exists.

    With `writes_each_batch` every batch leaves a transaction in the table, so that a table without the last one is an
    older copy. It may be stopped anywhere; the next start completes it. Raises SoundlakeError where the checkpoint is
    missing, belongs to another table, or one of the two is older than the other.
    """
    storage, checkpoint, property_ = Storage(spark), lake.checkpoint(query), property_name(query)
    found = _query_id(storage, checkpoint)
    if not lake.exists(spark, table):
        if found is not None:
            raise _refused(query, checkpoint, table, "there is a checkpoint, but the table it fed is gone")
        lake.create(spark, table, {property_: str(uuid.uuid4())})
    bound = lake.property(spark, table, property_)
    if bound is None:  # created by another job, without a checkpoint
        if lake.last_batches(spark, table):
            raise _refused(query, checkpoint, table, "the table was fed by a checkpoint that it does not know")
        bound = found or str(uuid.uuid4())
        lake.set_property(spark, table, property_, bound)
    last = lake.last_batches(spark, table).get(bound)
    if found is None and last is not None:
        raise _refused(query, checkpoint, table, "the checkpoint is gone, and the table has records that came by it")
    if found is None:
        storage.write(f"{checkpoint}/metadata", json.dumps({"id": bound}))
    elif found != bound:
        raise _refused(query, checkpoint, table, f"the checkpoint is another one ({found}) than the table's ({bound})")
    planned, done = batches(storage, f"{checkpoint}/offsets"), batches(storage, f"{checkpoint}/commits")
    if last is not None and last > max(planned, default=-1):
        why = f"the checkpoint is cut off or an older copy: the table has its batch {last}, it knows of none after"
        raise _refused(query, checkpoint, table, f"{why} {max(planned, default='the beginning')}")
    if writes_each_batch and done and (last is None or last < max(done)):
        why = f"the table is an older copy: the checkpoint is done with batch {max(done)}, the table ends before"
        raise _refused(query, checkpoint, table, why)
    return Bound(bound, max(done, default=-1) + 1)


def property_name(query: str) -> str:
    """The property of a table that holds the id of the checkpoint that feeds it."""
    return f"soundlake.{query}.checkpoint"


def move_checkpoint(spark: SparkSession, lake: Lake, query: str, table: Table, checkpoint: str) -> None:
    """Replace a query's checkpoint by another one, and bind the table to it.

    No stream may run until this has finished; it may be run again from the start.
    """
    storage, own = Storage(spark), lake.checkpoint(query)
    moved = _query_id(storage, checkpoint)
    assert moved is not None
    storage.delete(own)
    storage.copy(checkpoint, own)
    if lake.property(spark, table, property_name(query)) != moved:
        lake.set_property(spark, table, property_name(query), moved)


def _query_id(storage: Storage, checkpoint: str) -> str | None:
    """The query id in a checkpoint."""
    file = f"{checkpoint}/metadata"
    if not storage.exists(file):
        return None
    try:
        return str(json.loads(storage.read(file))["id"])
    except (ValueError, KeyError, TypeError):
        raise SoundlakeError(f"{file} is not what Spark writes: cut off; put the checkpoint back as it was") from None


def _refused(query: str, checkpoint: str, table: Table, why: str) -> SoundlakeError:
    return SoundlakeError(
        f"{query}: the checkpoint {checkpoint} and the table {table.path} do not belong together: {why}. "
        f"Going on would lose or duplicate records. Restore both from the same moment, {_ways_forward(query)}; "
        "see docs/operations.md, Checkpoints"
    )


def _ways_forward(query: str) -> str:
    if query == "refine":
        return "or rebuild silver and its checkpoint from bronze: run the job rebuild"
    return "or start with --recover-checkpoint, which compares the source with bronze and continues if they agree"
