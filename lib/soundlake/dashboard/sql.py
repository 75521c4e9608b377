"""Builds SQL from the viewer's choices, in the subset that DuckDB and Athena share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from soundlake.catalog.sql_text import literal
from soundlake.insights import Engine, local_time
from soundlake.settings import Settings

# Of the rows of a group the artist's name that belongs to max(artist_id).
ARTIST = (
    "nullif(max_by(coalesce(artist_name, ''), concat(coalesce(artist_id, ''), ' ', coalesce(artist_name, ''))), '')"
)
SAMPLE = 2_000  # listeners: more take seconds, and change the ranking little


def one_of(column: str, values: Iterable[str]) -> str:
    """Whether a column has one of these values; everything passes where none is chosen."""
    listed = ", ".join(literal(value) for value in values)
    return f"{column} IN ({listed})" if listed else ""


def between(column: str, days: tuple[date, date]) -> str:
    """Whether a date lies between two days, both included."""
    first, last = days
    return f"{column} BETWEEN DATE '{first.isoformat()}' AND DATE '{last.isoformat()}'"


def local(settings: Settings, moment: str) -> str:
    """A moment in the time zone of the insights, as the engine of the settings says it."""
    engine: Engine = "trino" if settings.catalog.type == "glue" else "duckdb"
    return local_time(moment, settings.insights.time_zone, engine)


def known_id(key: str, name: str) -> str:
    """The id of a row; a row with only a name gets the id of the others of that name, or else the name itself."""
    return f"coalesce({key}, CASE WHEN {name} IS NOT NULL THEN max({key}) OVER (PARTITION BY {name}) END, {name})"


def contains(words: str, *columns: str) -> str:
    """Whether one of the columns contains the words, ignoring case; everything passes where there are no words."""
    sought = literal(words.strip().lower())
    return " OR ".join(f"strpos(lower({column}), {sought}) > 0" for column in columns) if words.strip() else ""


def where(*conditions: str) -> str:
    """The WHERE clause of all conditions that are not empty."""
    given = [f"({condition})" for condition in conditions if condition]
    return f"WHERE {' AND '.join(given)}" if given else ""


def heard_together(track: str, most: int) -> str:
    """Select the tracks of the same listeners and playlists: rank, track_id, shared, similarity (cosine).

    `shared` is estimated from a sample where more than SAMPLE listeners and playlists have the track. There are no rows
    where the lake has only one listener or playlist: all of its tracks would be alike.
    """
    users, items, wanted = "gold_weekly_plays", "silver_playlist_items", literal(track)
    return (
        f"WITH owners AS (SELECT DISTINCT 'user' AS what, user_id AS owner FROM {users} WHERE track_id = {wanted} "
        f"UNION ALL SELECT DISTINCT 'playlist', playlist_id FROM {items} WHERE track_id = {wanted}), "
        "numbered AS (SELECT what, owner, row_number() OVER (ORDER BY owner, what) AS place FROM owners), "
        f"sampled AS (SELECT what, owner FROM numbered WHERE {_is_sampled('owners')}), "
        "had AS (SELECT DISTINCT s.what, s.owner, p.track_id FROM sampled AS s "
        f"JOIN {users} AS p ON p.user_id = s.owner WHERE s.what = 'user' AND p.track_id IS NOT NULL "
        "UNION ALL SELECT DISTINCT s.what, s.owner, i.track_id FROM sampled AS s "
        f"JOIN {items} AS i ON i.playlist_id = s.owner WHERE s.what = 'playlist' AND i.track_id IS NOT NULL), "
        f"listed AS (SELECT track_id, count(DISTINCT playlist_id) AS playlists FROM {items} GROUP BY track_id), "
        "several AS (SELECT (SELECT count(user_id) FROM gold_listeners) + count(DISTINCT playlist_id) > 1 AS are_there "
        f"FROM {items} WHERE track_id IS NOT NULL), "
        "counted AS (SELECT (SELECT count(*) FROM owners) AS own, (SELECT count(*) FROM sampled) AS sampled), "
        "each AS (SELECT h.track_id, max(c.own) AS own, "
        "count(*) * CAST(max(c.own) AS double) / max(c.sampled) AS shared "
        f"FROM had AS h CROSS JOIN counted AS c WHERE h.track_id <> {literal(track)} GROUP BY h.track_id), "
        "judged AS (SELECT e.track_id, CAST(round(e.shared) AS bigint) AS shared, "
        "e.shared / sqrt(greatest(coalesce(t.listeners, 0) + coalesce(l.playlists, 0), e.shared) * e.own) "
        "AS similarity "
        "FROM each AS e LEFT JOIN gold_tracks_wide AS t ON t.track_id = e.track_id "
        "LEFT JOIN listed AS l ON l.track_id = e.track_id WHERE (SELECT are_there FROM several)), "
        "ranked AS (SELECT *, row_number() OVER (ORDER BY similarity DESC, shared DESC, track_id) AS rank FROM judged) "
        f"SELECT rank, track_id, shared, similarity FROM ranked WHERE rank <= {most}"
    )


def also_heard(artist: str, most: int) -> str:
    """Select the artists whom the same listeners hear: rank, artist_id, artist_name, shared, similarity (cosine).

    `artist` is an id, or the name of one whose id is not known. There are none where the lake has only one listener.
    Where it has more than SAMPLE, all numbers are of a sample.
    """
    this = "coalesce(t.artist_id, t.artist_name)"
    return (
        "WITH users AS (SELECT user_id, row_number() OVER (ORDER BY user_id) AS place FROM gold_listeners), "
        f"sampled AS (SELECT user_id FROM users WHERE {_is_sampled('users')}), "
        "played AS (SELECT DISTINCT p.user_id, p.track_id FROM gold_weekly_plays AS p "
        "JOIN sampled AS s ON s.user_id = p.user_id), "
        f"had AS (SELECT DISTINCT p.user_id, {this} AS artist FROM played AS p "
        f"JOIN gold_tracks_wide AS t ON t.track_id = p.track_id WHERE {this} IS NOT NULL), "
        f"own AS (SELECT user_id FROM had WHERE artist = {literal(artist)}), "
        "each AS (SELECT h.artist, count(*) AS listeners, count(o.user_id) AS shared "
        "FROM had AS h LEFT JOIN own AS o ON o.user_id = h.user_id GROUP BY h.artist), "
        "judged AS (SELECT artist, shared, "
        "shared / sqrt(listeners * CAST((SELECT count(*) FROM own) AS double)) AS similarity "
        f"FROM each WHERE shared > 0 AND artist <> {literal(artist)} "
        "AND (SELECT count(DISTINCT user_id) FROM had) > 1), "
        "ranked AS (SELECT *, row_number() OVER (ORDER BY similarity DESC, shared DESC, artist) AS rank FROM judged), "
        f"names AS (SELECT {this} AS artist, max(artist_id) AS artist_id, max(artist_name) AS artist_name "
        f"FROM gold_tracks_wide AS t GROUP BY {this}) "
        "SELECT r.rank, n.artist_id, n.artist_name, r.shared, r.similarity FROM ranked AS r "
        f"JOIN names AS n ON n.artist = r.artist WHERE r.rank <= {most} ORDER BY r.rank"
    )


def _is_sampled(numbered: str) -> str:
    """Whether a row, numbered by `place` from 1, is in a systematic sample of SAMPLE rows, or all if they are fewer."""
    return f"mod(place * {SAMPLE}, greatest((SELECT count(*) FROM {numbered}), {SAMPLE})) < {SAMPLE}"
