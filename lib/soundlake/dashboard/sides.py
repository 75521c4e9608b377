"""What is compared: sides of plays, each chosen by a condition, in numbers and in their most played artists."""

from __future__ import annotations

from collections.abc import Mapping

from soundlake.catalog.sql_text import literal
from soundlake.dashboard import sql

_PLAYS = "gold_weekly_plays"
NUMBERS = {"plays": "Plays", "hours": "Hours known", "tracks": "Tracks", "artists": "Artists"}


def numbers(sides: Mapping[str, str]) -> str:
    """Select NUMBERS and listeners of each side, whose condition stands under its name."""
    return " UNION ALL ".join(
        f"SELECT {literal(side)} AS side, coalesce(sum(plays), 0) AS plays, "
        "CAST(sum(ms_played) AS double) / 3600000 AS hours, count(DISTINCT track_id) AS tracks, "
        "count(DISTINCT artist_name) AS artists, count(DISTINCT user_id) AS listeners "
        f"FROM {_PLAYS} {sql.where(condition)}"
        for side, condition in sides.items()
    )


def artists(condition: str, other: str, most: int) -> str:
    """Select the most played artists of one side, with rank and plays on the other, null where it has none."""
    ranked = (
        "SELECT artist_name, sum(plays) AS plays, max(track_id) AS track_id, "
        "row_number() OVER (ORDER BY sum(plays) DESC, artist_name) AS rank "
        f"FROM {_PLAYS} {{clause}} GROUP BY artist_name"
    )
    known = "artist_name IS NOT NULL"
    return (
        f"WITH these AS ({ranked.format(clause=sql.where(condition, known))}), "
        f"those AS ({ranked.format(clause=sql.where(other, known))}) "
        "SELECT a.rank, a.artist_name, t.artist_id, a.plays, b.rank AS other_rank, b.plays AS other_plays "
        "FROM these AS a LEFT JOIN those AS b ON b.artist_name = a.artist_name "
        "LEFT JOIN silver_tracks AS t ON t.track_id = a.track_id AND t.artist_name = a.artist_name "
        f"WHERE a.rank <= {most} ORDER BY a.rank"
    )


def overlap(condition: str, other: str) -> str:
    """Select how many artists both sides have, and how many either has."""
    return (
        "WITH had AS (SELECT artist_name, "
        f"max(CASE WHEN {condition} THEN 1 ELSE 0 END) AS here, max(CASE WHEN {other} THEN 1 ELSE 0 END) AS there "
        f"FROM {_PLAYS} WHERE artist_name IS NOT NULL AND ({condition} OR {other}) GROUP BY artist_name) "
        "SELECT coalesce(sum(here * there), 0) AS shared, count(*) AS either FROM had"
    )
