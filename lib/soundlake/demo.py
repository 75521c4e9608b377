"""The demo: the main job on the bundled records, and what it made of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table as Grid

from soundlake import stream
from soundlake.clusters.job import train
from soundlake.core.judge import OUTCOMES
from soundlake.insights.builder import build
from soundlake.lake import Lake
from soundlake.ops.lease import try_lease
from soundlake.ops.maintenance import maintain
from soundlake.refine.batch_metrics import QUERY
from soundlake.settings import Settings
from soundlake.tables import (
    BATCHES,
    CLUSTER_MODELS,
    CLUSTER_PROFILES,
    PLAYS,
    SAMPLE_SOURCE,
    TABLES,
    TRACK_CLUSTERS,
    TRACKS,
)

_COUNTED = ("read", *OUTCOMES)


def run(spark: SparkSession, settings: Settings) -> None:
    """Stream the bundled records once, train, build the marts, maintain, and print what is there now."""
    console = Console()
    lake = Lake(settings.lake.uri)
    started_at = datetime.now(UTC)
    with _step(console, "stream: bundled records → bronze → silver"):
        stream.run(spark, settings, once=True)
    with _step(console, "train_clusters: KMeans on audio features"):
        train(spark, lake, settings, partial(try_lease, settings, "train_clusters"))
    with _step(console, "build_insights: the first marts"):
        marts = build(spark, lake, settings)
    with _step(console, "maintain: catch up, compact"):
        maintain(spark, lake, settings)
    batches = lake.read(spark, BATCHES)
    is_of_this_run = F.col("started_at") >= F.lit(started_at)
    _print_counts(console, "Records of this run", batches.where(is_of_this_run))
    if not batches.where(~is_of_this_run).isEmpty():
        _print_counts(console, "Records of the lake, all runs", batches.where(F.col("query") == QUERY))
    _print_clusters(console, spark, lake)
    _print_top_artists(console, spark, lake)
    _print_who_listens(console, spark, lake)
    _print_tables(console, spark, lake, {mart.name: mart.rows for mart in marts})


@contextmanager
def _step(console: Console, what: str) -> Iterator[None]:
    begun = monotonic()
    console.print(f"… {what}")
    yield
    console.print(f"✓ {what}  [dim]{monotonic() - begun:.0f} s[/dim]")


def counts_by_kind(batches: DataFrame) -> DataFrame:
    """kind, read, accepted, duplicate, stale, rejected: the sums over rows of ops/batches."""
    exploded = batches.select(F.explode("by_kind").alias("kind", "counts"))
    sums = [F.sum(F.col("counts")[name]).alias(name) for name in _COUNTED]
    return exploded.groupBy("kind").agg(*sums).orderBy("kind")


def _print_counts(console: Console, title: str, batches: DataFrame) -> None:
    rows = counts_by_kind(batches).collect()
    if not rows:
        console.print(f"\n{title}: nothing new.")
        return
    grid = Grid("kind", *_COUNTED, title=title, title_justify="left")
    for row in rows:
        grid.add_row(row["kind"], *[f"{row[name]:,}" for name in _COUNTED])
    grid.add_section()
    grid.add_row("all", *[f"{sum(row[name] for row in rows):,}" for name in _COUNTED])
    _show(console, grid)


def _print_clusters(console: Console, spark: SparkSession, lake: Lake) -> None:
    current = lake.read(spark, CLUSTER_MODELS).where("is_current").select("model_version", "k", "silhouette")
    sizes = lake.read(spark, TRACK_CLUSTERS).groupBy("cluster").agg(F.count("*").alias("tracks"))
    examples = _examples(lake.read(spark, CLUSTER_PROFILES), lake.read(spark, TRACKS))
    rows = current.join(examples, on="model_version", how="inner").join(sizes, on="cluster", how="left")
    grid = Grid("cluster", "name", "tracks", "three examples", title="Clusters", title_justify="left")
    for row in rows.orderBy("cluster").collect():
        grid.add_row(str(row["cluster"]), row["cluster_name"], f"{row['tracks'] or 0:,}", "\n".join(row["examples"]))
        grid.add_section()
    _show(console, grid)


def _examples(profiles: DataFrame, tracks: DataFrame) -> DataFrame:
    """model_version, cluster, cluster_name, examples: three tracks near the centroid, as title and artist."""
    named = tracks.select(
        F.col("track_id").alias("example"),
        F.concat_ws(" – ", F.substring("track_name", 1, 40), F.substring("artist_name", 1, 30)).alias("title"),
    )
    places = profiles.select("*", F.posexplode("exemplar_track_ids").alias("place", "example"))
    listed = places.join(named, on="example", how="inner").groupBy("model_version", "cluster", "cluster_name")
    return listed.agg(
        F.slice(F.sort_array(F.collect_list(F.struct("place", "title"))), 1, 3)["title"].alias("examples")
    )


def _print_top_artists(console: Console, spark: SparkSession, lake: Lake) -> None:
    plays = lake.read(spark, PLAYS).where("content_type = 'track' AND artist_name IS NOT NULL")
    top = plays.groupBy("artist_name").agg(F.count("*").alias("plays"), F.count_distinct("user_id").alias("listeners"))
    grid = Grid("", "artist", "plays", "listeners", title="Top 10 artists by plays", title_justify="left")
    for place, row in enumerate(top.orderBy(F.desc("plays"), "artist_name").limit(10).collect(), start=1):
        grid.add_row(str(place), row["artist_name"], f"{row['plays']:,}", f"{row['listeners']:,}")
    _show(console, grid)


def _print_who_listens(console: Console, spark: SparkSession, lake: Lake) -> None:
    is_sample = F.col("source") == SAMPLE_SOURCE
    if not lake.read(spark, PLAYS).where(is_sample).isEmpty():
        console.print("\nMade-up listeners: the sample's plays are generated. Tracks, artists and charts are real.")


def _print_tables(console: Console, spark: SparkSession, lake: Lake, marts: dict[str, int]) -> None:
    rows = {t.path: lake.read(spark, t).count() for t in TABLES if not t.internal and lake.exists(spark, t)}
    rows |= {f"gold/{name}": count for name, count in marts.items()}
    grid = Grid("table", "rows", title=f"Tables in {lake.uri}", title_justify="left")
    for path, count in rows.items():
        grid.add_row(path, f"{count:,}")
    _show(console, grid)


def _show(console: Console, grid: Grid) -> None:
    for column in grid.columns[1:]:
        if column.header in (*_COUNTED, "tracks", "plays", "listeners", "rows"):
            column.justify = "right"
    console.print()
    console.print(grid)
