"""Clearing: deleting the rows that say nothing any more, dominated stamps and superseded playlist fetches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from soundlake.frames import conf_set, kept
from soundlake.kinds import KINDS
from soundlake.lake import Lake
from soundlake.refine.snapshots import DAY
from soundlake.refine.stamp_log import ONLY_DOMINATED
from soundlake.tables import PLAYLIST_FETCHES, STAMPS, Table

_FEW_KEYS = 1_000_000  # 16 bytes each
_USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"
_KEY_SEPARATOR = "\x1f"


def drop_dominated_stamps(spark: SparkSession, lake: Lake) -> bool:
    """Delete dominated stamps (see `dominated`); returns whether there were any."""
    stamps = lake.read(spark, STAMPS)
    with kept(stamps.groupBy("key").count().where("count > 1").select("key")) as several:
        found = several.count()
        if not found:
            return False
        # Mostly they are few: sent to all workers, they save the shuffle of all other stamps.
        keys = F.broadcast(several) if found <= _FEW_KEYS else several
        own = stamps.join(keys, on="key", how="left_semi").select(*stamps.columns)
        gone = own.transform(partial(settled, table=stamps)).transform(dominated)
        # The stamp index need not be rebuilt: its answers stay right.
        with conf_set(spark, _USER_METADATA, ONLY_DOMINATED):
            return _delete(spark, lake, STAMPS, gone, ("entity", "id", "rank", "fields", "batch"))


def settled(rows: DataFrame, table: DataFrame | None = None) -> DataFrame:
    """The rows (column batch) of batches that have certainly ended: a later batch of their query exists.

    `table` has all rows, where `rows` are some of them.

    An unfinished batch ignores its own rows when it is retried. If these had made older rows dominated and deleted,
    nothing would be known of their keys, and their rows would be appended a second time.
    """
    query = F.substring_index("batch", "/", 1)
    number = F.expr("try_cast(substring_index(batch, '/', -1) AS bigint)")  # Column.try_cast is newer than Spark 3.5
    last = (rows if table is None else table).groupBy(query.alias("query_")).agg(F.max(number).alias("last_"))
    numbered = rows.withColumns({"query_": query, "number_": number})
    ended = numbered.join(F.broadcast(last), on="query_", how="inner").where(F.col("number_") < F.col("last_"))
    return ended.drop("query_", "number_", "last_")


def dominated(stamps: DataFrame) -> DataFrame:
    """The dominated stamps: for each group that they fill, the key has a better stamp.

    Better means of a higher grade, or higher-ranked in the same grade. Of equal stamps from two batches one is kept; a
    stamp that one batch wrote twice counts as one, and is deleted or kept as one.
    """
    key = ("entity", "id", "on_date")
    thing = Window.partitionBy(*key)
    higher = thing.orderBy(F.col("rank").desc(), F.col("batch").desc())
    above = F.coalesce(F.bit_or("fields").over(higher.rowsBetween(Window.unboundedPreceding, -1)), F.lit(0))
    # A stamp has the bits of its grade in a group and of all lower ones; only the bit of its grade counts.
    graded = _bits_below_others()
    best = F.col("fields").bitwiseAND(F.bitwise_not(F.shiftright("fields", 1).bitwiseAND(graded)))
    has_better = F.shiftright(F.bit_or("fields").over(thing), 1).bitwiseAND(graded)
    return (
        stamps.dropDuplicates([*key, "rank", "fields", "batch"])
        .withColumn("adds", best.bitwiseAND(F.bitwise_not(above.bitwiseOR(has_better))))
        .where("adds = 0")
        .select(*stamps.columns)
    )


def _bits_below_others() -> Column:
    """The bits of an entity's grades that have a higher grade in their group, whose bit is the next one."""
    below = {kind.name: sum(sum(bits[:-1]) for bits in kind.bits) for kind in KINDS.values()}
    by_entity = [F.when(F.col("entity") == name, F.lit(bits).cast("bigint")) for name, bits in below.items() if bits]
    return F.coalesce(*by_entity, F.lit(0).cast("bigint"))


def drop_superseded_fetches(spark: SparkSession, lake: Lake) -> bool:
    """Delete the entries of fetches older than the one in their day's snapshot; returns whether there were any."""
    gone = superseded(lake.read(spark, PLAYLIST_FETCHES), lake.read(spark, STAMPS))
    return _delete(spark, lake, PLAYLIST_FETCHES, gone, (*DAY, "fetch", "position", "rank"))


def superseded(entries: DataFrame, stamps: DataFrame) -> DataFrame:
    """The entries of fetches that are older than the applied fetch of their playlist and day.

    Applying changes stamps each snapshot with the fetched_at of the fetch that it chose.
    """
    day = F.concat_ws(_KEY_SEPARATOR, *[F.col(name).cast("string") for name in DAY])
    (kind,) = (kind for kind in KINDS.values() if kind.table is PLAYLIST_FETCHES)
    is_snapshot = (F.col("entity") == kind.name) & F.col("batch").startswith("apply/")
    applied = stamps.where(is_snapshot).groupBy(F.col("id").alias("day")).agg(F.max("rank.fetched_at").alias("applied"))
    dated = entries.withColumn("day", day).join(applied, on="day", how="inner")
    is_older = ~F.col("fetch").startswith("arrived") & (F.col("fetched_at") < F.col("applied"))
    return dated.where(is_older).select(*entries.columns)


def _delete(spark: SparkSession, lake: Lake, table: Table, rows: DataFrame, key: Sequence[str]) -> bool:
    """Delete rows by key; rows that were appended since they were selected stay."""
    same = " AND ".join(f"t.`{name}` <=> s.`{name}`" for name in key)
    with kept(rows.select(*key).distinct()) as gone:
        if gone.isEmpty():
            return False
        lake.delta(spark, table).alias("t").merge(gone.alias("s"), same).whenMatchedDelete().execute()
        return True
