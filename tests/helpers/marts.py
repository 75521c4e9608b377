"""Small tables with the columns they are declared with, written by delta-rs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from soundlake import tables
from soundlake.insights import load_insights
from soundlake.tables import Table

Row = dict[str, Any]

_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "array<string>": pa.list_(pa.string()),
}


def write(lake: Path, table: Table, *rows: Row) -> None:
    """Write a table; columns of types that no test reads are left out."""
    columns = [(c.name, _TYPES[c.type]) for c in table.columns if c.type in _TYPES]
    write_deltalake(lake / table.path, pa.Table.from_pylist(list(rows), pa.schema(columns)), mode="overwrite")


def write_mart(lake: Path, name: str, *rows: Row) -> None:
    """Write the table of an insight."""
    write(lake, {insight.name: insight.table for insight in load_insights()}[name], *rows)


def write_weekly_plays(lake: Path, *rows: Row) -> None:
    """Write the plays by week, and the listeners whose they are."""
    write_mart(lake, "weekly_plays", *rows)
    plays: Counter[str] = Counter()
    for row in rows:
        plays[row["user_id"]] += row["plays"]
    write_mart(lake, "listeners", *[{"user_id": user, "plays": count} for user, count in plays.items()])


def small_lake(lake: Path) -> Path:
    """A lake with a few rows in each mart that pages read."""
    at = datetime(2021, 6, 1, 8, tzinfo=UTC)
    write(lake, tables.EVENTS, *[{"stream": "s", "partition": "0", "position": str(i)} for i in range(130)])
    counts = {"accepted": 90, "duplicate": 5, "stale": 3, "rejected": 2, "read": 100}
    batch = {"query": "refine", "query_id": "q", "duration_ms": 2000, **counts}
    write(lake, tables.BATCHES, {**batch, "batch_id": 0, "started_at": at}, {"query": "ingest", "started_at": at})
    reject = {"day": at.date(), "records": 1, "first_arrived_at": at, "last_arrived_at": at}
    write_mart(
        lake,
        "data_quality",
        {**reject, "kind": "track", "reason": "not_json", "example": "a $ and a *"},
        {**reject, "kind": "unknown", "reason": "missing_id"},
    )
    album = {"album_type": "album", "artist_name": "Ana", "label": "L", "tracks_known": 3}
    write_mart(
        lake,
        "top_albums",
        {**album, "rank": 1, "album_id": "a", "album_name": "夜に駆ける", "score": 90.0, "plays": 5}
        | {"release_date": date(2021, 5, 1)},
        {**album, "rank": 2, "album_id": "b", "album_name": "O'Neil's", "score": 80.0, "plays": 50}
        | {"release_date": date(2020, 5, 1)},
        {**album, "rank": 3, "album_id": "c", "album_name": "Three", "score": 70.0, "plays": 7, "album_type": "single"}
        | {"release_date": date(2019, 5, 1), "artist_name": None},
    )
    genre = {"genre_source": "artist", "tracks_observed": 4, "listeners": 2}
    months = [date(2021, 1, 1), date(2021, 2, 1)]
    write_mart(
        lake,
        "genre_popularity",
        *[
            {**genre, "genre": name, "month": month, "plays": plays * place, "avg_popularity": popularity}
            for name, plays, popularity in (("j-pop", 10, 40.0), ("rock", 3, 60.0))
            for place, month in enumerate(months, 1)
        ],
    )
    artist = {"listeners": 2}
    write_mart(
        lake,
        "most_streamed_artists",
        *[
            {
                **artist,
                "artist_name": name,
                "artist_id": f"id of {name}",
                "month": month,
                "rank": rank,
                "plays": plays,
                "ms_played": hours * 3_600_000,
            }
            for name, rank, plays, hours in (("Ana", 1, 9, 1), ("椎名林檎", 2, 5, 4))
            for month in months
        ],
    )
    sound = dict.fromkeys([column.name for column in tables.AUDIO_FEATURES], 0.5)
    cluster = {"model_version": "m", "share": 0.5, "mean_popularity": 50.0, "top_genre": "rock"}
    write_mart(
        lake,
        "cluster_overview",
        {**cluster, **sound, "cluster": 0, "cluster_name": "calm", "size": 6, "plays": 1},
        {**cluster, **sound, "cluster": 1, "cluster_name": "loud", "size": 4, "plays": 9, "energy": 0.9},
    )
    write_mart(
        lake,
        "tracks_wide",
        {"track_id": "t1", "track_name": "Uno", "artist_name": "Ana", "cluster": 0, "cluster_name": "calm", "plays": 3},
        {"track_id": "t2", "track_name": "二", "artist_name": "Bo", "cluster": 1, "cluster_name": "loud", "plays": 1},
    )
    song = {"period": "month", "artist_name": "Ana", "listeners": 1, "genre": "rock"}
    write_mart(
        lake,
        "song_popularity",
        *[
            {**song, "starts_on": month, "track_id": name, "track_name": name, "plays": plays, "plays_change": change}
            | {"rank": 1, "previous_plays": plays - change}
            for month in (date(2021, 5, 1), date(2021, 6, 1))
            for name, plays, change in (("Up", 9, 6), ("Down", 3, -4), ("Higher", 8, 7))
        ],
    )
    days = [date(2021, 4, 1), date(2021, 6, 10)]
    write_mart(lake, "listening_by_content_type", *[{"day": day, "content_type": "track", "plays": 1} for day in days])
    genre_week = {"genre_source": "artist", "week": date(2021, 5, 31), "plays": 9}
    write_mart(
        lake,
        "genre_momentum",
        {**genre_week, "genre": "rock", "share": 0.5, "share_before": 0.7, "z": -4.0, "momentum": "losing"},
        {**genre_week, "genre": "j-pop", "share": 0.5, "share_before": 0.3, "z": 4.0, "momentum": "gaining"},
    )
    entry = {"period": "month", "playlist_id": "p", "artist_name": "Ana", "rank": 1, "album_name": "Justice"}
    write_mart(
        lake,
        "album_frequency",
        *[
            {**entry, "market": market, "album_id": album, "starts_on": month, "entries": entries}
            for market, album, month, entries in (
                ("JP", "album-1", date(2021, 1, 1), 5),
                ("JP", "album-1", date(2021, 2, 1), 5),
                ("JP", "album-2", date(2021, 1, 1), 7),
                ("US", "album-2", date(2021, 1, 1), 9),
                ("JP", "album-2", date(2020, 1, 1), 99),
            )
        ],
        {
            **entry,
            "period": "week",
            "market": "JP",
            "album_id": "album-1",
            "starts_on": date(2021, 1, 4),
            "entries": 50,
        },
    )
    at_risk = {"playlist_name": "Top", "playlist_id": "p", "artist_name": "Ana", "method": "model", "error": 3.21}
    at_risk |= {"observed_on": date(2021, 6, 1), "forecast_for": date(2021, 6, 8), "weeks_on_chart": 2}
    write(
        lake,
        tables.CHART_FORECASTS,
        {**at_risk, "track_id": "a", "track_name": "Climber", "position": 9, "forecast_position": 4.0, "survival": 0.9},
        {**at_risk, "track_id": "b", "track_name": "Faller", "position": 2, "forecast_position": 8.0, "survival": 0.2},
    )
    judged = {"model_version": "f", "measure": "position", "forecasts": 100, "weeks": 4, "judged_at": at}
    write(lake, tables.FORECAST_ERRORS, {**judged, "method": "model", "error": 3.21, "is_published": True})
    return lake
