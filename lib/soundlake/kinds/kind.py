"""What a kind of record declares: its schema, its rules, its key, and how its fields move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import Column

from soundlake.kinds.payload import Fields, Payload
from soundlake.tables import Table


@dataclass(frozen=True)
class Envelope:
    """What surrounds a payload, as columns: when and where it came from."""

    fetched_at: Column
    is_stamped: Column
    source: Column
    market: Column
    arrived_at: Column


@dataclass(frozen=True)
class Rule:
    """A reason to reject a record: a short code, what exactly was wrong, and the Column that is true then."""

    reason: str
    detail: str
    broken: Column


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of record and the table it feeds.

    `derive` gives columns that several values and rules share: they are computed once, as `payload.shared(name)`.
    `values` gives the Column of each column of the table but fetched_at; null means that the record does not say.
    `together` names columns that move as one. `volatile` columns change daily: a change in them alone rewrites no row.
    `weight` ranks records of one thing before fetched_at does. `observes` maps popularity_history's columns to this
    table's. `dated` is the column of the key that prunes look-ups. With `repeats_by_payload` the same payload fetched
    later is a repeat, not news.
    """

    name: str
    table: Table
    payload: Fields
    values: Callable[[Payload, Envelope], Mapping[str, Column]]
    rules: Callable[[Payload, Envelope], Sequence[Rule]]
    together: tuple[tuple[str, ...], ...] = ()
    volatile: tuple[str, ...] = ()
    derive: Callable[[Payload], Mapping[str, Column]] | None = None
    weight: Callable[[Payload], Column] | None = None
    observes: tuple[str, ...] = ()
    dated: str | None = None
    repeats_by_payload: bool = False

    @property
    def is_keyed(self) -> bool:
        """Whether records of one key merge into one row (all kinds but playlist items, which form snapshots)."""
        return bool(self.table.key)

    @cached_property
    def fields(self) -> tuple[tuple[str, ...], ...]:
        """The groups of columns that move as one, in the order of their bits in `silver/stamps` (bit 0 is the record).

        The order follows the table's columns: append new columns, never reorder them.
        """
        grouped = {column: group for group in self.together for column in group}
        seen: dict[tuple[str, ...], None] = {}
        for column in self.table.column_names:
            if column not in self.table.key and column != "fetched_at":
                seen.setdefault(grouped.get(column, (column,)))
        return tuple(seen)

    def bit(self, group: tuple[str, ...]) -> int:
        """The bit that says that a record filled the group."""
        return 1 << (self.fields.index(group) + 1)

    @cached_property
    def stable(self) -> tuple[str, ...]:
        """The columns whose change rewrites the row."""
        return tuple(c for c in self.table.column_names if c not in self.table.key and c not in self.volatile)

    @cached_property
    def stable_bits(self) -> int:
        """The bits of the groups that are not volatile."""
        return sum(self.bit(group) for group in self.fields if group[0] not in self.volatile)
