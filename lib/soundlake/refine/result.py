"""The result of judging a batch, as one value that is written afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame

from soundlake.core.schema_drift import MOST_AT_ONCE, FirstSeen
from soundlake.tables import Table

Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Result:
    """The result of a batch: the counts by kind and outcome, and the rows to append, by table.

    `unknown_fields` are the fields that no kind reads, each with the first record of the batch that had it.
    """

    counts: Counts
    rows: Mapping[Table, DataFrame]
    unknown_fields: Mapping[tuple[str, str], FirstSeen]


def add_up(counted: Iterable[tuple[str, Mapping[str, int]]]) -> Counts:
    """The sums of counts by kind and outcome."""
    sums: dict[str, dict[str, int]] = {}
    for kind, counts in counted:
        own = sums.setdefault(kind, {})
        for outcome, count in counts.items():
            own[outcome] = own.get(outcome, 0) + count
    return sums


def first_of_all(
    parts: Iterable[Mapping[tuple[str, str], FirstSeen]],
) -> Mapping[tuple[str, str], FirstSeen]:
    """The first record with each unknown field, of at most MOST_AT_ONCE fields in order of names."""
    firsts: dict[tuple[str, str], FirstSeen] = {}
    for part in parts:
        for field, seen in part.items():
            firsts[field] = min(seen, firsts.get(field, seen))
    return dict(sorted(firsts.items())[:MOST_AT_ONCE])
