"""Spotify's own exports: the extended streaming history and the account data, file by file.

Only the fields listed here are kept; all others, above all personal ones, are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from soundlake.imports.api_answers import NAME, Row, is_answer, records_of
from soundlake.imports.context import Context, KeyedRecord
from soundlake.imports.devices import family_of
from soundlake.imports.issues import Issues
from soundlake.imports.packages import ACCOUNT_HISTORY, EXTENDED_HISTORY, LIBRARY, PLAYLISTS
from soundlake.imports.unreadable import UnreadableError
from soundlake.imports.values import flag, linked_id, made_up_id, text
from soundlake.times import instant

SOURCE = "spotify-export"

_EXTENDED = (
    "ts",
    "platform",
    "ms_played",
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
    """One kind of file of an export: how its rows are found and what they become.

    Attributes:
        name: What users call it.
        is_file: Its file names; None where only the content tells.
        made: The records of one row.
        shown: The fields that a report may show; None for all but personal ones.
        has: The fields by which its first object is known; empty for those that are known otherwise.
        rows: The member that lists the rows; None where the file is the list.
        is_of_user: Whether its records need --user.
    """

    name: str
    is_file: re.Pattern[str] | None
    made: Callable[[Row, int, Context, Issues], Iterator[KeyedRecord]]
    shown: Set[str] | None
    has: Set[str] = frozenset()
    rows: str | None = None
    is_of_user: bool = True


def export_named(file_name: str) -> tuple[Export, ...]:
    """The exports that a file of this name holds, several for the library; empty for any other name."""
    known = (*HISTORIES, _PLAYLISTS, *LIBRARY_LISTS)
    return tuple(export for export in known if export.is_file is not None and export.is_file.search(file_name))


def export_holding(first: Row) -> tuple[Export, ...]:
    """The exports that a file holds, by its first object; empty where it is none."""
    if (history := next((export for export in HISTORIES if first.keys() >= export.has), None)) is not None:
        return (history,)
    if is_answer(first):
        return (API_ANSWERS,)
    if _has_playlists(first):
        return (_PLAYLISTS,)
    return LIBRARY_LISTS if first.keys() >= _OF_LIBRARY else ()


def is_log(row: Row) -> bool:
    """Whether an object is a row of the technical log, whatever its file and folder are called."""
    return "timestamp_utc" in row and all(map(_OF_LOG.match, row))


def _has_playlists(first: Row) -> bool:
    """Whether an object holds playlists as the account data writes them; other data sets call their lists so too."""
    playlists = first.get("playlists")
    if not isinstance(playlists, list) or not playlists or not all(isinstance(each, Mapping) for each in playlists):
        return False
    entries = [entry for each in playlists for entry in _entries(each)[:1]]
    return all(isinstance(entry, Mapping) and not _OF_ENTRY.isdisjoint(entry) for entry in entries)


def _entries(playlist: Row) -> list[Any]:
    entries = playlist.get("items") or playlist.get("tracks")
    return entries if isinstance(entries, list) else []


def _extended(row: Row, number: int, context: Context, issues: Issues) -> Iterator[KeyedRecord]:
    payload = {"user_id": context.user, **{name: row[name] for name in _EXTENDED if row.get(name) is not None}}
    if context.keeps_country and row.get("conn_country") is not None:
        payload["conn_country"] = row["conn_country"]
    for flag_name in ("shuffle", "skipped", "incognito_mode"):
        if flag_name in payload:
            payload[flag_name] = _flag(flag_name, payload[flag_name], issues)
    if payload.get("incognito_mode"):
        context.counts["private"] += 1
        if not context.keeps_private:
            return
    if (platform := payload.pop("platform", None)) is not None and (family := family_of(str(platform))) is not None:
        payload["platform"] = family
    yield from _play(payload, "ts", (*_URIS, *_NAMES), context, issues)


def _basic(row: Row, number: int, context: Context, issues: Issues) -> Iterator[KeyedRecord]:
    payload: dict[str, Any] = {"user_id": context.user}
    for theirs, ours in _BASIC.items():
        if row.get(theirs) is not None:
            payload.setdefault(ours, row[theirs])
    yield from _play(payload, "endTime", ("trackName", "episode_name", "audiobook_chapter_title"), context, issues)


def _play(
    payload: dict[str, Any], time: str, content: tuple[str, ...], context: Context, issues: Issues
) -> Iterator[KeyedRecord]:
    said = payload.get(time)
    if (content_type := _content_type(context.file)) is not None:
        payload["content_type"] = content_type
    if said is None or said == "":
        issues.rejected("play", f"no {time}")
    elif instant(said) is None:
        issues.rejected("play", f"{time} is no time that can be read")
    elif not any(isinstance(payload.get(name), str) and payload[name].strip() for name in content):
        issues.rejected("play", "nothing says what was played")
    else:
        yield context.record("play", f"{context.user}:{payload[time]}", payload)


def _flag(name: str, value: Any, issues: Issues) -> bool | None:
    """True or false, also as older exports write it: 1, "TRUE"."""
    try:
        return flag(value)
    except UnreadableError as error:
        issues.nulled(name, str(error))
        return None


def _content_type(file: str) -> str | None:
    """The content type of a history, where the file's name says more than its rows."""
    found = _CONTENT.search(file)
    return None if found is None else _CONTENT_TYPES[found[1].lower()]


