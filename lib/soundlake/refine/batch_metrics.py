"""Batch accounting: every record that refine reads is counted under exactly one outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from soundlake.core.judge import OUTCOMES

QUERY = "refine"


def totals(counts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """How many records were read, and how many have each outcome, of counts by kind."""
    sums: Counter[str] = Counter()
    for of_kind in counts.values():
        sums.update(of_kind)
    return {"read": sums.total(), **{outcome: sums[outcome] for outcome in OUTCOMES}}


def no_counts() -> dict[str, int]:
    """The counts of a row that speaks of no records."""
    return totals({})


def batch_row(
    query: str, query_id: str, batch_id: int, started_at: datetime, counts: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    """The row of ops/batches for a batch that began at `started_at` and has these counts by kind."""
    return {
        "query": query,
        "query_id": query_id,
        "batch_id": batch_id,
        "started_at": started_at,
        "duration_ms": int((datetime.now(UTC) - started_at).total_seconds() * 1000),
        **totals(counts),
        "by_kind": [(kind, totals({kind: of_kind})) for kind, of_kind in sorted(counts.items())],
        "gaps": [],
    }
