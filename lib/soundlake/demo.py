"""The demo: runs the main jobs on the bundled records, and prints the results."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table as Grid

from soundlake import stream
from soundlake.clusters.job import train
from soundlake.insights.builder import build
from soundlake.lake import Lake, view_of
from soundlake.lease import try_lease
from soundlake.ops.maintenance import maintain
from soundlake.ops.writing import step_of
from soundlake.refine.batch_metrics import QUERY
from soundlake.run_report import print_counts, show, since, step
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
from soundlake.views import LISTENING


def run(spark: SparkSession, settings: Settings) -> None:
    """Stream the bundled records once, train, build the marts, maintain, and print the results."""
    console = Console()
    lake = Lake(settings.lake.uri)
    started_at = datetime.now(UTC)
    with step(console, "stream: bundled records → bronze → silver"):
        if not stream.run(spark, settings, once=True):
            raise KeyboardInterrupt  # the stream finished its batches; nothing is built on half of the records
    with (
        step(console, "train_clusters: KMeans on audio features"),
        step_of(spark, settings, "train_clusters", "train_clusters") as trained,
    ):
        train(spark, trained, settings, partial(try_lease, settings, "train_clusters"))
    with (
        step(console, "build_insights: the first marts"),
        step_of(spark, settings, "build_insights", "build_insights") as built,
    ):
        marts = build(spark, built, settings)
    with step(console, "maintain: catch up, compact"), step_of(spark, settings, "maintain") as maintained:
        maintain(spark, maintained, settings)
    batches = lake.read(spark, BATCHES)
    print_counts(console, "Records of this run", since(batches, started_at))
    if not batches.where(F.col("started_at") < F.lit(started_at)).isEmpty():
        print_counts(console, "Records of the lake, all runs", batches.where(F.col("query") == QUERY))
    _print_clusters(console, spark, lake)
    _print_top_artists(console, spark, lake)
    _print_who_listens(console, spark, lake)
    _print_tables(console, spark, lake, {mart.name: mart.rows for mart in marts})


def _print_clusters(console: Console, spark: SparkSession, lake: Lake) -> None:
    current = lake.read(spark, CLUSTER_MODELS).where("is_current").select("model_version", "k", "silhouette")
    sizes = lake.read(spark, TRACK_CLUSTERS).groupBy("cluster").agg(F.count("*").alias("tracks"))
    examples = _examples(lake.read(spark, CLUSTER_PROFILES), lake.read(spark, TRACKS))
    rows = current.join(examples, on="model_version", how="inner").join(sizes, on="cluster", how="left")
    grid = Grid("cluster", "name", "tracks", "three examples", title="Clusters", title_justify="left")
    for row in rows.orderBy("cluster").collect():
        grid.add_row(str(row["cluster"]), row["cluster_name"], f"{row['tracks'] or 0:,}", "\n".join(row["examples"]))
        grid.add_section()
    show(console, grid, "tracks")


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
    told = "content_type = 'track' AND artist_name IS NOT NULL AND NOT coalesce(private_session, false)"
    plays = view_of(LISTENING, lake.read(spark, PLAYS)).where(told)
    top = plays.groupBy("artist_name").agg(F.count("*").alias("plays"), F.count_distinct("user_id").alias("listeners"))
    grid = Grid("", "artist", "plays", "listeners", title="Top 10 artists by plays", title_justify="left")
    for place, row in enumerate(top.orderBy(F.desc("plays"), "artist_name").limit(10).collect(), start=1):
        grid.add_row(str(place), row["artist_name"], f"{row['plays']:,}", f"{row['listeners']:,}")
    show(console, grid, "plays", "listeners")


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
    show(console, grid, "rows")
