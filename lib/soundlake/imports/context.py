"""What the records of a file say beside what is in its rows, and what rows leave behind for those after them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from soundlake.publishers.envelope import envelope

KeyedRecord: TypeAlias = tuple[str, str, Mapping[str, Any]]


@dataclass(frozen=True)
class Context:
    """Values of records that are not in the row."""

    source: str
    fetched_at: str
    file: str
    user: str | None = None
    fetched_at_is_given: bool = False
    keeps_country: bool = False
    keeps_private: bool = True
    names: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    memory: dict[Any, Any] = field(default_factory=dict)

    def record(self, kind: str, key: str, payload: Mapping[str, Any]) -> KeyedRecord:
        """The record of a payload: its kind, its key and its envelope."""
        return kind, key, envelope(kind, payload, fetched_at=self.fetched_at, source=self.source, market=None)

    def remembered(self, *of: object) -> dict[Any, Any]:
        """What rows before this one left, for one part of a mapping: it outlives a new header in the middle."""
        found: dict[Any, Any] = self.memory.setdefault(of, {})
        return found
