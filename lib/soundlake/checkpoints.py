"""Which checkpoint belongs to which table: a query that would go on with another one is refused.

With a new checkpoint Delta's streaming sink writes again what is there. With an old one, batches carry numbers that the
table has seen, and Delta passes over their writes without a word. So the table remembers the id of the checkpoint that
feeds it, as a property that is set before anything is written, and both are compared at each start.
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
    """A query whose checkpoint belongs to its table: its id, and the number of the batch it does next."""

    query_id: str
    next_batch: int


def bind(spark: SparkSession, lake: Lake, query: str, table: Table, *, writes_each_batch: bool) -> Bound:
    """Make sure that the checkpoint of a query is the one that feeds a table; create both where neither is there.

    `writes_each_batch` says that every batch leaves a trace in the table, so that a table without the last one's is an
    older copy. May be stopped anywhere: the next start completes it. Raises SoundlakeError for a checkpoint that is
    missing, of another table, or older than the table, and for a table that is older than the checkpoint.
    """
    storage, checkpoint, property_ = Storage(spark), lake.checkpoint(query), property_name(query)
    found = _query_id(storage, checkpoint)
    if not lake.exists(spark, table):
        if found is not None:
            raise _refused(query, checkpoint, table, "there is a checkpoint, but the table it fed is gone")
        lake.create(spark, table, {property_: str(uuid.uuid4())})
    bound = lake.property(spark, table, property_)
    if bound is None:  # made by something else than the stream, so far without a checkpoint
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
    """Put another checkpoint in the place of a query's own, and bind its table to it.

    Nothing may be streamed before this has come to its end; it may be done again from the start.
    """
    storage, own = Storage(spark), lake.checkpoint(query)
    moved = _query_id(storage, checkpoint)
    assert moved is not None
    storage.delete(own)
    storage.copy(checkpoint, own)
    if lake.property(spark, table, property_name(query)) != moved:
        lake.set_property(spark, table, property_name(query), moved)


def _query_id(storage: Storage, checkpoint: str) -> str | None:
    """The id that Spark keeps in a checkpoint."""
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
        f"Going on would lose or double records. Put both back as they were at one moment, {_ways_forward(query)}; "
        "see docs/operations.md, Checkpoints"
    )


def _ways_forward(query: str) -> str:
    if query == "refine":
        return "or make silver and its checkpoint anew from bronze: run the job rebuild"
    return "or start with --recover-checkpoint, which holds the source against bronze and goes on where they fit"
