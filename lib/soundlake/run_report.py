"""What a run tells people in a terminal: its steps as they are done, and what became of its records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from time import monotonic

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table as Grid

from soundlake.core.judge import OUTCOMES

_COUNTED = ("read", *OUTCOMES)


@contextmanager
def step(console: Console, what: str) -> Iterator[None]:
    """Say what is being done, and when it is done, how long it took."""
    begun = monotonic()
    console.print(f"… {what}")
    yield
    console.print(f"✓ {what}  [dim]{monotonic() - begun:.0f} s[/dim]")


def counts_by_kind(batches: DataFrame) -> DataFrame:
    """kind, read, accepted, duplicate, stale, rejected: the sums over rows of ops/batches."""
    exploded = batches.select(F.explode("by_kind").alias("kind", "counts"))
    sums = [F.sum(F.col("counts")[name]).alias(name) for name in _COUNTED]
    return exploded.groupBy("kind").agg(*sums).orderBy("kind")


def since(batches: DataFrame, started_at: datetime) -> DataFrame:
    """The rows of ops/batches that began at this time or later."""
    return batches.where(F.col("started_at") >= F.lit(started_at))


def print_counts(console: Console, title: str, batches: DataFrame) -> None:
    """Print what became of the records of some batches, by kind and outcome."""
    rows = counts_by_kind(batches).collect()
    if not rows:
        console.print(f"\n{title}: nothing new.")
        return
    grid = Grid("kind", *_COUNTED, title=title, title_justify="left")
    for row in rows:
        grid.add_row(row["kind"], *[f"{row[name]:,}" for name in _COUNTED])
    grid.add_section()
    grid.add_row("all", *[f"{sum(row[name] for row in rows):,}" for name in _COUNTED])
    show(console, grid, *_COUNTED)


def show(console: Console, grid: Grid, *numbers: str) -> None:
    """Print a table below an empty line, with the columns of these headers to the right."""
    for column in grid.columns[1:]:
        if column.header in numbers:
            column.justify = "right"
    console.print()
    console.print(grid)