def _playlist(row: Row, number: int, context: Context, issues: Issues) -> Iterator[KeyedRecord]:
    name = text(row.get("name")) or "unnamed"
    # The export has no ids of playlists: their names are all that tells them apart, and those are not always different.
    context.names[name] += 1
    playlist_id = made_up_id("playlist", f"{context.user}\n{name}\n{context.names[name]}")
    entries = [entry for entry in _entries(row) if isinstance(entry, dict)]
    total = len(entries)
    payload = {"id": playlist_id, "name": name, "items": {"total": total}}
    if (description := text(row.get("description"))) is not None:
        payload["description"] = description
    if isinstance(followers := row.get("numberOfFollowers"), int):
        payload["followers"] = {"total": followers}
    yield context.record("playlist", playlist_id, payload)
    playlist = {"id": playlist_id, "name": name, "total": total}
    if not entries:
        yield context.record("playlist_item", playlist_id, {"playlist": playlist, "position": 0, "track": None})
    for position, entry in enumerate(entries):
        item: dict[str, Any] = {"playlist": playlist, "position": position}
        if (added := text(entry.get("addedDate"))) is not None:
            item["added_at"] = added
            if instant(added) is None:
                issues.nulled("added_at", f"no time that can be read: {added[:80]}")
        item["track"] = _entry(entry)
        yield context.record("playlist_item", playlist_id, item)


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


def _library(entity: str, relation: str) -> Callable[[Row, int, Context, Issues], Iterator[KeyedRecord]]:
    def made(row: Row, number: int, context: Context, issues: Issues) -> Iterator[KeyedRecord]:
        id_ = linked_id(text(row.get("uri")), entity)
        if id_ is None:
            issues.rejected("user_item", f"no uri of the {entity}")
            return
        item = {"user_id": context.user, "relation": relation, entity: {"id": id_}}
        yield context.record("user_item", str(context.user), item)

    return made


def made_safely(export: Export, row: Row, number: int, context: Context, issues: Issues) -> Iterator[KeyedRecord]:
    """The records of one object of an export; an object with values that no export has is reported."""
    try:
        yield from export.made(row, number, context, issues)
    except (UnreadableError, AttributeError, TypeError) as error:
        issues.rejected(export.name, f"fields of another type than exports have: {error}")


_CONTENT = re.compile(r"(?i)^(?:streaming_?history_|end)(video|audiobook)")
_CONTENT_TYPES = {"video": "video", "audiobook": "chapter"}

_OF_ENTRY = frozenset({"track", "episode", "localTrack", "audiobook", "trackName", "trackUri"})
# The fields of the technical log, whose files have hundreds of names and whose folder has one in each language.
_OF_LOG = re.compile(r"timestamp_utc$|context_|message_")
# The library is one object; another's may have tracks and albums, but nobody's has what is banned.
_OF_LIBRARY = frozenset({"tracks", "albums", "artists", "bannedTracks"})
_SAVED = frozenset({"uri", "name", "track", "album", "artist"})

HISTORIES = (
    Export("extended streaming history", EXTENDED_HISTORY, _extended, frozenset(_EXTENDED), {"ts", "ms_played"}),
    Export("account data: streaming history", ACCOUNT_HISTORY, _basic, frozenset(_BASIC), {"endTime", "msPlayed"}),
)
_PLAYLISTS = Export("account data: playlists", PLAYLISTS, _playlist, frozenset({"name"}), rows="playlists")
LIBRARY_LISTS = tuple(
    Export(f"{relation} {entity}s", LIBRARY, _library(entity, relation), _SAVED, rows=f"{entity}s")
    for entity, relation in (("track", "saved"), ("album", "saved"), ("artist", "followed"))
)
API_ANSWERS = Export(NAME, None, records_of, None, is_of_user=False)
