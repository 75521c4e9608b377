"""All Insights in a real browser: the numbers of every chart against SQL written by hand, asked of another reader."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import pytest

from helpers.services.dashboard import Ask, Shown
from soundlake.insights import load_insights
from soundlake.settings import load_settings

pytestmark = pytest.mark.browser

MIN_N = load_settings(env={}).dashboard.min_n
MONTH = "period = 'month'"
GLOBAL = "playlist_name = 'Top 50 - Global'"
ORIGIN = "genre_source = (SELECT genre_source FROM {0} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1)"
LARGEST = "{1} IN (SELECT {1} FROM {0} WHERE {2} GROUP BY 1 ORDER BY {3} DESC NULLS LAST, 1 LIMIT 8)"
PLACE = "playlist_name = (SELECT playlist_name FROM {0} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1)"
OTHER = (
    "other_playlist_name = "
    "(SELECT other_playlist_name FROM gold_market_overlap GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1)"
)


def largest(view: str, column: str, condition: str, by: str) -> str:
    return LARGEST.format(view, column, condition, by)


# Of each insight: the columns of its chart's CSV that are compared, and what they should be. In any order, for lines
# stand side by side; zeros that only say that nothing was counted are left out.
EXPECTED: dict[str, tuple[list[str], str]] = {
    "album_frequency": (
        ["album_name", "entries"],
        f"SELECT max(album_name), sum(entries) FROM gold_album_frequency WHERE {MONTH} AND album_name IS NOT NULL "
        "GROUP BY album_id ORDER BY 2 DESC, album_id LIMIT 20",
    ),
    "artist_appearances": (
        ["starts_on", "tracks_per_snapshot"],
        "SELECT starts_on, tracks_per_snapshot FROM gold_artist_appearances WHERE "
        f"{MONTH} AND {(place := PLACE.format('gold_artist_appearances'))} AND "
        + largest("gold_artist_appearances", "artist_id", f"{MONTH} AND {place}", "sum(entries)"),
    ),
    "artist_genres": (
        ["genre", "artists"],
        "SELECT genre, count(DISTINCT artist_id) FROM gold_artist_genres GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 30",
    ),
    "artist_popularity": (
        ["artist_name", "starts_on", "plays"],
        f"SELECT artist_name, starts_on, plays FROM gold_artist_popularity WHERE {MONTH} AND "
        + largest("gold_artist_popularity", "artist_id", f"{MONTH} AND artist_name IS NOT NULL", "sum(plays)"),
    ),
    "audio_feature_trends": (
        ["basis", "month", "energy"],
        f"SELECT basis, month, energy FROM gold_audio_feature_trends WHERE energy IS NOT NULL AND tracks >= {MIN_N}",
    ),
    "chart_entries": (
        ["week", "entry", "entries"],
        "SELECT CAST(date_trunc('week', snapshot_date) AS date), entry, count(*) FROM gold_chart_entries "
        f"WHERE {PLACE.format('gold_chart_entries')} GROUP BY 1, 2",
    ),
    "chart_tracks": (
        ["track_name", "days", "peak_position"],
        "SELECT track_name, days, peak_position FROM gold_chart_tracks "
        f"WHERE {PLACE.format('gold_chart_tracks')} ORDER BY days DESC, track_id LIMIT 2000",
    ),
    "cluster_mix": (
        ["month", "cluster_name", "share_of_plays"],
        "SELECT month, cluster_name, share_of_plays FROM gold_cluster_mix WHERE share_of_plays IS NOT NULL",
    ),
    "cluster_overview": (["cluster_name", "plays"], "SELECT cluster_name, plays FROM gold_cluster_overview"),
    "data_quality": (
        ["day", "reason", "records"],
        "SELECT day, reason, sum(records) FROM gold_data_quality GROUP BY 1, 2",
    ),
    "genre_momentum": (
        ["week", "genre", "share"],
        f"SELECT week, genre, share FROM gold_genre_momentum WHERE {(origin := ORIGIN.format('gold_genre_momentum'))} "
        "AND " + largest("gold_genre_momentum", "genre", origin, "sum(share)"),
    ),
    "genre_popularity": (
        ["month", "genre", "avg_popularity", "tracks_observed"],
        "SELECT month, genre, avg_popularity, tracks_observed FROM gold_genre_popularity "
        f"WHERE avg_popularity IS NOT NULL AND tracks_observed >= {MIN_N} "
        f"AND {(origin := ORIGIN.format('gold_genre_popularity'))} AND "
        + largest("gold_genre_popularity", "genre", origin, "sum(tracks_observed)"),
    ),
    "genre_trends": (
        ["starts_on", "genre", "plays"],
        f"SELECT starts_on, genre, plays FROM gold_genre_trends WHERE {MONTH} AND plays > 0 AND "
        f"{(origin := ORIGIN.format('gold_genre_trends'))} AND "
        + largest("gold_genre_trends", "genre", f"{MONTH} AND {origin}", "sum(plays)"),
    ),
    "listeners": (
        ["user_id", "plays"],
        "SELECT user_id, count(*) FROM silver_listening WHERE content_type = 'track' "
        "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
    ),
    "listening_by_content_type": (
        ["week", "content_type", "plays"],
        "SELECT CAST(date_trunc('week', played_date) AS date), content_type, count(*) FROM silver_listening "
        "GROUP BY 1, 2",
    ),
    "listening_by_hour": (
        ["hour", "plays"],
        "SELECT hour, sum(plays) FROM gold_listening_by_hour GROUP BY hour, weekday",
    ),
    "market_overlap": (
        ["snapshot_date", "playlist_name", "share"],
        f"SELECT snapshot_date, playlist_name, share FROM gold_market_overlap WHERE {OTHER} AND "
        + largest("gold_market_overlap", "playlist_id", OTHER, "sum(shared)"),
    ),
    "most_streamed_artists": (
        ["artist_name", "plays"],
        "SELECT max(artist_name), sum(plays) FROM gold_most_streamed_artists "
        "GROUP BY coalesce(artist_id, artist_name) ORDER BY 2 DESC, coalesce(artist_id, artist_name) LIMIT 20",
    ),
    "playlist_turnover": (
        ["week", "playlist_name", "turnover"],
        "SELECT CAST(date_trunc('week', snapshot_date) AS date), max(playlist_name), sum(entered) / sum(tracks) "
        "FROM gold_playlist_turnover WHERE entered IS NOT NULL AND "
        + largest("gold_playlist_turnover", "playlist_id", "true", "sum(entered)")
        + " GROUP BY 1, playlist_id",
    ),
    "skips_by_reason": (
        ["reason", "content_type", "plays"],
        "SELECT coalesce(reason_end, 'unknown'), content_type, count(*) FROM silver_listening GROUP BY 1, 2",
    ),
    "song_popularity": (
        ["starts_on", "track_name", "plays"],
        "SELECT starts_on, max(track_name) OVER (PARTITION BY track_id), plays FROM gold_song_popularity "
        f"WHERE {MONTH} AND plays > 0 AND "
        + largest("gold_song_popularity", "track_id", f"{MONTH} AND track_name IS NOT NULL", "sum(plays)"),
    ),
    "top_albums": (
        ["album_name", "score"],
        "SELECT album_name, score FROM gold_top_albums WHERE album_name IS NOT NULL ORDER BY rank LIMIT 20",
    ),
    "top_tracks": (
        ["track_name", "points"],
        f"SELECT max(track_name), sum(points) FROM gold_top_tracks WHERE {PLACE.format('gold_top_tracks')} "
        "GROUP BY track_id ORDER BY 2 DESC, track_id LIMIT 20",
    ),
    "tracks_wide": (
        ["track_name", "cluster_name", "energy", "valence"],
        "SELECT track_name, cluster_name, energy, valence FROM gold_tracks_wide WHERE cluster_name IS NOT NULL "
        "ORDER BY plays DESC, track_id LIMIT 2000",
    ),
    "weekly_playlist_tracks": (
        ["week", "track_name", "points"],
        "SELECT week, max(max(track_name)) OVER (PARTITION BY track_id), sum(points) FROM gold_weekly_playlist_tracks "
        f"WHERE {(place := PLACE.format('gold_weekly_playlist_tracks'))} AND "
        + largest("gold_weekly_playlist_tracks", "track_id", place, "sum(points)")
        + " GROUP BY week, track_id",
    ),
    "weekly_plays": (
        ["week", "plays"],
        "SELECT CAST(date_trunc('week', played_date) AS date), count(*) FROM silver_listening "
        "WHERE content_type = 'track' GROUP BY 1",
    ),
    "weekly_popularity": (
        ["week", "entity", "mean_popularity"],
        "SELECT CAST(date_trunc('week', observed_on) AS date), entity, avg(popularity) FROM silver_popularity_history "
        f"WHERE popularity IS NOT NULL GROUP BY 1, 2 HAVING count(*) >= {MIN_N}",
    ),
}


def test_every_chart_shows_what_the_whole_mart_says(shown: Shown, ask: Ask) -> None:
    insights = load_insights()
    assert {insight.name for insight in insights} == EXPECTED.keys()
    shown.open("insights")
    for insight in insights:
        columns, sql = EXPECTED[insight.name]
        shown.choose("Insight", insight.title).await_drawing()
        assert shown.errors == [], insight.name
        assert shown.page.get_by_test_id("stVegaLiteChart").count() == 1, insight.name
        found = sorted(told(row[column] for column in columns) for row in shown.csv())
        expected = sorted(told(row) for row in ask(sql))
        assert without_zeros(found) == without_zeros(expected), insight.name
        assert len(expected) > 0, insight.name


def told(values: Any) -> tuple[str, ...]:
    """A row as texts, numbers to six places."""
    return tuple(_told(value) for value in values)


def _told(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m-%d}"
    try:
        return f"{float(value):.6f}"
    except (TypeError, ValueError):
        # A CSV keeps spreadsheets from running such a text by the apostrophe before it.
        return re.sub(r"^'(?=[=+@\t\r-])", "", str(value))


def without_zeros(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [row for row in rows if row[-1] != f"{0:.6f}"]
