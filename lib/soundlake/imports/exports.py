"""Spotify's own exports: the extended streaming history and the account data, file by file.

Only what is listed here is taken over; every other field, the personal ones first of all, is left behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from soundlake.imports.maker import Issues
from soundlake.imports.plan import Context
from soundlake.imports.unreadable import UnreadableError
from soundlake.imports.values import linked_id, made_up_id, text

SOURCE = "spotify-export"
Row = Mapping[str, Any]
Made = tuple[str, str, dict[str, Any]]

_EXTENDED = (
    "ts",
    "platform",
    "ms_played",
    "conn_country",
    "master_metadata_track_name",
    "master_metadata_album_artist_name",
    "master_metadata_album_album_name",
    "spotify_track_uri",
    "episode_name",
    "episode_show_name",
    "spotify_episode_uri",
    "audiobook_title",
    "audiobook_uri",
    "audiobook_chapter_uri",
    "audiobook_chapter_title",
    "reason_start",
    "reason_end",
    "shuffle",
    "skipped",
    "offline",
    "offline_timestamp",
    "incognito_mode",
)
_URIS = ("spotify_track_uri", "spotify_episode_uri", "audiobook_chapter_uri")
_NAMES = ("master_metadata_track_name", "episode_name", "audiobook_chapter_title")
# The account data's names of fields, and what the play is told by.
_BASIC = {
    "endTime": "endTime",
    "msPlayed": "msPlayed",
    "artistName": "artistName",
    "trackName": "trackName",
    "podcastName": "episode_show_name",
    "episodeName": "episode_name",
    "audiobookName": "audiobook_title",
    "chapterName": "audiobook_chapter_title",
    "authorName": "artistName",
}


@dataclass(frozen=True)
class Export:
    """One kind of file of an export: how its rows are found and what they become."""

    name: str
    is_file: re.Pattern[str]
    has: frozenset[str]
    made: Callable[[Row, int, Context, Issues], Iterator[Made]]
    shown: frozenset[str]
    rows: tuple[str, ...] = ("",)
    is_history: bool = False


def export_of(file_name: str, first: Row | None) -> Export | None:
    """Which file of an export this is, by its name, then by the fields of its first object; None for another file."""
    for export in EXPORTS:
        if export.is_file.search(file_name) and (first is None or export.has & first.keys()):
            return export
    if first is None:
        return None
    return next((export for export in EXPORTS if export.has <= first.keys()), None)


def is_other_export_file(file_name: str) -> bool:
    """Whether this is a file of an account export that holds nothing for a lake: it is never opened."""
    return _LEFT_OUT.search(file_name) is not None


def _extended(row: Row, number: int, context: Context, issues: Issues) -> Iterator[Made]:
    payload = {"user_id": context.user, **{name: row[name] for name in _EXTENDED if row.get(name) is not None}}
    if _IS_VIDEO.search(context.file):
        payload["content_type"] = "video"
    yield from _play(payload, "ts", (*_URIS, *_NAMES), context, issues)


def _basic(row: Row, number: int, context: Context, issues: Issues) -> Iterator[Made]:
    payload: dict[str, Any] = {"user_id": context.user}
    for theirs, ours in _BASIC.items():
        if row.get(theirs) is not None:
            payload.setdefault(ours, row[theirs])
    yield from _play(payload, "endTime", ("trackName", "episode_name", "audiobook_chapter_title"), context, issues)


def _play(
    payload: dict[str, Any], time: str, content: tuple[str, ...], context: Context, issues: Issues
) -> Iterator[Made]:
    if not isinstance(payload.get(time), str) or not payload[time].strip():
        issues.rejected("play", f"no {time}")
    elif not any(isinstance(payload.get(name), str) and payload[name].strip() for name in content):
        issues.rejected("play", "nothing says what was played")
    else:
        yield _made("play", f"{context.user}:{payload[time]}", payload, context)


def _playlist(row: Row, number: int, context: Context, issues: Issues) -> Iterator[Made]:
    name = text(row.get("name")) or "unnamed"
    # The export has no ids of playlists: their names are all that tells them apart, and those are not always different.
    context.names[name] += 1
    playlist_id = made_up_id("playlist", f"{context.user}\n{name}\n{context.names[name]}")
    entries = [entry for entry in row.get("items") or row.get("tracks") or () if isinstance(entry, dict)]
    total = len(entries)
    payload = {"id": playlist_id, "name": name, "items": {"total": total}}
    if (description := text(row.get("description"))) is not None:
        payload["description"] = description
    if isinstance(followers := row.get("numberOfFollowers"), int):
        payload["followers"] = {"total": followers}
    yield _made("playlist", playlist_id, payload, context)
    playlist = {"id": playlist_id, "name": name, "total": total}
    if not entries:
        yield _made("playlist_item", playlist_id, {"playlist": playlist, "position": 0, "track": None}, context)
    for position, entry in enumerate(entries):
        item: dict[str, Any] = {"playlist": playlist, "position": position}
        if (added := text(entry.get("addedDate"))) is not None:
            item["added_at"] = added
        item["track"] = _entry(entry)
        yield _made("playlist_item", playlist_id, item, context)


def _entry(entry: Row) -> dict[str, Any] | None:
    if isinstance(local := entry.get("localTrack"), dict):
        return {"is_local": True, "uri": local.get("uri"), "type": "track"}
    if isinstance(episode := entry.get("episode"), dict):
        return {
            "id": linked_id(text(episode.get("episodeUri")), "episode"),
            "name": episode.get("episodeName"),
            "type": "episode",
            "uri": episode.get("episodeUri"),
        }
    track = entry.get("track") if isinstance(entry.get("track"), dict) else entry
    assert isinstance(track, dict)
    if track.get("trackUri") is None and track.get("trackName") is None:
        return None
    return {
        "id": linked_id(text(track.get("trackUri")), "track"),
        "name": track.get("trackName"),
        "uri": track.get("trackUri"),
        "type": "track",
        "artists": [{"name": track.get("artistName")}],
        "album": {"name": track.get("albumName")},
    }


def _library(entity: str, relation: str) -> Callable[[Row, int, Context, Issues], Iterator[Made]]:
    def made(row: Row, number: int, context: Context, issues: Issues) -> Iterator[Made]:
        id_ = linked_id(text(row.get("uri")), entity)
        if id_ is None:
            issues.rejected("user_item", f"no uri of the {entity}")
            return
        item = {"user_id": context.user, "relation": relation, entity: {"id": id_}}
        yield _made("user_item", str(context.user), item, context)

    return made


def _made(kind: str, key: str, payload: dict[str, Any], context: Context) -> Made:
    envelope = {"kind": kind, "fetched_at": context.fetched_at, "source": context.source, "market": None}
    return kind, key, {**envelope, "payload": payload}


def made_safely(export: Export, row: Row, number: int, context: Context, issues: Issues) -> Iterator[Made]:
    """The records of one object of an export's file; one that holds what no export holds is told."""
    try:
        yield from export.made(row, number, context, issues)
    except (UnreadableError, AttributeError, TypeError) as error:
        issues.rejected(export.name, f"fields of another type than exports have: {error}")


