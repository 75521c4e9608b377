"""Recording the records that a broker deleted before they were read, where the operator allowed to skip them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from soundlake.lake import Lake
from soundlake.logs import get_log
from soundlake.refine.batch_metrics import no_counts
from soundlake.sources import Gap
from soundlake.tables import BATCHES
from soundlake.writes import append

_log = get_log(__name__)


def record_gaps(
    spark: SparkSession, lake: Lake, query: str, query_id: str, next_batch: int, gaps: Sequence[Gap]
) -> None:
    """Append a row with the gaps before a batch to ops/batches; once, however often the start is retried."""
    for gap in gaps:
        _log.warning("records expired before they were read", query=query, gap=gap)
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
    append(lake, BATCHES, rows.select("row.*"), txnAppId=f"{query_id}/gaps", txnVersion=str(next_batch))
