"""Findings: one sentence each, with a link to the page that shows more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pandas as pd

from soundlake.dashboard import periods, sql
from soundlake.dashboard.labels import counted
from soundlake.dashboard.source import DataSource
from soundlake.errors import MissingTableError


@dataclass(frozen=True)
class Finding:
    """A sentence, and the relative URL of the page that shows more."""

    words: str
    address: str


def findings(source: DataSource) -> Iterator[Finding]:
    """The findings of a lake; marts that are missing or have nothing to report are skipped."""
    for find in (_leader, _riser, _genre, _entries, _longest):
        try:
            found = find(source)
        except MissingTableError:
            continue
        if found is not None:
            yield found


def _leader(source: DataSource) -> Finding | None:
    month = _newest(source, "gold_most_streamed_artists", "month", "month")
    if month is None:
        return None
    row = _first(
        source,
        "SELECT artist_name, plays, listeners FROM gold_most_streamed_artists "
        f"{sql.where(sql.between('month', (month, month)), 'artist_name IS NOT NULL')} ORDER BY rank LIMIT 1",
    )
    if row is None:
        return None
    words = f"{row['artist_name']} was the most played artist of {month:%B %Y}: {counted(row['plays'], 'play')}"
    return Finding(f"{words} by {counted(row['listeners'], 'listener')}.", "artists")


def _riser(source: DataSource) -> Finding | None:
    view, monthly = "gold_song_popularity", sql.one_of("period", ["month"])
    month = _newest(source, view, "starts_on", "month", monthly, "plays_change > 0")
    days = periods.extent(source, periods.PLAYS)
    if month is None or (days and periods.follows_unfinished(month, "month", days)):
        return None
    row = _first(
        source,
        f"SELECT track_name, artist_name, plays, previous_plays FROM {view} "
        f"{sql.where(monthly, sql.between('starts_on', (month, month)), 'track_name IS NOT NULL')} "
        "ORDER BY plays_change DESC NULLS LAST, plays DESC, track_id LIMIT 1",
    )
    if row is None:
        return None
    words = f"{row['track_name']} by {row['artist_name'] or 'unknown'} rose most in {month:%B %Y}"
    return Finding(
        f"{words}: {counted(row['plays'], 'play')} after {row['previous_plays']:,.0f} the month before.",
        "rising?against=month",
    )


def _genre(source: DataSource) -> Finding | None:
    view = "gold_genre_momentum"
    last = _newest(source, view, "week", "week")
    if last is None:
        return None
    row = _first(
        source,
        f"SELECT genre, week, 100 * share AS share, 100 * share_before AS before FROM {view} "
        f"{sql.where(sql.between('week', (last, last)), sql.one_of('momentum', ['gaining']))} "
        "ORDER BY z DESC, genre LIMIT 1",
    )
    if row is None:
        return None
    until = pd.Timestamp(row["week"]) + pd.Timedelta(days=6)
    words = f"{row['genre']} gains: {row['share']:.1f} % of the plays of the four weeks to {until:%Y-%m-%d}"
    return Finding(f"{words}, after {row['before']:.1f} % in the four before.", "rising?of=Genres")


def _entries(source: DataSource) -> Finding | None:
    view = "gold_chart_entries"
    row = _first(
        source,
        "SELECT playlist_name, snapshot_date, track_name, artist_name, position, count(*) OVER () AS n "
        f"FROM {view} WHERE entry = 'new' AND playlist_id = (SELECT playlist_id FROM {view} "
        "WHERE entry = 'new' GROUP BY playlist_id ORDER BY count(*) DESC, playlist_id LIMIT 1) "
        "ORDER BY snapshot_date DESC, position LIMIT 1",
    )
    if row is None:
        return None
    day = pd.Timestamp(row["snapshot_date"])
    words = f"The newest entry of {row['playlist_name']} is {row['track_name']} by {row['artist_name'] or 'unknown'}"
    return Finding(f"{words}, at {row['position']:.0f} on {day:%Y-%m-%d}.", "charts?question=New%20entries")


def _longest(source: DataSource) -> Finding | None:
    row = _first(
        source,
        "SELECT playlist_name, track_name, artist_name, days, peak_position FROM gold_chart_tracks "
        "WHERE track_name IS NOT NULL ORDER BY days DESC, peak_position, track_id LIMIT 1",
    )
    if row is None:
        return None
    words = f"{row['track_name']} by {row['artist_name'] or 'unknown'} was on {row['playlist_name']} longest"
    return Finding(
        f"{words}: {counted(row['days'], 'day')}, peak {row['peak_position']:.0f}.",
        "charts?question=Longest%20on%20the%20chart",
    )


def _newest(source: DataSource, view: str, column: str, step: str, *conditions: str) -> date | None:
    """The newest week or month that the plays cover completely; else the newest."""
    clause = sql.where(f"{column} IS NOT NULL", *conditions)
    found = source.ask(f"SELECT DISTINCT {column} AS v FROM {view} {clause} ORDER BY v DESC LIMIT 24")
    if found.empty:
        return None
    marked = periods.mark(found, "v", step, periods.extent(source, periods.PLAYS))
    newest: date = pd.Timestamp(marked["v"].iloc[periods.newest_whole(marked)]).date()
    return newest


def _first(source: DataSource, asked: str) -> pd.Series | None:  # type: ignore[type-arg]  # of values of several types
    rows = source.ask(asked)
    return None if rows.empty else rows.iloc[0]