_IS_VIDEO = re.compile(r"(?i)_video_")
_LEFT_OUT = re.compile(
    r"(?i)^(Userdata|Identity|Identifiers|Payments?|SearchQueries|Inferences|Follow|FamilyPlan|DuoNewFamily|Marquee|"
    r"UserAddress|UserPrompts|UserFestivals.*|YourSoundCapsule|Wrapped\d*|CarThing|VoiceInput|MessageData|"
    r"PodcastInteractivity.*|DataBuyers?|Banners|Purchases?|Family.*)\d*\.json$"
)

EXPORTS = (
    Export(
        "extended streaming history",
        re.compile(r"(?i)^(Streaming_History_(Audio|Video)_.*|endsong(_\d+)?)\.json$"),
        frozenset({"ts", "ms_played"}),
        _extended,
        frozenset(_EXTENDED),
        is_history=True,
    ),
    Export(
        "account data: streaming history",
        re.compile(r"(?i)^StreamingHistory(_(music|podcast|audiobook|video))?_?\d*\.json$"),
        frozenset({"endTime", "msPlayed"}),
        _basic,
        frozenset(_BASIC),
        is_history=True,
    ),
    Export(
        "account data: playlists",
        re.compile(r"(?i)^Playlist\d*\.json$"),
        frozenset({"playlists"}),
        _playlist,
        frozenset({"name"}),
        rows=("playlists",),
    ),
)
LIBRARY = re.compile(r"(?i)^YourLibrary\d*\.json$")
_SAVED = frozenset({"uri", "name", "track", "album", "artist"})
LIBRARY_LISTS = {
    "tracks": Export("saved tracks", LIBRARY, frozenset(), _library("track", "saved"), _SAVED),
    "albums": Export("saved albums", LIBRARY, frozenset(), _library("album", "saved"), _SAVED),
    "artists": Export("followed artists", LIBRARY, frozenset(), _library("artist", "followed"), _SAVED),
}
