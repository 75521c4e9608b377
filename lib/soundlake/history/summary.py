"""The summary of a listening history, computed by DuckDB from tables in memory, without Spark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import pyarrow as pa

from soundlake.tables import PLAYS
from soundlake.views import LISTENING

TOP = 5  # places of each list

# What each list groups by, and which plays it is of.
_LISTS = {
    "artists": (("artist_name",), "content_type IN ('track', 'video')"),
    "tracks": (("track_name", "artist_name"), "content_type IN ('track', 'video')"),
    "albums": (("album_name", "artist_name"), "content_type = 'track'"),
    "shows": (("show_name",), "content_type IN ('episode', 'chapter')"),
}


@dataclass(frozen=True)
class Place:
    """An entry of a list: its names (title and artist, or one name), hours, plays, and when it was heard first."""

    names: tuple[str, ...]
    hours: float
    plays: int
    first_heard_at: datetime


@dataclass(frozen=True)
class Streak:
    """Days in a row on which something was listened to, the first and the last included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it lasted."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class HistorySummary:
    """A listener's history. Times are local, in the time zone that was asked for.

    `hours` are by type of content, `lists` by name: artists, tracks, albums, shows. `first` is the first thing that was
    heard, `last_streak` the one that was still going on at the end.
    """

    user: str
    plays: int
    first_at: datetime
    last_at: datetime
    hours: Mapping[str, float]
    lists: Mapping[str, tuple[Place, ...]]
    first: str
    longest_streak: Streak
    last_streak: Streak


def summarise(plays: pa.Table, user: str, time_zone: str) -> HistorySummary | None:
    """Summarise the history of a user.

    Args:
        plays: rows of silver/plays, of that user and of others.
        user: whose history it is.
        time_zone: the time zone of days and times.

    Returns:
        None where the user has no plays.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register(PLAYS.view, plays)
        connection.execute(_HEARD, {"zone": time_zone, "user": user})
        number, first_at, last_at = _row(connection, "SELECT count(*), min(heard_at), max(heard_at) FROM heard")
        if not number:
            return None
        hours = connection.execute("SELECT content_type, sum(h) FROM heard GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
        streaks = [Streak(*found) for found in connection.execute(_STREAKS).fetchall()]
        return HistorySummary(
            user=user,
            plays=number,
            first_at=first_at,
            last_at=last_at,
            hours=dict(hours),
            lists={name: _top(connection, *parts) for name, parts in _LISTS.items()},
            first=_row(connection, _FIRST)[0],
            longest_streak=max(streaks, key=lambda streak: streak.days),
            last_streak=streaks[-1],
        )


_HEARD = f"""
CREATE TABLE heard AS
SELECT *, timezone($zone, played_at) AS heard_at, coalesce(ms_played, 0) / 3600000.0 AS h
FROM ({LISTENING.sql()})
WHERE user_id = $user
"""  # noqa: S608 - all of it is ours
_STREAKS = """
SELECT min(day), max(day)
FROM (SELECT day, day - CAST(row_number() OVER (ORDER BY day) AS integer) AS run
      FROM (SELECT DISTINCT CAST(heard_at AS date) AS day FROM heard))
GROUP BY run
ORDER BY 1
"""
_FIRST = """
SELECT concat_ws(' – ', coalesce(track_name, episode_name), coalesce(artist_name, show_name))
FROM heard ORDER BY heard_at, play_id LIMIT 1
"""


def _top(connection: duckdb.DuckDBPyConnection, names: tuple[str, ...], of: str) -> tuple[Place, ...]:
    """The things that were heard longest; those that only polls tell, which say no time, by how often."""
    listed, are_known = ", ".join(names), " AND ".join(f"{name} IS NOT NULL" for name in names)
    found = connection.execute(f"""
        SELECT {listed}, sum(h), count(*), min(heard_at)
        FROM heard
        WHERE {of} AND {are_known}
        GROUP BY {listed}
        ORDER BY sum(h) DESC, count(*) DESC, {listed}
        LIMIT {TOP}
    """)  # noqa: S608 - all of it is ours
    return tuple(Place(tuple(row[: len(names)]), *row[len(names) :]) for row in found.fetchall())


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = connection.execute(sql).fetchone()
    assert row is not None  # of an aggregate, or of a table that is not empty
    return row
