"""A small world of listeners for tests of recommendations: rock and folk, five artists of each, four tracks of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from soundlake.clusters.features import FEATURES
from soundlake.lake import Lake, conform
from soundlake.tables import PLAYS, TRACK_CLUSTERS, TRACK_FEATURES, TRACKS, USER_ITEMS, Table

SOUND = {
    "rock": (0.5, 0.9, -4.0, 0.05, 0.05, 0.05, 0.2, 0.5, 150.0),
    "folk": (0.5, 0.3, -14.0, 0.05, 0.8, 0.05, 0.1, 0.3, 100.0),
}
ARTISTS, TRACKS_EACH = 5, 4
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def track(genre: str, artist: int, number: int) -> str:
    return f"{genre}-{artist}-{number}"


def catalogue_rows() -> list[dict[str, Any]]:
    """What a catalogue is made of: names, artists, sounds a little apart, no listeners."""
    return [
        {
            "track_id": track(genre, artist, number),
            "track_name": f"Song {genre} {artist} {number}",
            "artist_id": f"{genre}-{artist}",
            "artist_name": f"The {genre} {artist}",
            "year": 1990 if genre == "folk" else 2020,
            "popularity": 50 + number,
            "listeners": None,
            "cluster_name": genre,
            **{
                name: value + 0.001 * artist + 0.0001 * number
                for name, value in zip(FEATURES, SOUND[genre], strict=True)
            },
        }
        for genre in SOUND
        for artist in range(ARTISTS)
        for number in range(TRACKS_EACH)
    ]


def play(user: str, track_id: str, minute: int = 0, **more: Any) -> dict[str, Any]:
    at = NOON + timedelta(minutes=minute)
    return {
        "play_id": f"{user} {track_id} {minute}",
        "user_id": user,
        "content_type": "track",
        "track_id": track_id,
        "played_at": at,
        "played_date": at.date(),
        "ms_played": 200_000,
        "source": "account-export",
    } | more


def table_rows(spark: SparkSession, table: Table, rows: Sequence[dict[str, Any]]) -> DataFrame:
    values = [tuple(row.get(name) for name in table.column_names) for row in rows]
    return spark.createDataFrame(values, table.ddl)


def append(spark: SparkSession, lake: Lake, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    lake.create(spark, table)
    frame = conform(table_rows(spark, table, rows), table).coalesce(1)
    frame.write.format("delta").mode("append").save(lake.path(table))


def fill(spark: SparkSession, lake: Lake) -> None:
    """Four listeners of each genre who each know three of its artists, one who saved a track, one of the API alone."""
    known = catalogue_rows()
    released = {"folk": datetime(1990, 1, 1).date(), "rock": datetime(2020, 1, 1).date()}
    tracks = [{**row, "release_date": released[row["cluster_name"]], "source": "archive"} for row in known]
    append(spark, lake, TRACKS, tracks)
    append(spark, lake, TRACK_FEATURES, [{**row, "source": "archive", "time_signature": 4} for row in known])
    append(spark, lake, TRACK_CLUSTERS, [{**row, "cluster": int(row["cluster_name"] == "rock")} for row in known])
    plays = [
        play(f"{genre} {listener}", track(genre, (listener + artist) % ARTISTS, number), 10 * artist + number)
        for genre in SOUND
        for listener in range(4)
        for artist in range(3)
        for number in range(2)
    ]
    api = [play("of the api", track("folk", 0, 0), source="spotify-api")]
    skipped = [play("skipper", track("folk", 0, 1), skipped=True)]
    append(spark, lake, PLAYS, [*plays, *api, *skipped])
    saved = {"relation": "saved", "entity": "track", "id": track("folk", 4, 3), "source": "account-export"}
    append(spark, lake, USER_ITEMS, [{"user_id": "saver", **saved}])
