"""Records from the songs data (TidyTuesday, 2020-01-21): tracks, albums, artists, audio features, playlists, items."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from pathlib import Path

from sample_records import Record, Track, envelope, made_up_id

Row = dict[str, str]

SOURCE = "tidytuesday-2020-01-21"
FETCHED_AT = "2020-01-21T00:00:00Z"
PROVIDER = "spotify"  # the data set was drawn from Spotify's API, its audio features included
GENRES_PER_ARTIST = 4
FEATURES = (
    "danceability",
    "energy",
    "key",
    "loudness",
    "mode",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "tempo",
    "duration_ms",
)
PRECISIONS = {4: "year", 7: "month", 10: "day"}


def read_songs(path: Path, playlists_per_subgenre: int) -> list[Row]:
    """The rows of the playlists that are kept, in the file's order.

    Kept are the first playlists of each subgenre and, so that the real dirt stays in, every playlist that is listed
    under several subgenres (its rows repeat) or holds an odd row. A kept playlist keeps all its rows.
    """
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    of_subgenre: dict[str, dict[str, None]] = defaultdict(dict)
    subgenres: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        of_subgenre[row["playlist_subgenre"]].setdefault(row["playlist_id"])
        subgenres[row["playlist_id"]].add(row["playlist_subgenre"])
    kept = {playlist for listed in of_subgenre.values() for playlist in list(listed)[:playlists_per_subgenre]}
    kept |= {playlist for playlist, listed in subgenres.items() if len(listed) > 1}
    kept |= {row["playlist_id"] for row in rows if _is_odd(row)}
    return [row for row in rows if row["playlist_id"] in kept]


def _is_odd(row: Row) -> bool:
    loud = float(row["loudness"]) > 0
    return loud or float(row["tempo"]) == 0 or int(row["duration_ms"]) < 30_000 or row["track_name"] == "NA"


def _name(text: str) -> str | None:
    """R wrote missing names as NA."""
    return None if text == "NA" else text


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def _artists(row: Row) -> Record:
    """The `artists` field; absent where the artist is unknown."""
    name = _name(row["track_artist"])
    return {} if name is None else {"artists": [{"id": made_up_id("artist", name), "name": name}]}


def _release(row: Row) -> Record:
    date = row["track_album_release_date"]
    return {"release_date": date, "release_date_precision": PRECISIONS[len(date)]}


def _record(kind: str, payload: Record) -> Record:
    return envelope(kind, FETCHED_AT, SOURCE, payload)


def _track(row: Row) -> Record:
    album = {"id": row["track_album_id"], "name": _name(row["track_album_name"]), **_release(row)}
    return {
        "id": row["track_id"],
        "name": _name(row["track_name"]),
        **_artists(row),
        "album": album,
        "duration_ms": int(row["duration_ms"]),
        "popularity": int(row["track_popularity"]),
    }


def _features(row: Row) -> Record:
    return {"id": row["track_id"], **{name: _number(row[name]) for name in FEATURES}, "provider": PROVIDER}


def song_records(rows: list[Row]) -> dict[str, list[Record]]:
    """The records of each kind. A track listed in several playlists is repeated, with its features, as in the file.

    Tracks, features and albums stand in the order of artist and album: neighbours share text, which gzip needs.
    """
    ordered = sorted(rows, key=lambda row: (row["track_artist"], row["track_album_id"], row["track_id"]))
    return {
        "track": [_record("track", _track(row)) for row in ordered],
        "audio_features": [_record("audio_features", _features(row)) for row in ordered],
        "album": [_record("album", album) for album in _albums(ordered)],
        "artist": [_record("artist", artist) for artist in _artist_objects(rows)],
        **_playlists(rows),
    }


def _albums(rows: list[Row]) -> list[Record]:
    """One album for each id, with its artist where all its tracks here have the same."""
    artists: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        artists[row["track_album_id"]].add(row["track_artist"])
    first = {row["track_album_id"]: row for row in reversed(rows)}
    return [
        {
            "id": album,
            "name": _name(first[album]["track_album_name"]),
            **(_artists(first[album]) if len(artists[album]) == 1 else {}),
            **_release(first[album]),
        }
        for album in sorted(first, key=lambda album: (first[album]["track_artist"], album))
    ]


def _artist_objects(rows: list[Row]) -> list[Record]:
    """One artist for each name, with the genres of the playlists it appears in, most frequent first."""
    genres: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if (name := _name(row["track_artist"])) is not None:
            genres[name].update([row["playlist_genre"], row["playlist_subgenre"]])
    return [
        {
            "id": made_up_id("artist", name),
            "name": name,
            "genres": sorted(genres[name], key=lambda genre: (-genres[name][genre], genre))[:GENRES_PER_ARTIST],
            "genre_source": "playlist",
        }
        for name in sorted(genres)
    ]


def _playlists(rows: list[Row]) -> dict[str, list[Record]]:
    """Playlists and their items.

    The place in the playlist is the order of first appearance in the file. A row that repeats a track of its playlist
    repeats the item with its place, so that the number of places, which `total` states, is the true one.
    """
    places: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        places[row["playlist_id"]].setdefault(row["track_id"], len(places[row["playlist_id"]]))
    names = {row["playlist_id"]: row["playlist_name"] for row in rows}
    playlists = [{"id": p, "name": names[p], "tracks": {"total": len(places[p])}} for p in places]
    items = [
        {
            "playlist": {"id": p, "name": names[p], "total": len(places[p])},
            "position": places[p][row["track_id"]],
            "track": {"id": row["track_id"], "name": _name(row["track_name"]), **_artists(row)},
        }
        for row in rows
        for p in [row["playlist_id"]]
    ]
    return {
        "playlist": [_record("playlist", playlist) for playlist in playlists],
        "playlist_item": [_record("playlist_item", item) for item in items],
    }


def song_tracks(rows: list[Row]) -> dict[str, Track]:
    """The tracks by id, for the generator of plays."""
    return {
        row["track_id"]: Track(
            id=row["track_id"],
            name=_name(row["track_name"]),
            artist_id=_artists(row)["artists"][0]["id"] if _artists(row) else None,
            artist_name=_name(row["track_artist"]),
            album_id=row["track_album_id"],
            album_name=_name(row["track_album_name"]),
            duration_ms=int(row["duration_ms"]),
            popularity=int(row["track_popularity"]),
            mood=(
                float(row["danceability"]),
                float(row["energy"]),
                float(row["acousticness"]),
                float(row["valence"]),
            ),
        )
        for row in rows
    }
