"""What columns are usually called, for drafts of mappings, and columns found by these names, units and places aside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from soundlake.imports import fields as f
from soundlake.imports.columns import plain_name

_TRACK_ID = (
    "track_id",
    "spotify_track_id",
    "spotify_id",
    "trackid",
    "song_id",
    "track_uri",
    "spotify_track_uri",
    "spotify_uri",
)
_TRACK_ID_BARE = (*_TRACK_ID, "id", "uri")
_TRACK_NAME = ("track_name", "trackname", "song_name", "song", "track", "track_title", "title", "titel")
_ARTIST_IDS = (
    "artist_ids",
    "artist_id",
    "artist_id_s",
    "id_artists",
    "track_artist_id",
    "artist_uris",
    "artist_uri",
    "artist_uri_s",
    "artists.id",
)
_ARTIST_NAMES = (
    "artist_names",
    "artist_name",
    "artists",
    "track_artists",
    "track_artist",
    "artist",
    "artist_name_s",
    "artist_s_name",
    "artist_s",
    "performer",
    "interpret",
)
_ALBUM_ID = ("album_id", "track_album_id", "album_uri", "album.id")
_ALBUM_NAME = ("album_name", "track_album_name", "album", "album.name", "album_title")
_RELEASE = (
    "release_date",
    "album_release_date",
    "track_album_release_date",
    "album.release_date",
    "album_date",
    "released",
    "release",
    "release_year",
    "released_year",
    "year",
)
_DURATION = ("duration_ms", "track_duration_ms", "duration", "length", "duration_sec", "duration_s", "duration_min")
_PLAYLIST_ID = ("playlist_id", "playlist_uri", "playlist.id")
_PLAYLIST_NAME = ("playlist_name", "playlist", "playlist.name")

NAMES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "track": {
        "id": _TRACK_ID_BARE,
        "name": (*_TRACK_NAME, "name"),
        "artists[].id": _ARTIST_IDS,
        "artists[].name": _ARTIST_NAMES,
        "album.id": _ALBUM_ID,
        "album.name": _ALBUM_NAME,
        "album.release_date": _RELEASE,
        "duration_ms": _DURATION,
        "explicit": ("explicit", "is_explicit", "track_explicit"),
        "popularity": ("track_popularity", "popularity", "song_popularity", "pop"),
        "external_ids.isrc": ("isrc", "external_ids.isrc"),
    },
    "audio_features": {
        "id": _TRACK_ID_BARE,
        **{name: (name, f"{name}_%", f"{name}_") for name in f.MEASURED if name != "tempo"},
        "tempo": ("tempo", "bpm", "beats_per_minute"),
        "key": ("key",),
        "mode": ("mode",),
        "time_signature": ("time_signature",),
        "duration_ms": ("duration_ms",),
    },
    "album": {
        "id": _ALBUM_ID,
        "name": _ALBUM_NAME,
        "album_type": ("album_type",),
        "release_date": _RELEASE,
        "total_tracks": ("total_tracks", "album_total_tracks"),
        "popularity": ("album_popularity",),
        "label": ("label", "record_label"),
    },
    "artist": {
        "id": ("artist_id", "artist_uri", "id"),
        "name": ("artist_name", "artist", "name"),
        "genres": ("artist_genres", "genres", "artist_genre"),
        "popularity": ("artist_popularity", "popularity"),
        "followers.total": ("followers", "artist_followers", "followers.total"),
    },
    "playlist": {
        "id": (*_PLAYLIST_ID, "pid", "id", "uri"),
        "name": (*_PLAYLIST_NAME, "name"),
        "description": ("playlist_description", "description"),
        "followers.total": ("playlist_followers", "num_followers"),
    },
    "playlist_item": {
        "playlist.id": _PLAYLIST_ID,
        "playlist.name": _PLAYLIST_NAME,
        "position": ("position", "rank", "pos", "chart_position", "place", "#", "no", "nr", "rang", "platz"),
        "added_at": ("added_at", "track_added_at", "date_added"),
        "track.id": _TRACK_ID,
        "track.name": _TRACK_NAME,
        "track.artists[].id": _ARTIST_IDS,
        "track.artists[].name": _ARTIST_NAMES,
        "track.album.id": _ALBUM_ID,
        "track.album.name": _ALBUM_NAME,
        "streams": ("streams", "stream_count", "stream"),
    },
    "play": {
        "user_id": ("user_id", "listener_id"),
        "played_at": ("played_at", "listened_at", "timestamp", "play_time", "ts", "ts_ms", "uts", "utc_time"),
        "track.id": _TRACK_ID,
        "track.name": _TRACK_NAME,
        "track.artists[].name": _ARTIST_NAMES,
        "track.album.name": _ALBUM_NAME,
        "ms_played": ("ms_played", "msplayed", "duration_played", "listened_ms", "played_ms"),
    },
}

# When a row was true.
TIMES = (
    *("fetched_at", "snapshot_date", "chart_date", "chart_week", "commit_at", "scraped_at"),
    *("date", "week", "day", "datum", "woche"),
)

# Behind these, a name alone says nothing: whose id, whose name?
_BARE = frozenset({"id", "name", "uri", "url", "href", "popularity", "type", "label", "followers", "genres", "total"})
_OF_TRACK = frozenset({"item", "items", "song", "songs", "entry", "entries", "tracks"})
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


class LikelyColumns:
    """Columns by all the names that they may be meant by, the likelier first.

    `Loudness (dB)` is loudness, `Beats Per Minute (BPM)` is bpm, `item.artist.name` is artist_name.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._by_name: dict[str, str] = {}
        # In turns: the first way to mean a column beats the second way to mean another one.
        turns = [list(dict.fromkeys(_meanings(name))) for name in names]
        for turn in range(max(map(len, turns), default=0)):
            for name, meanings in zip(names, turns, strict=True):
                if turn < len(meanings):
                    self._by_name.setdefault(meanings[turn], name)

    def meant_by(self, candidates: Sequence[str]) -> Iterator[str]:
        """The columns that the candidates mean, in their order."""
        yield from dict.fromkeys(self._by_name[name] for name in candidates if name in self._by_name)


def _meanings(name: str) -> Iterator[str]:
    yield plain_name(name)
    parts = [plain_name(part) for part in name.split(".")]
    parts = ["track" if part in _OF_TRACK else part for part in parts]
    for start in range(len(parts)):
        rest = parts[start:]
        if start == 0 or len(rest) > 1 or rest[0] not in _BARE:
            yield ".".join(rest)
            yield "_".join(rest)
    bare, unit = _without_unit(name)
    if bare and unit is not None:
        yield plain_name(bare)
        yield plain_name(unit)
    yield re.sub("__+", "_", plain_name(_HUMP.sub("_", name)))
    yield plain_name(name).rstrip("?.%_")


def _without_unit(name: str) -> tuple[str, str | None]:
    """A name and the unit in brackets at its end."""
    whole = name.rstrip()
    opened = max(whole.rfind("("), whole.rfind("["))
    if opened < 0 or not whole.endswith((")", "]")):
        return name, None
    return whole[:opened].rstrip(), whole[opened + 1 : -1]


def about(names: Sequence[str]) -> str:
    """What plain `id` and `name` are the id and name of: an artist, an album or a track."""
    if any(name.startswith("track_") or name in ("danceability", "explicit", "duration_ms", "isrc") for name in names):
        return "track"
    if any(name in ("artist_popularity", "artist_genres", "followers", "genres") for name in names):
        return "artist"
    return "album" if any(name in ("total_tracks", "album_type", "label") for name in names) else "track"
