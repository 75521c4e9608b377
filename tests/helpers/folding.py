"""What the MERGE of applied changes does, to one row in plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from soundlake.kinds.kind import Kind


def apply_to(kind: Kind, row: Mapping[str, Any] | None, folded: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a row of `fold` to a row (None for no row), as the MERGE of the kind's table does."""
    before = row or {}
    after = {name: folded[name] for name in kind.table.key}
    for group, bits in zip(kind.groups, kind.bits, strict=True):
        values = folded if folded["fields"] & bits[0] else before
        after.update({name: values.get(name) for name in group.columns})
    times = [time for time in (before.get("fetched_at"), folded["fetched_at"]) if time is not None]
    after["fetched_at"] = max(times, default=None)
    return {name: after[name] for name in kind.table.column_names}
