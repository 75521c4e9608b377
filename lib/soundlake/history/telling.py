"""A listener's history, read from a lake's tables without Spark."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console

from soundlake.catalog.delta import open_table, read_declared
from soundlake.catalog.missing import rows_in
from soundlake.history.printing import print_summary
from soundlake.history.summary import summarise
from soundlake.settings import Settings
from soundlake.tables import ARTISTS, PLAYS, TRACK_FEATURES, TRACKS

# What a history cannot tell without records of a table.
_MORE = {
    TRACK_FEATURES: "how your music sounds (clusters)",
    ARTISTS: "genres",
    TRACKS: "recommendations, and names of artists as Spotify knows them",
}


def tell(settings: Settings, user: str, console: Console) -> None:
    """Print the history of a listener."""
    plays = open_table(settings, PLAYS)
    rows = None if plays is None else read_declared(plays, PLAYS, having=[("user_id", user)])
    summary = None if rows is None else summarise(rows, user, settings.insights.time_zone)
    if summary is None:
        console.print(f"{settings.lake.uri} holds no plays of {user}", markup=False)
        return
    print_summary(console, summary, missing(settings), settings.lake.uri)


def missing(settings: Settings) -> Iterator[str]:
    """Say which answers the lake cannot give, and how to get the records for them."""
    lacking = [what for table, what in _MORE.items() if not rows_in(settings, table)]
    if lacking:
        yield f"Missing for more: {'; '.join(lacking)}."
        yield "They come from Spotify's API or a data set: docs/history.md says how."
