"""Builds SQL from the viewer's choices, in the subset that DuckDB and Athena share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from soundlake.insights import Engine, local_time
from soundlake.settings import Settings

ASKED = 2_000  # of the listeners who have something: more take seconds, and tell little more


def text(value: str) -> str:
    """A text as a literal."""
    return "'" + value.replace("'", "''") + "'"


def one_of(column: str, values: Iterable[str]) -> str:
    """Whether a column has one of these values; everything passes where none is chosen."""
    listed = ", ".join(text(value) for value in values)
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
    sought = text(words.strip().lower())
    return " OR ".join(f"strpos(lower({column}), {sought}) > 0" for column in columns) if words.strip() else ""


def where(*conditions: str) -> str:
    """The WHERE clause of all conditions that are not empty."""
    given = [f"({condition})" for condition in conditions if condition]
    return f"WHERE {' AND '.join(given)}" if given else ""


def heard_together(track: str, most: int) -> str:
    """Select the tracks of the same listeners and playlists: rank, track_id, shared, similarity (cosine).

    Of a track that more than ASKED listeners and playlists have, `shared` is estimated from ASKED of them. There are no
    rows where the lake has only one listener or playlist, as with all tracks alike.
    """
    users, items = "gold_weekly_plays", "silver_playlist_items"
    return (
        f"WITH owners AS (SELECT DISTINCT 'user' AS what, user_id AS owner FROM {users} WHERE track_id = {text(track)} "
        f"UNION ALL SELECT DISTINCT 'playlist', playlist_id FROM {items} WHERE track_id = {text(track)}), "
        "numbered AS (SELECT what, owner, row_number() OVER (ORDER BY owner, what) AS place FROM owners), "
        f"asked AS (SELECT what, owner FROM numbered WHERE {_every('owners')}), "
        "had AS (SELECT DISTINCT a.what, a.owner, p.track_id FROM asked AS a "
        f"JOIN {users} AS p ON p.user_id = a.owner WHERE a.what = 'user' AND p.track_id IS NOT NULL "
        "UNION ALL SELECT DISTINCT a.what, a.owner, i.track_id FROM asked AS a "
        f"JOIN {items} AS i ON i.playlist_id = a.owner WHERE a.what = 'playlist' AND i.track_id IS NOT NULL), "
        f"listed AS (SELECT track_id, count(DISTINCT playlist_id) AS playlists FROM {items} GROUP BY track_id), "
        "several AS (SELECT min(owner) <> max(owner) AS are_there FROM ("
        f"SELECT concat('user ', min(user_id)) AS owner FROM {users} "
        f"UNION ALL SELECT concat('user ', max(user_id)) FROM {users} "
        f"UNION ALL SELECT concat('playlist ', min(playlist_id)) FROM {items} WHERE track_id IS NOT NULL "
        f"UNION ALL SELECT concat('playlist ', max(playlist_id)) FROM {items} WHERE track_id IS NOT NULL) AS ends "
        "WHERE owner NOT IN ('user ', 'playlist ')), "
        "counted AS (SELECT (SELECT count(*) FROM owners) AS own, (SELECT count(*) FROM asked) AS asked), "
        "each AS (SELECT h.track_id, count(*) * CAST(max(c.own) AS double) / max(c.asked) AS shared, max(c.own) AS own "
        f"FROM had AS h CROSS JOIN counted AS c WHERE h.track_id <> {text(track)} GROUP BY h.track_id), "
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
    Where it has more than ASKED, ASKED of them are asked.
    """
    this = "coalesce(t.artist_id, t.artist_name)"
    return (
        "WITH users AS (SELECT user_id, row_number() OVER (ORDER BY user_id) AS place FROM gold_weekly_plays "
        f"GROUP BY user_id), asked AS (SELECT user_id FROM users WHERE {_every('users')}), "
        "played AS (SELECT DISTINCT p.user_id, p.track_id FROM gold_weekly_plays AS p "
        "JOIN asked AS a ON a.user_id = p.user_id), "
        f"had AS (SELECT DISTINCT p.user_id, {this} AS artist FROM played AS p "
        f"JOIN gold_tracks_wide AS t ON t.track_id = p.track_id WHERE {this} IS NOT NULL), "
        f"own AS (SELECT user_id FROM had WHERE artist = {text(artist)}), "
        "each AS (SELECT h.artist, count(*) AS listeners, count(o.user_id) AS shared "
        "FROM had AS h LEFT JOIN own AS o ON o.user_id = h.user_id GROUP BY h.artist), "
        "judged AS (SELECT artist, shared, "
        "shared / sqrt(listeners * CAST((SELECT count(*) FROM own) AS double)) AS similarity "
        f"FROM each WHERE shared > 0 AND artist <> {text(artist)} AND (SELECT count(DISTINCT user_id) FROM had) > 1), "
        "ranked AS (SELECT *, row_number() OVER (ORDER BY similarity DESC, shared DESC, artist) AS rank FROM judged), "
        f"names AS (SELECT {this} AS artist, max(artist_id) AS artist_id, max(artist_name) AS artist_name "
        f"FROM gold_tracks_wide AS t GROUP BY {this}) "
        "SELECT r.rank, n.artist_id, n.artist_name, r.shared, r.similarity FROM ranked AS r "
        f"JOIN names AS n ON n.artist = r.artist WHERE r.rank <= {most} ORDER BY r.rank"
    )


def _every(numbered: str) -> str:
    """Whether a row is one of ASKED at equal distances, by `place` from 1; all of them where there are no more."""
    return f"mod(place * {ASKED}, greatest((SELECT count(*) FROM {numbered}), {ASKED})) < {ASKED}"
