"""Batch accounting: every record that refine reads is counted under exactly one verdict."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime

ACCEPTED, DUPLICATE, STALE, REJECTED = VERDICTS = ("accepted", "duplicate", "stale", "rejected")
QUERY = "refine"


class Account:
    """The counts of one batch, which began at `started_at`."""

    def __init__(self, query_id: str, batch_id: int, query: str, started_at: datetime) -> None:
        self._query_id, self._batch_id, self._query = query_id, batch_id, query
        self._started_at = started_at
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def count(self, kind: str, verdict: str, records: int) -> None:
        """Add records of a kind under a verdict."""
        self._counts[kind][verdict] += records

    @property
    def totals(self) -> Counter[str]:
        """How many records were read, and how many have each verdict."""
        return Counter(_counts(sum(self._counts.values(), Counter())))

    def as_json(self) -> str:
        """The row of ops/batches, as a JSON object."""
        by_kind = {kind: _counts(counter) for kind, counter in sorted(self._counts.items())}
        duration = datetime.now(UTC) - self._started_at
        row = {
            "query": self._query,
            "query_id": self._query_id,
            "batch_id": self._batch_id,
            "started_at": self._started_at.isoformat(),
            "duration_ms": int(duration.total_seconds() * 1000),
            **self.totals,
            "by_kind": by_kind,
            "gaps": [],
        }
        return json.dumps(row)


def no_counts() -> dict[str, int]:
    """The counts of a row that speaks of no records."""
    return _counts(Counter())


def _counts(counter: Counter[str]) -> dict[str, int]:
    return {"read": counter.total(), **{verdict: counter[verdict] for verdict in VERDICTS}}
