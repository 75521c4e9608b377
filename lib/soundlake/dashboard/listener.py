"""What one listener heard, year by year: each question is one SELECT over the plays of this listener alone.

Years, months, days and hours are those of `insights.time_zone`. Sessions are told apart by the time between moments, so
that no change of clocks ends one.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from soundlake.catalog.sql_text import Shared, literal
from soundlake.dashboard import sql
from soundlake.dashboard.source import DataSource
from soundlake.tables import TRACKS
from soundlake.views import MATCHED_LISTENING

SESSION_GAP = 30  # minutes without a play that end a session
MOST = 10  # tracks, artists and albums of a year that are listed

_YEAR = "CAST(extract(YEAR FROM day) AS integer)"
_MINUTES = "CAST(sum(ms_played) AS double) / 60000 AS minutes"


@dataclass(frozen=True)
class Heard:
    """The answers, each with a column `year`; without rows where nothing was heard."""

    totals: pd.DataFrame
    months: pd.DataFrame
    hours: pd.DataFrame
    streaks: pd.DataFrame
    ends: pd.DataFrame
    tracks: pd.DataFrame
    artists: pd.DataFrame
    albums: pd.DataFrame
    sessions: pd.DataFrame
    discoveries: pd.DataFrame
    days: pd.DataFrame

    def of(self, year: int) -> Heard:
        """The answers of one year."""
        return Heard(
            **{name: frame[frame["year"] == year].reset_index(drop=True) for name, frame in vars(self).items()}
        )


def heard(source: DataSource, user: str) -> Heard:
    """Ask everything about one listener; raises what `DataSource.ask` raises."""
    asked = {
        "totals": totals(),
        "months": months(),
        "hours": hours(),
        "streaks": streaks(),
        "ends": ends(),
        "tracks": most("track", "track_name", "artist_name", "track_id"),
        "artists": most("artist", "artist_name", "CAST(NULL AS varchar)", "artist_id"),
        "albums": most("album", "album_name", "artist_name", "album_id"),
        "sessions": sessions(),
        "discoveries": discoveries(),
        "days": busiest_days(),
    }
    plays = Shared("heard", _plays(user, sql.local(source.settings, "p.played_at")))
    answers = source.ask_all(list(asked.values()), (MATCHED_LISTENING.view, "user_id", user), plays)
    return Heard(**dict(zip(asked, answers, strict=True)))


def totals() -> str:
    """Select how much was heard in each year, and how much of it for the first time."""
    return (
        f"SELECT {_YEAR} AS year, count(*) AS plays, {_MINUTES}, "
        "count(ms_played) AS timed, count(DISTINCT track) AS tracks, count(DISTINCT artist) AS artists, "
        "count(DISTINCT day) AS days, sum(is_new_track) AS new_tracks, sum(is_new_artist) AS new_artists "
        f"FROM heard GROUP BY {_YEAR} ORDER BY year"
    )


def months() -> str:
    """Select the plays of each month, and how many of its tracks were heard for the first time."""
    month = "CAST(date_trunc('month', day) AS date)"
    return (
        f"SELECT {_YEAR} AS year, {month} AS month, count(*) AS plays, {_MINUTES}, "
        "count(DISTINCT track) AS tracks, sum(is_new_track) AS new_tracks "
        f"FROM heard GROUP BY {_YEAR}, {month} ORDER BY month"
    )


def hours() -> str:
    """Select the plays of each hour of each weekday, 1 for Monday."""
    # Engines number weekdays differently, so they are counted from a Monday.
    weekday = "CAST(mod(extract(DOW FROM day) - extract(DOW FROM DATE '1970-01-05') + 7, 7) + 1 AS integer)"
    hour = "CAST(extract(HOUR FROM heard_at) AS integer)"
    return (
        f"SELECT {_YEAR} AS year, {weekday} AS weekday, {hour} AS hour, count(*) AS plays "
        f"FROM heard GROUP BY {_YEAR}, {weekday}, {hour} ORDER BY year, weekday, hour"
    )


def streaks() -> str:
    """Select the longest run of days in a row with a play in each year, the first of several."""
    return (
        f"WITH days AS (SELECT DISTINCT {_YEAR} AS year, day FROM heard), "
        "numbered AS (SELECT year, day, date_diff('day', DATE '1970-01-01', day) "
        "- row_number() OVER (PARTITION BY year ORDER BY day) AS run FROM days), "
        "runs AS (SELECT year, count(*) AS days, min(day) AS first_on, max(day) AS last_on FROM numbered "
        "GROUP BY year, run) "
        "SELECT year, days, first_on, last_on FROM (SELECT *, row_number() OVER "
        "(PARTITION BY year ORDER BY days DESC, first_on) AS place FROM runs) AS r WHERE place = 1 ORDER BY year"
    )


def ends() -> str:
    """Select the first and the last play of each year."""
    return (
        "SELECT year, heard_at, track_id, track_name, artist_id, artist_name, from_first = 1 AS is_first FROM ("
        f"SELECT {_YEAR} AS year, heard_at, track_id, track_name, artist_id, artist_name, "
        f"row_number() OVER (PARTITION BY {_YEAR} ORDER BY played_at, track) AS from_first, "
        f"row_number() OVER (PARTITION BY {_YEAR} ORDER BY played_at DESC, track DESC) AS from_last FROM heard) AS h "
        "WHERE from_first = 1 OR from_last = 1 ORDER BY year, heard_at"
    )


def most(thing: str, name: str, beside: str, id_: str) -> str:
    """Select what was played most in each year: tracks, artists or albums."""
    return (
        f"WITH counted AS (SELECT {_YEAR} AS year, {thing} AS thing, max({name}) AS name, max({beside}) AS beside, "
        f"max({id_}) AS id, count(*) AS plays, CAST(sum(ms_played) AS double) / 60000 AS minutes FROM heard "
        f"WHERE {thing} IS NOT NULL AND {name} IS NOT NULL GROUP BY {_YEAR}, {thing}) "
        "SELECT year, place, name, beside, id, plays, minutes FROM (SELECT *, row_number() OVER "
        "(PARTITION BY year ORDER BY plays DESC, minutes DESC NULLS LAST, name, thing) AS place FROM counted) AS c "
        f"WHERE place <= {MOST} ORDER BY year, place"
    )


def sessions() -> str:
    """Select the sessions of each year in which they began, and the one with the most plays, the first of several."""
    return (
        "WITH marked AS (SELECT played_at, heard_at, day, "
        "CASE WHEN played_at <= lag(played_at) OVER (ORDER BY played_at) "
        f"+ INTERVAL '{SESSION_GAP}' MINUTE THEN 0 ELSE 1 END AS begins FROM heard), "
        "numbered AS (SELECT played_at, heard_at, day, sum(begins) OVER "
        "(ORDER BY played_at ROWS UNBOUNDED PRECEDING) AS session FROM marked), "
        "sessions AS (SELECT min(day) AS day, min(heard_at) AS began_at, count(*) AS plays, "
        "date_diff('second', min(played_at), max(played_at)) AS seconds FROM numbered GROUP BY session), "
        f"placed AS (SELECT {_YEAR} AS year, began_at, plays, seconds, "
        f"count(*) OVER (PARTITION BY {_YEAR}) AS sessions, "
        f"avg(CAST(plays AS double)) OVER (PARTITION BY {_YEAR}) AS mean_plays, "
        f"row_number() OVER (PARTITION BY {_YEAR} ORDER BY plays DESC, began_at) AS place FROM sessions) "
        "SELECT year, sessions, mean_plays, began_at, plays, seconds FROM placed WHERE place = 1 ORDER BY year"
    )


def discoveries() -> str:
    """Select the artists that were first heard in each year, those most played in it first."""
    return (
        f"WITH counted AS (SELECT {_YEAR} AS year, artist, max(artist_name) AS name, max(artist_id) AS id, "
        "min(day) AS first_on, count(*) AS plays FROM heard "
        f"WHERE artist_name IS NOT NULL GROUP BY {_YEAR}, artist HAVING sum(is_new_artist) = 1) "
        "SELECT year, place, name, id, first_on, plays FROM (SELECT *, row_number() OVER "
        "(PARTITION BY year ORDER BY plays DESC, first_on, name) AS place FROM counted) AS c "
        f"WHERE place <= {MOST} ORDER BY year, place"
    )


def busiest_days() -> str:
    """Select the day with the most plays in each year, the first of several."""
    return (
        "SELECT year, day, plays FROM ("
        "SELECT *, row_number() OVER (PARTITION BY year ORDER BY plays DESC, day) AS place "
        f"FROM (SELECT {_YEAR} AS year, day, count(*) AS plays FROM heard GROUP BY {_YEAR}, day) AS d) AS p "
        "WHERE place = 1 ORDER BY year"
    )


def _plays(user: str, local: str) -> str:
    """Select the plays of tracks of a listener, with local times, and whether a track or an artist was new."""
    track, album = (f"{name} || ' – ' || coalesce(artist_name, '')" for name in ("track_name", "album_name"))
    return (
        "WITH played AS (SELECT p.played_at, "
        f"CAST({local} AS timestamp) AS heard_at, CAST({local} AS date) AS day, p.ms_played, p.track_id, "
        "coalesce(p.track_name, t.track_name) AS track_name, coalesce(t.artist_name, p.artist_name) AS artist_name, "
        "t.artist_id, coalesce(t.album_name, p.album_name) AS album_name, t.album_id "
        f"FROM {MATCHED_LISTENING.view} AS p LEFT JOIN {TRACKS.view} AS t ON t.track_id = p.track_id "
        f"WHERE p.user_id = {literal(user)} AND p.content_type = 'track'), "
        f"named AS (SELECT *, {sql.known_id('track_id', track)} AS track, "
        f"{sql.known_id('artist_id', 'artist_name')} AS artist, "
        f"{sql.known_id('album_id', album)} AS album FROM played) "
        f"SELECT *, {_is_first('track')} AS is_new_track, {_is_first('artist')} AS is_new_artist FROM named"
    )


def _is_first(thing: str) -> str:
    """1 for the first play of each thing that is known, else 0."""
    first = f"row_number() OVER (PARTITION BY {thing} ORDER BY played_at) = 1"
    return f"CASE WHEN {thing} IS NOT NULL AND {first} THEN 1 ELSE 0 END"
