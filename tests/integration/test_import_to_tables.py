"""From files of several kinds by the command that a user types, through the real stream, to silver; twice is once."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from helpers.importing import write
from helpers.reading import rows, silver
from soundlake import cli, stream
from soundlake.settings import Settings, load_settings
from soundlake.tables import (
    ALBUMS,
    ARTISTS,
    BATCHES,
    PLAYLIST_ITEMS,
    PLAYLISTS,
    PLAYS,
    REJECTED,
    TRACK_FEATURES,
    TRACKS,
    USER_ITEMS,
)

SONGS = (
    "track_id,track_name,track_artist,track_popularity,track_album_id,track_album_name,track_album_release_date,"
    "playlist_name,playlist_id,playlist_genre,playlist_subgenre,danceability,energy,key,loudness,mode,speechiness,"
    "acousticness,instrumentalness,liveness,valence,tempo,duration_ms\n"
    "t1,One,Singer,66,b1,Album,2019-06,Pop Mix,p1,pop,dance pop,0.7,0.9,6,-2.6,1,0.05,0.1,0,0.06,0.5,122.0,194754\n"
    "t2,Two,Singer,60,b1,Album,2019-06,Pop Mix,p1,pop,trap,0.7,0.9,-1,-2.6,1,0.05,0.1,0,0.06,0.5,0,4000\n"
)
CHART = (
    "commit_at,playlist_name,playlist_id,position,track_id,track_name,artist_ids,artist_names,album_id,album_name,length"
    "\n2021-03-27T03:38:09+00:00,Top 50 - Japan,c1,1,t1,One,a1;a2,A; B,b1,Album,4:45\n"
)
PLAYS_OF_USER = [
    {
        "ts": "2024-03-01T10:00:00Z",
        "ms_played": 1234,
        "master_metadata_track_name": "One",
        "spotify_track_uri": "spotify:track:t1",
        "username": "a personal field",
    },
    {"ts": "2024-03-01T11:00:00Z", "ms_played": 5, "episode_name": "E", "spotify_episode_uri": "spotify:episode:e1"},
]
LIBRARY = {"tracks": [{"track": "One", "uri": "spotify:track:t1"}], "artists": [{"uri": "spotify:artist:a1"}]}
PLAYLIST = {"playlists": [{"name": "Mine", "items": [{"track": {"trackName": "One", "trackUri": "spotify:track:t1"}}]}]}


def type_in(*argv: object) -> object:
    """The exit code of `soundlake import …`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["soundlake", "import", *map(str, argv)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return ended.value.code


def import_all(folder: Path) -> Sequence[object]:
    state = f"extract.state={folder / 'state'}"
    return (
        type_in(folder / "songs.csv", folder / "chart.csv", "--out", folder / "landed", "--set", state),
        type_in(folder / "my", "--user", "user-1", "--out", folder / "landed", "--set", state),
    )


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("imports")
    write(folder / "songs.csv", SONGS)
    write(folder / "chart.csv", CHART)
    write(folder / "my" / "Streaming_History_Audio_2024.json", json.dumps(PLAYS_OF_USER))
    write(folder / "my" / "YourLibrary.json", json.dumps(LIBRARY))
    write(folder / "my" / "Playlist1.json", json.dumps(PLAYLIST))
    assert set(import_all(folder)) <= {0, None}
    settings = load_settings(sets=[f"source.files.path={folder / 'landed'}"], lake=str(folder / "lake"), env={})
    stream.run(spark, settings, once=True)
    return settings


def test_every_record_of_an_import_is_accepted(lake: Settings) -> None:
    assert rows(lake.lake.uri, REJECTED) == []
    assert sum(batch["read"] for batch in rows(lake.lake.uri, BATCHES)) > 15


def test_the_tables_hold_what_the_files_said(lake: Settings) -> None:
    uri = lake.lake.uri
    tracks = {row["track_id"]: row for row in rows(uri, TRACKS)}
    assert (tracks["t1"]["popularity"], tracks["t1"]["duration_ms"], tracks["t1"]["artist_ids"]) == (
        66,
        285_000,
        ["a1", "a2"],
    )
    assert tracks["t2"]["release_date"] == date(2019, 6, 1)
    assert {row["track_id"]: row["key"] for row in rows(uri, TRACK_FEATURES)} == {"t1": 6, "t2": -1}
    assert [row["album_id"] for row in rows(uri, ALBUMS)] == ["b1"]
    (artist,) = rows(uri, ARTISTS)
    assert artist["genres"] == ["pop", "dance pop", "trap"]
    assert {row["playlist_name"] for row in rows(uri, PLAYLISTS)} == {"Pop Mix", "Top 50 - Japan", "Mine"}
    items = {
        (row["playlist_name"], row["position"]): (row["track_id"], row["market"]) for row in rows(uri, PLAYLIST_ITEMS)
    }
    assert items == {
        ("Pop Mix", 0): ("t1", None),
        ("Pop Mix", 1): ("t2", None),
        ("Top 50 - Japan", 0): ("t1", "JP"),
        ("Mine", 0): ("t1", None),
    }
    assert {(row["content_type"], row["ms_played"]) for row in rows(uri, PLAYS)} == {("track", 1234), ("episode", 5)}
    assert {(row["relation"], row["id"]) for row in rows(uri, USER_ITEMS)} == {("saved", "t1"), ("followed", "a1")}


def test_importing_it_all_again_changes_nothing(spark: SparkSession, lake: Settings) -> None:
    before = silver(lake.lake.uri)
    assert lake.source.files.path
    import_all(Path(lake.source.files.path).parent)
    stream.run(spark, lake, once=True)
    assert silver(lake.lake.uri) == before
