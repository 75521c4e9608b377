"""What a batch costs under three layouts of a silver table of tracks: docs/decisions/0001-row-layout.md.

rewrite: each record is merged into the wide row. in_row: the wide row carries its stamps (kinder than a rank beside
each field: most rows need one), rows whose ranks rise are merged, new ones appended. apart: what soundlake.refine
does, with its own functions: narrow stamps, only rows whose stable values change are merged. All append the day's
popularity. apart_hint is apart with a broadcast hint at its MERGE, apart_dv has deletion vectors besides. growth
measures the look-up when stamps pile up, pruning the look-up of fewer and more keys in stamps laid out in other ways.
CPU seconds are those of the JVM over all cores: half of them on two cores is what a machine of one's own would take.

    python tests/bench/row_layout.py --rows 1000000 10000000
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median

from delta.tables import DeltaTable
from made_tracks import KIND, batch_of, records, stamps_of, wide
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.lake import Lake
from soundlake.launch.local import spark_environment
from soundlake.ops.maintenance import drop_dominated_stamps
from soundlake.refine.history import observations
from soundlake.refine.keyed import Write, judge_keyed
from soundlake.refine.known import STAMPS_TYPE, known_state
from soundlake.refine.work import Batch
from soundlake.refine.writes import same_key
from soundlake.session import open_session
from soundlake.tables import POPULARITY_HISTORY, STAMPS, TRACKS, Table
from soundlake.tables import Column as TableColumn

IN_ROW = replace(TRACKS, columns=(*TRACKS.columns, TableColumn("stamps", STAMPS_TYPE, "")))
BATCHES = {"daily fetch": 0.0, "real change": 0.05, "rare change": 0.0005}  # share of things with another name
BUCKETS = 64
Stamps = Callable[[DataFrame], DataFrame]  # where to look keys up, given the keys


def write(rows: DataFrame, lake: Lake, table: Table, by: tuple[str, ...] | None = None) -> None:
    rows.write.format("delta").mode("append").partitionBy(*(by or table.partitioned_by)).save(lake.path(table))


def built(spark: SparkSession, rows: int, lake: Lake, layout: str) -> None:
    """Make the tables of a layout, holding things 0 to rows - 1 as fetched on day 0."""
    found = records(spark.range(0, rows, 1, max(8, rows // 250_000)).selectExpr("id AS n", "false AS is_renamed"), 0)
    if layout == "in_row":
        return write(wide(found, IN_ROW), lake, IN_ROW)
    shared = Lake(str(Path(lake.uri).with_name(f"shared_{rows}")))
    if not shared.exists(spark, TRACKS):
        write(wide(found, TRACKS), shared, TRACKS)
        write(stamps_of(found, "before/0"), shared, STAMPS)
    shutil.copytree(shared.uri, lake.uri)
    if layout == "apart_dv":
        on = "'delta.enableDeletionVectors' = 'true'"
        spark.sql(f"ALTER TABLE delta.`{lake.path(TRACKS)}` SET TBLPROPERTIES ({on})")


def known_in_row(batch: Batch, found: DataFrame) -> DataFrame:
    """What known_state gives for a batch's keys, from the wide table."""
    ids, table = found.select("id"), batch.lake.read(batch.spark, IN_ROW)
    rows = table.join(F.broadcast(ids), on=table["track_id"] == ids["id"], how="left_semi")
    return rows.select(F.col("track_id").alias("id"), F.col("stamps").alias("known"))


def known_apart(batch: Batch, found: DataFrame) -> DataFrame:
    return known_state(batch.lake.read(batch.spark, STAMPS), KIND, found.select("id"), None, batch.name)


def rewrite(batch: Batch, found: DataFrame, layout: str) -> Write:
    batch.observed.append(observations(KIND, found))
    return partial(batch.writer.upsert, TRACKS, wide(found, TRACKS), insert=True)


def in_row(batch: Batch, found: DataFrame, layout: str) -> Write:
    """No more is judged here than whether a key is known and a record newer: in_row gets off lightly."""
    batch.observed.append(observations(KIND, found))
    judged = batch.keep(found.join(known_in_row(batch, found), on="id", how="left"))
    raised = F.broadcast(batch.keep(wide(judged.where("rank > array_max(known).rank"), IN_ROW)))
    merge = batch.lake.delta(batch.spark, IN_ROW).alias("t").merge(raised.alias("s"), same_key(TRACKS.key))

    def append_and_merge() -> None:
        batch.writer.append(IN_ROW, wide(judged.where("known IS NULL"), IN_ROW))
        merge.whenMatchedUpdateAll().execute()

    return append_and_merge


