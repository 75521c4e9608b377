"""Saved responses of the Spotify Web API: objects, pages of them, and responses with several kinds; taken as they are.

The kind of an object is its `type`, else that of its `uri`: an episode is never taken for a track.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from soundlake.imports.context import Context, KeyedRecord
from soundlake.imports.issues import Issues
from soundlake.imports.values import made_up_id
from soundlake.times import instant

NAME = "answers of the Spotify Web API"
SOURCE = "spotify-api"

Row = Mapping[str, Any]

# Objects of the API that no kind takes.
_UNUSED = frozenset({"episode", "show", "audiobook", "chapter", "user"})
_THINGS = _UNUSED | {"track", "artist", "album", "audio_features", "playlist"}
_PLAYLIST = re.compile(r"/playlists/([0-9A-Za-z]+)")
_SAVED = re.compile(r"/me/(track|album)s\b")
_OF_ALBUM = ("id", "name", "uri", "type", "album_type", "release_date", "release_date_precision")
_PAGE = frozenset({"total", "next", "href"})
# Every object of the API has one of these beside its type.
_LINKS = frozenset({"uri", "href", "track_href"})
_MARKS, _HELD = frozenset({"added_at", "played_at"}), frozenset({"track", "item", "album"})
# Whose entry it is, is personal.
_OF_ENTRY = ("added_at", "track", "item")


def is_answer(value: object) -> bool:
    """Whether an object is one of the API's, or holds some; a database's document (`_id`) is none."""
    if not isinstance(value, Mapping) or "_id" in value:
        return False
    if _is_page(value):
        return any(map(_is_entry, value["items"])) or (
            not value["items"] and "api.spotify.com" in str(value.get("href"))
        )
    return _thing(value) is not None or _is_entry(value) or any(map(_holds_some, value.values()))


def records_of(row: Row, number: int, context: Context, issues: Issues) -> Iterator[KeyedRecord]:
    """The records of a response, each (kind, key, envelope); objects of no kind are reported."""
    answer = _Answer(context, issues)
    if _is_wrapped(row) and _thing(row) is None:
        yield from answer.entry(row, "", {}, number - 1)
    else:
        yield from answer.records(row)


class _Answer:
    def __init__(self, context: Context, issues: Issues) -> None:
        self._context, self._issues = context, issues

    def records(self, value: Any) -> Iterator[KeyedRecord]:
        """The records of an object, a page, a list of them, or an object that holds some of these."""
        if isinstance(value, list):
            for each in value:
                yield from self.records(each)
        elif not isinstance(value, Mapping):
            if value is not None:  # the API answers null for ids that it does not know
                self._issues.rejected("answer", f"no object: a {type(value).__name__}")
        elif (thing := _thing(value)) is not None:
            yield from self._of_thing(thing, value)
        elif _is_page(value):
            yield from self._of_page(value, {})
        else:
            parts = [part for part in value.values() if _holds_some(part)]
            if not parts:
                self._issues.rejected("answer", "neither an object of the API nor a page of them")
            yield from self.records(parts)

    def _of_thing(self, thing: str, value: Row) -> Iterator[KeyedRecord]:
        if thing in _UNUSED:
            self._issues.rejected(thing, "no kind takes it")
            return
        id_ = value.get("id")
        if not isinstance(id_, str) or not id_:
            self._issues.rejected(thing, "no id")
            return
        inner = value.get("items") if _is_page(value.get("items")) else value.get("tracks")
        page: Row = inner if _is_page(inner) and isinstance(inner, Mapping) else {}
        payload = {name: each for name, each in value.items() if name not in ("tracks", "items") or each is not inner}
        if thing == "playlist":
            if page:
                payload["items"] = {"total": page.get("total")}
            yield self._context.record(thing, id_, payload)
            playlist = {name: value.get(name) for name in ("id", "name", "snapshot_id")}
            yield from self._of_page(page, playlist) if page else ()
            return
        yield self._context.record(thing, id_, payload)
        if thing == "album":
            of_album = {name: value[name] for name in _OF_ALBUM if name in value}
            for track in page.get("items", ()):
                yield from self.records({"album": of_album, **track} if isinstance(track, Mapping) else track)

    def _of_page(self, page: Row, playlist: Row) -> Iterator[KeyedRecord]:
        """The records of a page: the position of an entry is the page's offset plus its index."""
        offset = page.get("offset") if isinstance(page.get("offset"), int) else 0
        href, of_list = str(page.get("href") or ""), {**playlist, "total": page.get("total")}
        for place, entry in enumerate(page["items"]):
            if _is_wrapped(entry) and _thing(entry) is None:
                yield from self.entry(entry, href, of_list, (offset or 0) + place)
            else:
                yield from self.records(entry)
        if playlist and not page["items"] and page.get("total") == 0:
            yield self._context.record(
                "playlist_item", str(playlist["id"]), {"playlist": of_list, "position": 0, "track": None}
            )

    def entry(self, entry: Row, href: str, playlist: Row, position: int) -> Iterator[KeyedRecord]:
        """The records of what was played, saved or put into a playlist."""
        held = next((entry[name] for name in ("item", "track", "album") if isinstance(entry.get(name), Mapping)), None)
        if held is not None and _thing(held) in ("track", "album") and held.get("id"):
            yield from self._of_thing(str(_thing(held)), held)
        saved = _SAVED.search(href)
        if "played_at" in entry:
            yield from self._play(entry)
        elif saved is not None:
            yield from self._saved(saved[1], entry, held or {})
        elif "album" not in entry:
            yield from self._playlist_item(entry, href, playlist, position)

    def _play(self, entry: Row) -> Iterator[KeyedRecord]:
        played_at = entry.get("played_at")
        if not self._context.user:
            self._issues.rejected("play", "--user has to say whose it is")
        elif instant(played_at) is None:
            self._issues.rejected("play", "played_at is no time that can be read")
        else:
            yield self._context.record(
                "play", f"{self._context.user}:{played_at}", {"user_id": self._context.user, **entry}
            )

    def _saved(self, thing: str, entry: Row, held: Row) -> Iterator[KeyedRecord]:
        if not self._context.user:
            self._issues.rejected("user_item", "--user has to say whose it is")
            return
        saved = {"user_id": self._context.user, "relation": "saved", thing: {"id": held.get("id")}}
        yield self._context.record("user_item", self._context.user, {**saved, "added_at": entry.get("added_at")})

    def _playlist_item(self, entry: Row, href: str, playlist: Row, position: int) -> Iterator[KeyedRecord]:
        of_list = dict(playlist)
        if not of_list.get("id"):
            name = PurePosixPath(self._context.file).stem
            found = _PLAYLIST.search(href)
            of_list |= {"id": found[1]} if found else {"id": made_up_id("playlist", name), "name": name}
        payload = {"playlist": of_list, "position": position, **{n: entry[n] for n in _OF_ENTRY if n in entry}}
        yield self._context.record("playlist_item", str(of_list["id"]), payload)


