"""A small made-up Spotify: what the fake server has to tell."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
Thing = dict[str, Any]

USER = "listener"
_GONE_IN_2026 = {
    "track": ("popularity", "available_markets"),
    "album": ("popularity", "available_markets", "label"),
    "artist": ("popularity", "followers"),
}


def an_id(kind: str, number: int) -> str:
    """An id of 22 letters and digits: the kind's letter, then the number."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _SIGNS[digit] + digits
    return kind[:2].title() + digits.rjust(20, "0")


def an_artist(number: int) -> Thing:
    thing = an_id("artist", number)
    return {
        "id": thing,
        "name": f"Artist {number}",
        "type": "artist",
        "uri": f"spotify:artist:{thing}",
        "genres": ["genre"],
        "popularity": number % 101,
        "followers": {"href": None, "total": number * 10},
    }


def simple(thing: Thing) -> Thing:
    return {name: thing[name] for name in ("id", "name", "type", "uri")}


@dataclass
class Catalog:
    """Things by id; entries of playlists by playlist id."""

    artists: dict[str, Thing] = field(default_factory=dict)
    albums: dict[str, Thing] = field(default_factory=dict)
    tracks: dict[str, Thing] = field(default_factory=dict)
    features: dict[str, Thing] = field(default_factory=dict)
    playlists: dict[str, Thing] = field(default_factory=dict)
    entries: dict[str, list[Thing]] = field(default_factory=dict)
    plays: list[Thing] = field(default_factory=list)

    @classmethod
    def of(cls, tracks: int) -> Catalog:
        """So many tracks, five on an album, two albums by an artist."""
        catalog = cls()
        for number in range(tracks):
            catalog.add_track(number)
        return catalog

    def add_track(self, number: int) -> Thing:
        artist = self.artists.setdefault(an_id("artist", number // 10), an_artist(number // 10))
        album_id = an_id("album", number // 5)
        album = self.albums.setdefault(
            album_id,
            {
                "id": album_id,
                "name": f"Album {number // 5}",
                "type": "album",
                "album_type": "album",
                "uri": f"spotify:album:{album_id}",
                "artists": [simple(artist)],
                "release_date": "2020-02-03",
                "release_date_precision": "day",
                "total_tracks": 5,
                "label": "A label",
                "popularity": 40,
                "available_markets": ["JP"],
            },
        )
        track_id = an_id("track", number)
        track = {
            "id": track_id,
            "name": f"Track {number}",
            "type": "track",
            "uri": f"spotify:track:{track_id}",
            "is_local": False,
            "duration_ms": 180_000 + number,
            "explicit": False,
            "popularity": 50,
            "available_markets": ["JP"],
            "artists": [simple(artist)],
            "album": {k: album[k] for k in ("id", "name", "type", "uri", "artists", "release_date")},
        }
        self.tracks[track_id] = track
        self.features[track_id] = {"id": track_id, "danceability": 0.5, "energy": 0.25, "tempo": 120.0, "key": 5}
        return track

    def add_playlist(self, number: int, things: Sequence[Thing | None], owner: str = USER) -> str:
        playlist = an_id("playlist", number)
        self.playlists[playlist] = {
            "id": playlist,
            "name": f"Playlist {number}",
            "type": "playlist",
            "owner": {"id": owner},
            "description": "",
            "public": True,
            "followers": {"total": 7},
            "snapshot_id": "snapshot-1",
        }
        self.entries[playlist] = [{"added_at": "2026-01-02T03:04:05Z", "thing": thing} for thing in things]
        return playlist

    def add_play(self, track: Thing, played_at: str) -> None:
        self.plays.insert(0, {"track": track, "played_at": played_at, "context": None})

    def shown(self, kind: str, thing: Thing, generation: str) -> Thing:
        """A thing as the API of that generation shows it."""
        gone = _GONE_IN_2026[kind] if generation == "new" else ()
        return {name: value for name, value in copy.deepcopy(thing).items() if name not in gone}


def a_local_file() -> Thing:
    return {"id": None, "name": "A file", "type": "track", "uri": "spotify:local:::A+file:60", "is_local": True}


def an_episode(number: int) -> Thing:
    thing = an_id("episode", number)
    return {"id": thing, "name": f"Episode {number}", "type": "episode", "uri": f"spotify:episode:{thing}"}
