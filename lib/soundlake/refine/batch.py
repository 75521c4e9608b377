"""One batch of refine, from bronze rows to every table it touches.

First every record is judged, then all tables are written, side by side and in no order. A batch that dies anywhere is
done again with the same records. It leaves out its own stamps, so it judges as the first time; appends carry the
batch's id, so Delta passes over those that were made; merges of the same rows change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial, reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.kinds import KINDS
from soundlake.kinds.kind import Kind
from soundlake.lake import Lake
from soundlake.ops.accounts import QUERY, REJECTED
from soundlake.refine.candidates import candidates
from soundlake.refine.envelope import flaw_of_unread, says_kind
from soundlake.refine.history import raise_observations
from soundlake.refine.keyed import Write, judge_keyed
from soundlake.refine.playlist_items import judge_playlist_items
from soundlake.refine.rejects import rejected_rows
from soundlake.refine.unknown_fields import Reported, look_for_unknown
from soundlake.refine.work import FEW_RECORDS, Batch, planned_for
from soundlake.refine.writes import within
from soundlake.tables import BATCHES, POPULARITY_HISTORY, STAMPS
from soundlake.tables import REJECTED as REJECTED_TABLE

UNKNOWN = "unknown"


def refine_batch(
    spark: SparkSession,
    lake: Lake,
    events: DataFrame,
    query_id: str,
    batch_id: int,
    query: str = QUERY,
    reported: Reported | None = None,
) -> None:
    """Judge the records of a batch of bronze rows and write what they say; the account names the `query`.

    Fields that no table takes are reported, unless they are `reported`; that may be kept from batch to batch.

    Raises what Spark raises; then nothing is acknowledged, and the same batch is done again.
    """
    batch = Batch(spark, lake, query_id, batch_id, query)

    def write(writes: list[Write]) -> None:
        batch.together(*writes, *gathered(batch, _write_rejected, write_account))

    process(batch, events, write, reported or Reported())


def process(
    batch: Batch, events: DataFrame, write: Callable[[list[Write]], object], reported: Reported | None = None
) -> None:
    """Judge the records of a batch, then let `write` do what they ask for; nothing is written before.

    `write` is given what writes the kinds' tables, and with `reported` what reports unknown fields. It is not called
    when there are no records.
    """
    opened = batch.keep(says_kind(events))
    records: dict[str | None, int] = dict(opened.groupBy("record_kind").count().collect())
    if not records:
        return
    with planned_for(batch.spark, sum(records.values())):
        judging = [
            partial(_judge_kind, batch, opened, kind, records[kind.name])
            for kind in KINDS.values()
            if kind.name in records
        ]
        unread = [partial(_reject_unread, batch, opened)] if records.keys() - KINDS.keys() else []
        few = opened.coalesce(1) if sum(records.values()) <= FEW_RECORDS else opened
        looking = [partial(look_for_unknown, batch, few, reported)] if reported else []
        ahead = [partial(_look_ahead, batch, records.keys())] if few is not opened else []
        write([write for write in batch.together(*ahead, *unread, *judging, *looking) if write])


def _look_ahead(batch: Batch, kinds: Collection[str | None]) -> None:
    """Let Delta work out the state of the tables that will be read or written, while one task parses the records.

    It keeps it, and would do it on the way of the batch otherwise, table by table.
    """
    for table in (STAMPS, *[KINDS[kind].table for kind in kinds if kind in KINDS], BATCHES):
        batch.lake.last_batches(batch.spark, table)


def gathered(batch: Batch, *more: Callable[[Batch], None]) -> list[Write]:
    """What writes the tables that several kinds fill."""
    return [partial(write, batch) for write in (_write_history, _write_stamps, *more)]


def _judge_kind(batch: Batch, opened: DataFrame, kind: Kind, records: int) -> Write | None:
    own = opened.where(F.col("record_kind") == kind.name)
    is_small = records <= FEW_RECORDS
    # In one partition nothing has to be shuffled, and one file is written.
    found = candidates(kind, own.coalesce(1) if is_small else own)
    if not kind.is_keyed:
        return judge_playlist_items(batch, kind, batch.keep(found))
    # Records of one key side by side: judging and folding shuffle no more.
    return judge_keyed(batch, kind, batch.keep(found if is_small else found.repartition("id")), is_small)


def _reject_unread(batch: Batch, opened: DataFrame) -> None:
    """Reject what is of no known kind: the topic's kind is all there is to count it under."""
    is_unread = F.col("record_kind").isNull() | ~F.col("record_kind").isin(*KINDS)
    said = F.coalesce("record_kind", "kind")
    flawed = batch.keep(opened.where(is_unread).transform(flaw_of_unread).withColumn("record_kind", said))
    batch.rejected.append(rejected_rows(flawed))
    for kind, count in flawed.groupBy("record_kind").count().collect():
        batch.account.count(kind if kind in KINDS else UNKNOWN, REJECTED, count)


def _write_rejected(batch: Batch) -> None:
    if batch.rejected:
        batch.writer.append(REJECTED_TABLE, reduce(DataFrame.unionByName, batch.rejected))


def _write_stamps(batch: Batch) -> None:
    if batch.stamps:
        stamps = reduce(DataFrame.unionByName, batch.stamps)
        batch.writer.append(STAMPS, stamps.withColumn("batch", F.lit(batch.name)))


def _write_history(batch: Batch) -> None:
    if not batch.observed:
        return
    observed = batch.keep(reduce(DataFrame.unionByName, batch.observed))
    bounds = observed.agg(F.min("observed_on"), F.max("observed_on")).first()
    assert bounds is not None  # an aggregate without groups has one row
    if bounds[0] is None:
        return
    current = batch.lake.read(batch.spark, POPULARITY_HISTORY).where(within("observed_on", *bounds))
    changes = batch.keep(raise_observations(observed, current))
    parts = {row["is_new"] for row in changes.select("is_new").distinct().collect()}
    if True in parts:
        batch.writer.append(POPULARITY_HISTORY, changes.where("is_new").sort("observed_on"))
    if False in parts:
        batch.writer.upsert(POPULARITY_HISTORY, changes.where("NOT is_new"), within("t.observed_on", *bounds))


def write_account(batch: Batch) -> None:
    """Append the account of a batch; Delta passes over it when it is there."""
    # One literal, no rows from Python: those would cost a job of their own.
    account = F.from_json(F.lit(batch.account.as_json()), BATCHES.ddl).alias("account")
    batch.writer.append(BATCHES, batch.spark.range(1, numPartitions=1).select(account).select("account.*"))