def apart(batch: Batch, found: DataFrame, layout: str) -> Write | None:
    if layout != "apart":
        upsert = batch.writer.upsert
        object.__setattr__(batch.writer, "upsert", lambda t, rows, pruning: upsert(t, rows.hint("broadcast"), pruning))
    return judge_keyed(batch, KIND, found)


LAYOUTS = {"rewrite": rewrite, "in_row": in_row, "apart": apart, "apart_hint": apart, "apart_dv": apart}
LOOK_UPS = {"in_row": known_in_row, "apart": known_apart}


def refined(batch: Batch, found: DataFrame, layout: str) -> None:
    """Do a batch: the wide rows, beside them the day's popularity and the stamps where a layout has them."""
    write_rows = LAYOUTS[layout](batch, found, layout)
    appended = [(STAMPS, rows.withColumn("batch", F.lit(batch.name))) for rows in batch.stamps]
    appended.append((POPULARITY_HISTORY, batch.observed[0]))
    batch.together(*([write_rows] if write_rows else []), *[partial(batch.writer.append, *what) for what in appended])


class Costs:
    """Seconds of the clock and of the JVM's CPU (from Linux's /proc), over several runs."""

    def __init__(self, spark: SparkSession) -> None:
        self._stat = Path(f"/proc/{spark.sparkContext._gateway.proc.pid}/stat")  # type: ignore[union-attr]
        self._runs: list[tuple[float, float]] = []

    def _cpu(self) -> float:
        return sum(map(int, self._stat.read_text().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")

    def of(self, work: Callable[[], object]) -> Costs:
        clock, cpu = time.perf_counter(), self._cpu()
        work()
        self._runs.append((time.perf_counter() - clock, self._cpu() - cpu))
        return self

    def line(self, rows: int, layout: str, what: str, written: str = "") -> str:
        clock, cpu = zip(*self._runs, strict=True)
        each = " ".join(f"{taken:.1f}" for taken in clock)
        return f"| {rows:,} | {layout} | {what} | {median(clock):.1f} | {each} | {median(cpu):.1f} | {written} |"


def added(lake: Lake) -> int:
    """Bytes of all data files ever added, each counted once: with a new deletion vector a file is added again."""
    actions = (json.loads(line) for log in Path(lake.uri).glob("*/*/_delta_log/*.json") for line in log.open())
    return sum({action["add"]["path"]: action["add"]["size"] for action in actions if "add" in action}.values())


def measured(spark: SparkSession, rows: int, lake: Lake, layout: str, size: int, repeats: int) -> Iterator[str]:
    """The lines of one layout: its look-up and its batches, each repeat with other keys."""
    built(spark, rows, lake, layout)
    batches = (Batch(spark, lake, "bench", number) for number in range(1, 100))
    if layout in LOOK_UPS:
        costs = Costs(spark)
        for batch in islice(batches, repeats):
            found = batch_of(spark, rows, batch.batch_id, size, 0)
            costs.of(LOOK_UPS[layout](batch, found).write.format("noop").mode("overwrite").save)
        yield costs.line(rows, layout, f"look-up of {size:,} keys")
    for name, share in BATCHES.items():
        if name == "rare change" and not layout.startswith("apart"):
            continue  # there this costs what the others cost
        costs, written = Costs(spark), []
        for batch in islice(batches, repeats):
            found, before = batch_of(spark, rows, batch.batch_id, size, share), added(lake)
            costs.of(partial(refined, batch, found, layout))
            written.append(added(lake) - before)
        yield costs.line(rows, layout, name, f"{median(written) / 1e6:,.1f}")


def growth(spark: SparkSession, rows: int, lake: Lake, size: int, repeats: int) -> Iterator[str]:
    """Look-ups while four more daily fetches of everything add their stamps, and after maintain."""
    built(spark, rows, lake, "apart")
    look_up = partial(timed_look_ups, spark, rows, "growth", keys=size, repeats=repeats)
    yield look_up(lambda ids: lake.read(spark, STAMPS), "1 stamp for each key")
    for day in range(1, 5):
        numbers = spark.range(0, rows, 1, 2 * rows // size).selectExpr("id AS n", "false AS is_renamed")
        write(stamps_of(records(numbers, day), f"before/{day}"), lake, STAMPS)
    yield look_up(lambda ids: lake.read(spark, STAMPS), f"5 stamps, in {8 * rows // size} more files")
    DeltaTable.forPath(spark, lake.path(STAMPS)).optimize().executeCompaction()
    yield look_up(lambda ids: lake.read(spark, STAMPS), "5 stamps, compacted")
    dropped = Costs(spark).of(partial(drop_dominated_stamps, spark, lake))
    yield dropped.line(rows, "growth", "dropping dominated stamps")
    yield look_up(lambda ids: lake.read(spark, STAMPS), "after that")


def pruning(spark: SparkSession, rows: int, lake: Lake, size: int, repeats: int) -> Iterator[str]:
    """Look-ups of fewer and more keys in stamps as written, sorted by id and in buckets of its hash."""
    built(spark, rows, lake, "apart")
    plain, bucket = lake.read(spark, STAMPS), F.pmod(F.xxhash64("id"), F.lit(BUCKETS))
    ordered, bucketed = (Lake(f"{lake.uri}/{name}") for name in ("sorted", "bucketed"))
    in_order = plain.repartitionByRange(max(8, rows // 250_000), "id").sortWithinPartitions("id")
    write(in_order, ordered, STAMPS)
    write(plain.withColumn("bucket", bucket).repartition(BUCKETS, "bucket"), bucketed, STAMPS, ("entity", "bucket"))

    def in_files(ids: DataFrame) -> DataFrame:
        return ordered.read(spark, STAMPS).where(F.col("id").isin([row.id for row in ids.collect()]))

    def in_buckets(ids: DataFrame) -> DataFrame:
        numbers = [row[0] for row in ids.select(bucket).distinct().collect()]
        return bucketed.read(spark, STAMPS).where(F.col("bucket").isin(numbers))

    ways = {"as written": lambda ids: plain, "sorted by id": in_files, f"{BUCKETS} buckets": in_buckets}
    for keys in (20, 500, size, 10 * size):
        for name, way in ways.items():
            if name == "as written" or keys <= 500:
                yield timed_look_ups(spark, rows, "pruning", way, f"{name}, {keys:,} keys", keys, repeats)


def timed_look_ups(
    spark: SparkSession, rows: int, layout: str, stamps: Stamps, what: str, keys: int, repeats: int
) -> str:
    """A line of look-ups; each repeat has other keys."""
    costs = Costs(spark)
    for repeat in range(repeats):
        ids = batch_of(spark, rows, repeat, keys, 0).select("id")
        found = known_state(stamps(ids), KIND, ids, None, "bench/0")
        costs.of(found.write.format("noop").mode("overwrite").save)
    return costs.line(rows, layout, what)


OTHERS = {"growth": growth, "pruning": pruning}


def main() -> None:
    """Measure what is asked for and print a markdown table, each line as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--lake", help="folder for the tables; what is made there is deleted again")
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--layouts", nargs="+", default=[*LAYOUTS, *OTHERS])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    os.environ |= spark_environment()
    spark = open_session("bench row layout")
    ways = {name: OTHERS.get(name, partial(measured, layout=name)) for name in options.layouts}
    with tempfile.TemporaryDirectory(dir=options.lake) as folder:
        for name in LAYOUTS.keys() & ways.keys():  # the first plans and compilations are not counted
            list(measured(spark, 50_000, Lake(f"{folder}/warm_{name}"), name, 1_000, 1))
        print("| rows | layout | what | median s | each | CPU s | MB written |\n" + "|---" * 7 + "|", flush=True)
        for rows in options.rows:
            for name, way in ways.items():
                lake = Lake(f"{folder}/{name}_{rows}")
                for text in way(spark, rows, lake, size=options.batch, repeats=options.repeats):
                    print(text, flush=True)
                shutil.rmtree(lake.uri, ignore_errors=True)
    spark.stop()


if __name__ == "__main__":
    main()
