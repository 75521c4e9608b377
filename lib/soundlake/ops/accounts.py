"""Batch accounting: every record that refine reads is counted under exactly one verdict."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

ACCEPTED, DUPLICATE, STALE, REJECTED = VERDICTS = ("accepted", "duplicate", "stale", "rejected")
QUERY = "refine"


class Account:
    """The counts of one batch, started when it is made."""

    def __init__(self, query_id: str, batch_id: int) -> None:
        self._query_id, self._batch_id = query_id, batch_id
        self._started_at = datetime.now(UTC)
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def count(self, kind: str, verdict: str, records: int) -> None:
        """Add records of a kind under a verdict."""
        self._counts[kind][verdict] += records

    def row(self) -> dict[str, Any]:
        """The row of ops/batches, by column name."""
        by_kind = {kind: _counts(counter) for kind, counter in self._counts.items()}
        total = _counts(sum(self._counts.values(), Counter()))
        duration = datetime.now(UTC) - self._started_at
        return {
            "query": QUERY,
            "query_id": self._query_id,
            "batch_id": self._batch_id,
            "started_at": self._started_at,
            "duration_ms": int(duration.total_seconds() * 1000),
            **total,
            "by_kind": {kind: tuple(counts.values()) for kind, counts in by_kind.items()},
        }


def _counts(counter: Counter[str]) -> dict[str, int]:
    return {"read": counter.total(), **{verdict: counter[verdict] for verdict in VERDICTS}}
