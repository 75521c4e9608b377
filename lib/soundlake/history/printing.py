"""The summary of a history in a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from soundlake.history.summary import HistorySummary, Place, Streak

_CONTENT = {"track": "music", "episode": "podcasts", "chapter": "audiobooks", "video": "videos"}
_HEADERS = {
    "artists": ("artist",),
    "tracks": ("track", "artist"),
    "albums": ("album", "artist"),
    "shows": ("show",),
}


def print_summary(console: Console, summary: HistorySummary, missing: Iterable[str], lake: str) -> None:
    """Print a history: who, when, how much, the lists, streaks, what is missing for more, and what to open next."""
    console.print()
    console.rule(f"[bold]The listening history of {escape(summary.user)}", align="left")
    of_kinds = ", ".join(f"{_CONTENT.get(kind, kind)} {_hours(hours)}" for kind, hours in summary.hours.items())
    total = f"{_hours(sum(summary.hours.values()))} in {summary.plays:,} plays"
    console.print(f"{summary.first_at:%Y-%m-%d} to {summary.last_at:%Y-%m-%d}: {total}")
    console.print(f"By content: {of_kinds}")
    console.print(f"First play: {summary.first}, {summary.first_at:%Y-%m-%d %H:%M}", markup=False)
    console.print(f"Longest streak: {_days(summary.longest_streak)}; the last one: {_days(summary.last_streak)}")
    for name, places in summary.lists.items():
        if places:
            console.print()
            console.print(_grid(name, places))
    console.print()
    for line in missing:
        console.print(line, markup=False)
    console.print("\nTo look at it, ask it, or see which questions have answers:", highlight=False)
    for command in ("dashboard", "query most_streamed_artists", "query"):
        console.print(f"    .venv/bin/soundlake {command} --lake {lake}", markup=False, highlight=False)


def _grid(name: str, places: Iterable[Place]) -> Grid:
    grid = Grid(*_HEADERS[name], "heard", "plays", "first heard", title=f"Top {name}", title_justify="left")
    for column in grid.columns[-3:]:
        column.justify = "right"
    for place in places:
        grid.add_row(
            *map(escape, place.names), _hours(place.hours), f"{place.plays:,}", f"{place.first_heard_at:%Y-%m-%d}"
        )
    return grid


def _hours(hours: float) -> str:
    return f"{hours:,.0f} h" if hours >= 10 else f"{hours:.1f} h"


def _days(streak: Streak) -> str:
    days = "1 day" if streak.days == 1 else f"{streak.days:,} days"
    return f"{days}, {streak.first} to {streak.last}"
