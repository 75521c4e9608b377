"""What a kind of record declares: fields, reader, key, and groups of columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Union

from soundlake.kinds.values import Json
from soundlake.tables import RANK_TYPE, Table

# The fields of a payload that a kind reads: of plain fields None, of objects (and of objects in lists) their own.
Fields = Mapping[str, Union["Fields", list["Fields"], None]]


class Envelope(NamedTuple):
    """What surrounds a payload: when and where it came from. Times are microseconds since 1970 in UTC.

    Where the record has no readable `fetched_at` it is the arrival, and `has_fetched_at` is false.
    """

    fetched_at: int
    has_fetched_at: bool
    source: str | None
    market: str | None
    arrived_at: int


@dataclass(frozen=True)
class Group:
    """Columns that get their values from one record; filled where one of them is not null.

    A graded group prefers records by their value in `graded_by`, before the rank: the later in `grades` is the better;
    without `grades`, any value is better than none.
    """

    columns: tuple[str, ...]
    graded_by: str | None = None
    grades: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many grades there are."""
        return 1 if self.graded_by is None else len(self.grades) or 2


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of record and the table it feeds.

    Attributes:
        name: What a record's `kind` says.
        table: The table that its records feed.
        fields: The fields of the payload that `read` reads.
        read: Gives the values of the table's columns (None: the record does not say), or raises RejectedError. Source,
            rank and, unless it belongs to the row itself, fetched_at are not among them. Timestamps are microseconds,
            dates are days since 1970.
        column_groups: The groups of more than one column, and those that have grades.
        volatile: Columns that change daily; a change in them alone rewrites no row.
        weight: What comes before fetched_at in the rank of a record.
        history_columns: The columns that are copied to silver/popularity_history.
        pruning_column: The date in the key, by which the files of a MERGE are pruned.
        dedupe_by_payload: Whether the same payload with a later fetched_at is a duplicate.
        log_key: Makes the table a log, with a row for each accepted record; these columns identify what it describes.
        snapshot_key: The id and the date of the snapshots that are chosen from a log.
    """

    name: str
    table: Table
    fields: Fields
    read: Callable[[Json, Envelope], dict[str, Any]]
    column_groups: tuple[Group, ...] = ()
    volatile: tuple[str, ...] = ()
    weight: Callable[[Json], int] | None = None
    history_columns: tuple[str, ...] = ()
    pruning_column: str | None = None
    dedupe_by_payload: bool = False
    log_key: tuple[str, ...] = ()
    snapshot_key: tuple[str, str] | tuple[()] = ()

    @property
    def is_log(self) -> bool:
        """Whether the table is a log of records, identified by `log_key`."""
        return bool(self.log_key)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify what a record describes."""
        return self.log_key or self.table.key

    @cached_property
    def _of_record(self) -> frozenset[str]:
        """The columns that belong to the record itself: fetched_at and its rank."""
        return frozenset(c.name for c in self.table.columns if c.name == "fetched_at" or c.type == RANK_TYPE)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """All groups of columns, in the order of the table's columns."""
        grouped = {column: group for group in self.column_groups for column in group.columns}
        seen: dict[Group, None] = {}
        for column in self.table.column_names:
            if column not in self.key and column not in self._of_record:
                seen.setdefault(grouped.get(column) or Group((column,)))
        return tuple(seen)

    @cached_property
    def bits(self) -> tuple[tuple[int, ...], ...]:
        """For each group the bits of its grades, the lowest first; bit 0 stands for the record itself.

        A record that fills a group has the bits of its grade and of all below. The order is stored in silver/stamps:
        append new columns and groups, never reorder them.
        """
        bits, place = [], 1
        for group in self.groups:
            bits.append(tuple(1 << (place + grade) for grade in range(group.count)))
            place += group.count
        return tuple(bits)

    @cached_property
    def slots(self) -> tuple[tuple[int, ...], ...]:
        """The bit of the record itself, as if it were a group of one grade, and those of each group."""
        return ((1,), *self.bits)

    @cached_property
    def stable(self) -> tuple[str, ...]:
        """The columns whose change rewrites the row."""
        return tuple(c for c in self.table.column_names if c not in self.key and c not in self.volatile)

    @cached_property
    def stable_bits(self) -> int:
        """The bits by which a record can change a stable column."""
        own = sum(sum(b) for g, b in zip(self.groups, self.bits, strict=True) if g.columns[0] not in self.volatile)
        return own + (1 if "fetched_at" in self.stable else 0)
