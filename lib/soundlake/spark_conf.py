"""What every job tells Spark, wherever it runs: the one place for it. No Spark is needed to read it."""

from __future__ import annotations

# What the tables' meaning depends on, whatever platform runs the job.
MEANING = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    # Vacuum changes no row: with a commit for it, a table would look changed to what reads versions.
    "spark.databricks.delta.vacuum.logging.enabled": "false",
}

# Rows of twenty columns that each choose between two values: the optimizer's search for what follows from all these
# conditions grows beyond all bounds, and finds nothing that these plans could use.
PLANNING = {"spark.sql.constraintPropagation.enabled": "false"}

# What a machine or a small cluster is quick with: many small partitions would only cost time.
QUICK = {
    "spark.databricks.delta.snapshotPartitions": "2",
    # Small batches are many small plans: replanning between stages costs more than it finds, compiled code is reused.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.cache.maxEntries": "2000",
    # Listing the files of a batch, or a table's folder to vacuum it, starts as many tasks as these allow.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
    # Readers work on row groups in parallel and skip those of other days; limited by size, one held 10 million rows.
    "spark.hadoop.parquet.block.row.count.limit": "1000000",
}

# Where Delta looks for new commits on S3, it lists a log from there on; else all of it, thousands of files a day.
FAST_LISTING = {"spark.hadoop.delta.enableFastS3AListFrom": "true"}

# With dynamic allocation an idle stream releases its executors, although they still cache Delta's table state and hold
# finished shuffles. Spark recomputes both when it needs them.
SCALING = {
    "spark.dynamicAllocation.enabled": "true",
    "spark.dynamicAllocation.cachedExecutorIdleTimeout": "5min",
    "spark.dynamicAllocation.shuffleTracking.timeout": "5min",
}

JAVA_OPTIONS = (
    # Spark generates methods above 8,000 bytes for wide rows; HotSpot would interpret them for good.
    "-XX:-DontCompileHugeMethods",
    # HotSpot's second compiler, eight times less eager than it is by itself: on few cores it takes as much time as the
    # work does for minutes, and what is hot soon reaches these numbers too.
    "-XX:Tier4InvocationThreshold=40000",
    "-XX:Tier4MinInvocationThreshold=4800",
    "-XX:Tier4CompileThreshold=120000",
    "-XX:Tier4BackEdgeThreshold=320000",
)

_MOST_SHUFFLED = 8


def shuffled(cores: int) -> dict[str, str]:
    """How many parts a shuffle has where so many cores work: one each, up to eight."""
    return {"spark.sql.shuffle.partitions": str(max(1, min(cores, _MOST_SHUFFLED)))}
