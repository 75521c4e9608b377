"""What columns are usually called, and how their texts are read: for drafts of mappings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from soundlake.extract.imports import fields as f
from soundlake.extract.imports.unreadable import UnreadableError
from soundlake.extract.imports.values import duration, linked_id, parse_number

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
_TRACK_NAME = ("track_name", "trackname", "song_name", "song", "track", "track_title", "title")
_ARTIST_IDS = ("artist_ids", "artist_id", "id_artists", "track_artist_id", "artist_uri_s", "artist_uris", "artists.id")
_ARTIST_NAMES = (
    "artist_names",
    "artist_name",
    "artists",
    "track_artist",
    "artist",
    "artist_name_s",
    "artist_s_name",
    "performer",
)
_ALBUM_ID = ("album_id", "track_album_id", "album_uri", "album.id")
_ALBUM_NAME = ("album_name", "track_album_name", "album", "album.name")
_RELEASE = (
    "release_date",
    "album_release_date",
    "track_album_release_date",
    "album.release_date",
    "released",
    "release_year",
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
        "popularity": ("track_popularity", "popularity", "song_popularity"),
        "external_ids.isrc": ("isrc", "external_ids.isrc"),
    },
    "audio_features": {
        "id": _TRACK_ID_BARE,
        **{name: (name, f"{name}_%", f"{name}_") for name in f.MEASURED if name != "tempo"},
        "tempo": ("tempo", "bpm"),
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
        "id": _PLAYLIST_ID,
        "name": _PLAYLIST_NAME,
        "description": ("playlist_description", "description"),
        "followers.total": ("playlist_followers",),
    },
    "playlist_item": {
        "playlist.id": _PLAYLIST_ID,
        "playlist.name": _PLAYLIST_NAME,
        "position": ("position", "rank", "pos", "chart_position", "place"),
        "added_at": ("added_at", "track_added_at"),
        "track.id": _TRACK_ID,
        "track.name": _TRACK_NAME,
        "track.artists[].id": _ARTIST_IDS,
        "track.artists[].name": _ARTIST_NAMES,
        "track.album.id": _ALBUM_ID,
        "track.album.name": _ALBUM_NAME,
        "streams": ("streams", "stream_count", "stream"),
    },
    "play": {
        "played_at": ("played_at", "listened_at", "timestamp", "play_time"),
        "track.id": _TRACK_ID,
        "track.name": _TRACK_NAME,
        "track.artists[].name": _ARTIST_NAMES,
        "track.album.name": _ALBUM_NAME,
        "ms_played": ("ms_played", "msplayed", "duration_played"),
    },
}

_PATTERNS = (
    "%Y/%m/%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%B %d, %Y",
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p")


def about(names: Sequence[str]) -> str:
    """What plain `id` and `name` are the id and name of: an artist, an album or a track."""
    if any(name.startswith("track_") or name in ("danceability", "explicit", "duration_ms", "isrc") for name in names):
        return "track"
    if any(name in ("artist_popularity", "artist_genres", "followers", "genres") for name in names):
        return "artist"
    return "album" if any(name in ("total_tracks", "album_type", "label") for name in names) else "track"


def by_links(thing: str | None, values: Mapping[str, Sequence[Any]]) -> str | None:
    """The first column that holds links to things of a kind."""
    for name, of_column in values.items() if thing is not None else ():
        if any(isinstance(v, str) and linked_id(v.strip(), thing or "") not in (None, v.strip()) for v in of_column):
            return name
    return None


# When a row was true.
TIMES = ("fetched_at", "snapshot_date", "chart_date", "chart_week", "commit_at", "scraped_at", "date", "week", "day")


def counts_from_one(values: Sequence[Any]) -> bool:
    """Whether places are counted from 1, as people do."""
    numbers = [number for value in values if (number := _number(value)) is not None]
    return bool(numbers) and min(numbers) >= 1


def source(name: str, type_: str, values: Sequence[Any], is_list: bool) -> str:
    """How a column is read, as TOML: its name alone, or a table with what its values ask for."""
    texts = [value.strip() for value in values if isinstance(value, str) and value.strip()]
    options: list[str] = []
    if type_ == f.TEXTS or is_list:
        syntax = _list_syntax(texts, always=type_ == f.TEXTS)
        options += [f"list = {json.dumps(syntax)}"] if syntax else []
    elif type_ in (f.DATE, f.TIME):
        pattern = _pattern(texts, type_ == f.TIME)
        options += [f"format = {json.dumps(pattern)}"] if pattern else []
    elif type_ in (f.INTEGER, f.NUMBER):
        options += _numbers(name.lower(), type_, values, texts)
    quoted = json.dumps(name, ensure_ascii=False)
    return f"{{ column = {', '.join([quoted, *options])} }}" if options else quoted


def _list_syntax(texts: Sequence[str], always: bool) -> str | None:
    if any(text.startswith(("['", '["', "[{", "[]")) for text in texts):
        return "auto"
    for separator in (";", "|", ","):
        # A comma also stands within names: it separates only where a list is certain.
        if any(separator in text for text in texts) and (always or separator != ","):
            return separator
    return "auto" if always else None


def _pattern(texts: Sequence[str], with_clock: bool) -> str | None:
    from datetime import datetime

    from soundlake.extract.imports.values import reader

    read = reader(_plain(), f.TIME if with_clock else f.DATE)
    if not texts or all(_reads(read, text) for text in texts):
        return None
    if all(text.isdigit() and len(text) in (10, 13) for text in texts):
        return "epoch_s" if len(texts[0]) == 10 else "epoch_ms"
    for pattern in (day + clock for day in _PATTERNS for clock in _CLOCKS):
        try:
            for text in texts:
                datetime.strptime(text, pattern)
        except ValueError:
            continue
        return pattern
    return None


def _numbers(name: str, type_: str, values: Sequence[Any], texts: Sequence[str]) -> list[str]:
    if any(":" in text for text in texts):
        return ['type = "duration"'] if all(_reads(duration, text) for text in texts) else []
    numbers = [number for value in values if (number := _number(value)) is not None]
    if not numbers:
        return []
    most = max(map(abs, numbers))
    if "duration" in name or name == "length":
        if most < 60 and ("min" in name or any(n != int(n) for n in numbers)):
            return ["scale = 60000"]
        return ["scale = 1000"] if most < 36_000 and "ms" not in name else []
    return ["scale = 0.01"] if type_ == f.NUMBER and "%" in name and most > 1 else []


def _number(value: Any) -> float | None:
    try:
        return parse_number(value)
    except UnreadableError:
        return None


def _reads(read: Any, text: str) -> bool:
    try:
        read(text)
    except UnreadableError:
        return False
    return True


def _plain() -> Any:
    from soundlake.extract.imports.mapping import Source

    return Source(column="x")
