"""Writing down what a broker deleted before it was read, where the operator allowed to go on without it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from soundlake.lake import Lake, conform
from soundlake.refine.batch_metrics import no_counts
from soundlake.sources import Gap
from soundlake.tables import BATCHES


def record_gaps(
    spark: SparkSession, lake: Lake, query: str, query_id: str, next_batch: int, gaps: Sequence[Gap]
) -> None:
    """Write a row of ops/batches that names the gaps before a batch; once, however often the start is tried."""
    row = {
        "query": query,
        "query_id": query_id,
        "batch_id": next_batch,
        "started_at": datetime.now(UTC).isoformat(),
        "duration_ms": 0,
        **no_counts(),
        "by_kind": {},
        "gaps": [asdict(gap) for gap in gaps],
    }
    rows = spark.range(1, numPartitions=1).select(F.from_json(F.lit(json.dumps(row)), BATCHES.ddl).alias("row"))
    (
        conform(rows.select("row.*"), BATCHES)
        .write.format("delta")
        .mode("append")
        .option("txnAppId", f"{query_id}/gaps")
        .option("txnVersion", str(next_batch))
        .save(lake.path(BATCHES))
    )
