"""What is compared: sides of plays, each chosen by a condition, in numbers and in their most played artists.

Artists are told apart by id, as in `gold_most_streamed_artists`; where no id is known, by name. A side is named by its
place among the conditions.
"""

from __future__ import annotations

from collections.abc import Sequence

from soundlake.catalog.sql_text import Shared
from soundlake.dashboard import sql

_PLAYS = "gold_weekly_plays"
NUMBERS = {"plays": "Plays", "hours": "Hours known", "tracks": "Tracks", "artists": "Artists"}


def heard(conditions: Sequence[str]) -> Shared:
    """What the SELECTs below read, with a row for each track: track, artist, artist_id, artist_name, plays_N and ms_N.

    `artist` is the id, or the name where no id is known; a play that tells a name alone counts for the artist of that
    name on any side. plays_N and ms_N are the sums where the condition at place N
    holds.
    """
    measures = ", ".join(
        f"sum(CASE WHEN {condition} THEN plays END) AS plays_{place}, "
        f"sum(CASE WHEN {condition} THEN ms_played END) AS ms_{place}"
        for place, condition in enumerate(conditions)
    )
    any_of = " OR ".join(f"({condition})" for condition in conditions)
    return Shared(
        "heard",
        # Tracks with an id are grouped apart from those without: grouping by one text is quicker than by three.
        f"WITH summed AS (SELECT track_id AS track, track_id, max(artist_name) AS told_as, {measures} "
        f"FROM {_PLAYS} {sql.where(any_of, 'track_id IS NOT NULL')} GROUP BY track_id "
        "UNION ALL SELECT max(track_name || ' / ' || coalesce(artist_name, '')), CAST(NULL AS varchar), artist_name, "
        f"{measures} FROM {_PLAYS} {sql.where(any_of, 'track_id IS NULL')} GROUP BY track_name, artist_name), "
        "named AS (SELECT s.*, t.artist_id, coalesce(t.artist_name, s.told_as) AS artist_name "
        "FROM summed AS s LEFT JOIN gold_tracks_wide AS t ON t.track_id = s.track_id) "
        f"SELECT *, {sql.known_id('artist_id', 'artist_name')} AS artist FROM named",
    )


def numbers(sides: int) -> str:
    """Select NUMBERS of the first sides, with their places as `side`."""
    return " UNION ALL ".join(
        f"SELECT {side} AS side, coalesce(sum(plays_{side}), 0) AS plays, "
        f"CAST(sum(ms_{side}) AS double) / 3600000 AS hours, "
        f"count(DISTINCT CASE WHEN plays_{side} > 0 THEN track END) AS tracks, "
        f"count(DISTINCT CASE WHEN plays_{side} > 0 THEN artist END) AS artists FROM heard"
        for side in range(sides)
    )


def listeners(conditions: Sequence[str]) -> str:
    """Select the listeners of sides, with their places as `side`."""
    return " UNION ALL ".join(
        f"SELECT {side} AS side, count(DISTINCT user_id) AS listeners FROM {_PLAYS} {sql.where(condition)}"
        for side, condition in enumerate(conditions)
    )


def artists(side: int, other: int, most: int) -> str:
    """Select the most played artists of one side, with rank and plays on the other, null where it has none."""
    rank = "CASE WHEN {0} > 0 THEN row_number() OVER (ORDER BY coalesce({0}, 0) DESC, artist_name, artist) END"
    ranks = f"{rank.format('plays')} AS rank, {rank.format('other_plays')} AS other_rank"
    return (
        "WITH each AS (SELECT artist, max(artist_id) AS artist_id, max(artist_name) AS artist_name, "
        f"sum(plays_{side}) AS plays, sum(plays_{other}) AS other_plays FROM heard WHERE artist IS NOT NULL "
        f"GROUP BY artist), ranked AS (SELECT *, {ranks} FROM each) "
        "SELECT rank, artist_name, artist_id, plays, other_rank, other_plays "
        f"FROM ranked WHERE rank <= {most} ORDER BY rank"
    )


def overlap(side: int, other: int) -> str:
    """Select how many artists both sides have, and how many either has."""
    return (
        f"WITH each AS (SELECT artist, sum(plays_{side}) AS here, sum(plays_{other}) AS there FROM heard "
        "WHERE artist IS NOT NULL GROUP BY artist) "
        "SELECT coalesce(sum(CASE WHEN here > 0 AND there > 0 THEN 1 ELSE 0 END), 0) AS shared, count(*) AS either "
        "FROM each WHERE here > 0 OR there > 0"
    )