def _thing(value: Any) -> str | None:
    """The kind of an object of the API, by its type, then by its URI, in upper or lower case."""
    if not isinstance(value, Mapping):
        return None
    uri, said = value.get("uri"), value.get("type")
    if isinstance(said, str) and said.lower() in _THINGS and not _LINKS.isdisjoint(value):
        return said.lower()
    if isinstance(uri, str) and uri.lower().startswith("spotify:") and "id" in value:
        named = uri.lower().split(":")[1]
        return named if named in _THINGS else None
    return None


def _is_page(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("items"), list) and not _PAGE.isdisjoint(value)


def _is_entry(value: Any) -> bool:
    """Whether this is an object of the API, or an item (played, saved or in a playlist) around one."""
    return _thing(value) is not None or (_is_wrapped(value) and any(_thing(value.get(name)) for name in _HELD))


def _is_wrapped(value: Any) -> bool:
    """Whether this is an item that was played, saved or put into a playlist; its object may be null."""
    return isinstance(value, Mapping) and not _MARKS.isdisjoint(value) and not _HELD.isdisjoint(value)


def _holds_some(value: Any) -> bool:
    if _is_page(value):
        return any(map(_is_entry, value["items"]))
    return isinstance(value, list) and any(_thing(each) is not None for each in value)
