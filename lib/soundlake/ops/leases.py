"""A lake in the hands of who holds a lease."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from soundlake.insights import all_tables
from soundlake.lake import Lake
from soundlake.lease import lease, try_lease
from soundlake.settings import Settings
from soundlake.tables import STREAM_LEASE, Table


@contextmanager
def leased(settings: Settings, job: str, name: str = STREAM_LEASE) -> Iterator[Lake]:
    """Hold the lease `name` for a job; yields the lake, with the check of the lease. Raises what `lease` raises."""
    with lease(settings, job, name) as held:
        yield Lake(settings.lake.uri, held.check)


def by_lease(tables: Iterable[Table]) -> dict[str, list[Table]]:
    """The tables that belong to each lease."""
    found: dict[str, list[Table]] = {}
    for table in tables:
        found.setdefault(table.lease, []).append(table)
    return found


def tables_of_jobs() -> dict[str, list[Table]]:
    """The tables that only batch jobs write, marts included, by their lease."""
    return by_lease(table for table in all_tables() if table.lease != STREAM_LEASE)


@contextmanager
def writable(lake: Lake, settings: Settings, job: str, name: str) -> Iterator[Lake | None]:
    """For who holds the stream's lease: the lake for writing the tables of the lease `name`; None while it is taken."""
    if name == STREAM_LEASE:
        yield lake
        return
    with try_lease(settings, job, name) as held:
        yield None if held is None else lake.checked_by(held.check)
