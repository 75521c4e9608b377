"""Exporting a version of a table as Parquet, complete before anything refers to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.catalog.exported import Exported, move_to
from soundlake.catalog.layouts import BUCKETS, Layout, chosen, layout_of
from soundlake.errors import SoundlakeError
from soundlake.insights.insight import all_tables
from soundlake.lake import Lake, conform
from soundlake.settings import Settings
from soundlake.storage import Storage
from soundlake.tables import Table

FOLDER = "exports"
KEPT = 2  # the current version, and the previous one for queries that began on it


@dataclass(frozen=True)
class ExportResult:
    """The result of an export."""

    name: str
    rows: int
    place: str

    def __str__(self) -> str:
        return f"{self.name}: {self.rows:,} rows in {self.place}"


def export(spark: SparkSession, lake: Lake, settings: Settings) -> Iterator[ExportResult]:
    """Write a new version of each exported table, move its Glue table to it, then delete old versions.

    Iterating drives the work. After a crash the Glue tables still point to complete versions, and the next export
    deletes leftovers. Raises SoundlakeError when a version differs from what was read.
    """
    version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    storage = Storage(spark)
    for table in chosen(all_tables(), settings.export.tables):
        if not lake.exists(spark, table):
            continue
        home = f"{lake.root}/{FOLDER}/{table.view}"
        place = f"{home}/{version}"
        layout = layout_of(table)
        # One version of the table, whatever is committed meanwhile.
        source = spark.read.format("delta").option("versionAsOf", lake.version(spark, table)).load(lake.path(table))
        rows = foldered(conform(source, table), layout)
        lake.check()
        write(rows, layout, place)
        written = spark.read.schema(rows.schema).parquet(place)
        count, expected = written.count(), rows.count()
        if count != expected:
            raise SoundlakeError(f"{place} holds {count:,} rows of {expected:,}; the table stays where it is")
        lake.check()
        if settings.catalog.type == "glue":
            move_to(settings, exported(table, layout, place, written))
        drop_old(storage, home)
        yield ExportResult(f"{table.view}_parquet", count, place)


def foldered(rows: DataFrame, layout: Layout | None) -> DataFrame:
    """Add the partition column of a layout; rows without a date have no folder."""
    if layout is None:
        return rows
    if layout.kind == "date":
        return rows.where(F.col(layout.column).isNotNull())
    return rows.withColumn(layout.name, _folder(layout))


def _folder(layout: Layout) -> Column:
    value = F.coalesce(F.col(layout.column), F.lit("unknown"))
    if layout.kind == "bucket":
        return F.pmod(F.conv(F.substring(F.md5(value), 1, 6), 16, 10).cast("int"), F.lit(BUCKETS)).cast("int")
    word = F.regexp_replace(value, "[^A-Za-z0-9_-]+", "-")
    return F.when(word.rlike("[A-Za-z0-9]"), F.lower(word) if layout.column == "genre" else word).otherwise("other")


def write(rows: DataFrame, layout: Layout | None, place: str) -> None:
    """Write rows into a new folder."""
    if layout is None:
        rows.coalesce(1).write.mode("errorifexists").parquet(place)
        return
    rows.repartition(F.col(layout.name)).write.partitionBy(layout.name).mode("errorifexists").parquet(place)


def exported(table: Table, layout: Layout | None, place: str, written: DataFrame) -> Exported:
    """The data of a written version for Glue."""
    values: tuple[str, ...] = ()
    if layout is not None and layout.kind == "bucket":
        values = ("0", str(BUCKETS - 1))
    elif layout is not None and layout.kind == "date":
        bounds = written.agg(F.min(layout.name), F.max(layout.name)).first()
        assert bounds is not None  # an aggregate without groups has one row
        values = tuple(str(day) for day in bounds) if bounds[0] is not None else ()
    elif layout is not None:
        values = tuple(sorted(row[0] for row in written.select(layout.name).distinct().collect()))
    return Exported(table, place, layout, values)


def drop_old(storage: Storage, home: str) -> None:
    """Delete all versions but the newest few."""
    for version in sorted(storage.names(home))[:-KEPT]:
        storage.delete(f"{home}/{version}")
