"""The ways in which records go wrong in real life: each breaks a copy of a record of the sample.

FLAWS must be rejected, each for the reason it names; SLIPS are accepted with one value nulled. README.md lists both.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sample_records import Record, as_line

Break = Callable[[Record], bytes]


def fits_all(_: Record) -> bool:
    """Whether a record can be broken in a way that needs nothing special of it: always."""
    return True


@dataclass(frozen=True)
class Flaw:
    """A way to break a record of a kind, why Soundlake rejects the result, and how it comes about."""

    kind: str
    reason: str
    origin: str
    broken: Break
    fits: Callable[[Record], bool] = fits_all


@dataclass(frozen=True)
class Slip:
    """A field of a kind's payload and a value that it cannot hold."""

    kind: str
    path: tuple[str, ...]
    value: Any

    def slipped(self, record: Record, fetched_at: str) -> bytes:
        """The record, fetched at another time, with the value in the field."""
        return as_line(_changed({**record, "fetched_at": fetched_at}, ("payload", *self.path), self.value))


def _with(path: tuple[str, ...], value: Any) -> Break:
    return lambda record: as_line(_changed(record, path, value))


def _without(*path: str) -> Break:
    def broken(record: Record) -> bytes:
        copy = _copy(record)
        _holder(copy, path).pop(path[-1], None)
        return as_line(copy)

    return broken


def _changed(record: Record, path: tuple[str, ...], value: Any) -> Record:
    copy = _copy(record)
    _holder(copy, path)[path[-1]] = value
    return copy


def _copy(record: Record) -> Record:
    copy: Record = json.loads(as_line(record))
    return copy


def _holder(record: Record, path: tuple[str, ...]) -> Record:
    for name in path[:-1]:
        record = record[name]
    return record


def _text(line: str) -> Break:
    return lambda _: line.encode()


