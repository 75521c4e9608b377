"""What stands out in a listener's year, in sentences."""

from __future__ import annotations

from typing import Any, TypeAlias

import pandas as pd

from soundlake.dashboard.labels import counted
from soundlake.dashboard.links import anchor
from soundlake.dashboard.listener import SESSION_GAP, Heard

Row: TypeAlias = "pd.Series[Any]"


def facts(of_year: Heard) -> list[str]:
    """The sentences, in HTML; the year has at least one play."""
    return [_ends(of_year.ends), streak(of_year), busiest(of_year), _sessions(of_year.sessions.iloc[0])]


def streak(of_year: Heard) -> str:
    """The days in a row with music."""
    run = of_year.streaks.iloc[0]
    if run["days"] == 1:
        return "No two days in a row had music."
    days = f"{run['first_on']:%Y-%m-%d} to {run['last_on']:%Y-%m-%d}"
    return f"Longest streak: <b>{run['days']:,} days</b> in a row, {days}."


def busiest(of_year: Heard) -> str:
    """The day with the most plays."""
    day = of_year.days.iloc[0]
    return f"Busiest day: {day['day']:%Y-%m-%d}, with <b>{counted(day['plays'], 'play')}</b>."


def _ends(ends: pd.DataFrame) -> str:
    first, last = ends.iloc[0], ends.iloc[-1]
    words = f"First play: {_named(first)}, on {first['heard_at']:%Y-%m-%d at %H:%M}."
    return words if len(ends) == 1 else f"{words} Last: {_named(last)}, on {last['heard_at']:%Y-%m-%d at %H:%M}."


def _sessions(longest: Row) -> str:
    many = counted(longest["sessions"], "session")
    mean = f"{longest['mean_plays']:.1f} plays on average"
    words = f"<b>{many}</b> of {mean}; {SESSION_GAP} minutes without a play end one."
    if longest["plays"] == 1:
        return words
    hours, minutes = divmod(round(longest["seconds"] / 60), 60)
    lasted = f"{hours} h {minutes} min" if hours else f"{minutes} min"
    largest = f"{counted(longest['plays'], 'play')} in {lasted}, from {longest['began_at']:%Y-%m-%d at %H:%M}"
    return f"{words} The largest: {largest}."


def _named(play: Row) -> str:
    track = anchor("track", play["track_id"], play["track_name"])
    return f"{track} by {anchor('artist', play['artist_id'], play['artist_name'])}"