def _cut_off(record: Record) -> bytes:
    line = as_line(record)
    return line[: len(line) * 2 // 3].decode(errors="ignore").encode()


def _latin_1(record: Record) -> bytes:
    return as_line(record).decode().encode("latin-1")


def _fits_latin_1(record: Record) -> bool:
    text = as_line(record).decode()
    return "é" in text and all(ord(character) < 256 for character in text)


def _local_file(record: Record) -> bytes:
    local = {"id": None, "name": "Home recording", "uri": "spotify:local:::Home+recording:180", "is_local": True}
    return as_line({**record, "payload": {**local, "duration_ms": 180000, "type": "track"}})


def _is_poll(record: Record) -> bool:
    return "played_at" in record.get("payload", {})


def _is_export(record: Record) -> bool:
    return "ts" in record.get("payload", {})


P = "payload"
BEYOND = _with(("fetched_at",), "2999-01-01T00:00:00Z")
CUT, NO_ID, NOT_JSON, NOT_OBJECT = "not JSON (cut off)", "the id is missing", "not JSON", "JSON, but no object"
UNKNOWN, FUTURE, WRONG_ID = "unknown kind", "fetched_at lies after arrival", "the id is no string"
NO_CONTENT = "neither a URI nor a name of what was played"

FLAWS = (
    Flaw("track", CUT, "the writer died within the line", _cut_off),
    Flaw("track", "a local file has no Spotify id", "a playlist walk published its local files", _local_file),
    Flaw("track", NO_ID, "the id was never filled in", _without(P, "id")),
    Flaw("track", NO_ID, "a left join filled the id with an empty text", _with((P, "id"), "")),
    Flaw("track", WRONG_ID, "a row number was taken for the id", _with((P, "id"), 10428)),
    Flaw("track", NO_ID, "an empty object where a deletion was meant", _text("{}")),
    Flaw("track", NOT_OBJECT, "null where a deletion was meant", _text("null")),
    Flaw("track", FUTURE, "the clock of the fetcher was wrong", BEYOND),
    Flaw("track", "not UTF-8", "written as Latin-1", _latin_1, _fits_latin_1),
    Flaw("artist", NO_ID, "the id is null", _with((P, "id"), None)),
    Flaw("artist", NOT_JSON, "R's missing value", _text("NA")),
    Flaw("artist", NOT_OBJECT, "an id list was published instead of objects", lambda r: as_line(r[P]["id"])),
    Flaw("artist", UNKNOWN, "a show went to the artists' folder", _with(("kind",), "show")),
    Flaw("artist", CUT, "the disk was full", _cut_off),
    Flaw("album", NO_ID, "the id was never filled in", _without(P, "id")),
    Flaw("album", WRONG_ID, "the id came wrapped in an object", lambda r: _with((P, "id"), {"id": r[P]["id"]})(r)),
    Flaw("album", NOT_JSON, "an error page was stored as data", _text("<html><h1>502 Bad Gateway</h1></html>")),
    Flaw("album", FUTURE, "the clock of the fetcher was wrong", BEYOND),
    Flaw("audio_features", NO_ID, "the API answers null for unknown tracks", _with((P,), None)),
    Flaw("audio_features", NOT_JSON, "a CSV header in the middle of the file", _text("id,danceability,energy,key")),
    Flaw("audio_features", NO_ID, "a provider keeps the id elsewhere", _without(P, "id")),
    Flaw("audio_features", CUT, "the connection broke", _cut_off),
    Flaw("playlist", NO_ID, "the id is null", _with((P, "id"), None)),
    Flaw("playlist", FUTURE, "the clock of the fetcher was wrong", BEYOND),
    Flaw("playlist_item", "the position is missing", "the walk did not count", _without(P, "position")),
    Flaw("playlist_item", "the position is no number", "counted in words", _with((P, "position"), "first")),
    Flaw("playlist_item", "the playlist is missing", "the entry alone was published", _without(P, "playlist")),
    Flaw("playlist_item", "the playlist is missing", "a playlist with no id", _without(P, "playlist", "id")),
    Flaw("playlist_item", CUT, "the writer died within the line", _cut_off),
    Flaw("play", "the user is missing", "a raw answer of the API", _without(P, "user_id"), _is_poll),
    Flaw("play", "the user is missing", "user_id is an empty text", _with((P, "user_id"), ""), _is_export),
    Flaw("play", "the time is missing", "played_at is null", _with((P, "played_at"), None), _is_poll),
    Flaw("play", "the time is unreadable", "a text for people", _with((P, "ts"), "yesterday"), _is_export),
    Flaw("play", NO_CONTENT, "track is null", _with((P, "track"), None), _is_poll),
    Flaw("play", UNKNOWN, "an advertisement", _with(("kind",), "ad"), _is_poll),
    Flaw("play", NOT_JSON, "a pointer file in place of the data", _text("version https://git-lfs.github.com/spec/v1")),
    Flaw("play", CUT, "the connection broke", _cut_off, _is_poll),
    Flaw("user_item", "the user is missing", "user_id is null", _with((P, "user_id"), None)),
    Flaw("user_item", NO_ID, "an entry with nothing in it", lambda r: as_line({**r, P: _only_user(r[P])})),
)


def _only_user(payload: Record) -> Record:
    return {"user_id": payload["user_id"], "relation": payload["relation"]}


SLIPS = (
    Slip("track", ("popularity",), 150),
    Slip("track", ("popularity",), "high"),
    Slip("track", ("duration_ms",), -1),
    Slip("track", ("album", "release_date"), "0000"),
    Slip("track", ("album", "release_date"), "12/8/2017"),
    Slip("track", ("explicit",), "yes"),
    Slip("artist", ("followers",), {"total": -3}),
    Slip("artist", ("genres",), "pop"),
    Slip("album", ("release_date",), "0000"),
    Slip("album", ("total_tracks",), "twelve"),
    Slip("audio_features", ("key",), 12),
    Slip("audio_features", ("danceability",), 1.5),
    Slip("audio_features", ("tempo",), "fast"),
    Slip("playlist", ("public",), "maybe"),
)
