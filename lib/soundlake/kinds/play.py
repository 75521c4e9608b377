"""Plays: items of the recently-played API, records of the extended and of the basic account export."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from soundlake.kinds.kind import Envelope, Group, Kind
from soundlake.kinds.rejection import RejectedError, required
from soundlake.kinds.shapes import ARTISTS_FIELD, is_type
from soundlake.kinds.values import Json, catalog_id, flag, milliseconds, text, thing
from soundlake.tables import PLAYS
from soundlake.times import SECOND_MICROS, day_of, instant

CONTENT_TYPES = ("track", "episode", "chapter", "video")

# The fields a play's identity is read from: none of them may hold anything but a text.
_TIMES = ("played_at", "ts", "endTime")
_URIS = ("spotify_track_uri", "spotify_episode_uri", "audiobook_chapter_uri")
_KEY_FIELDS = ("user_id", *_TIMES, *_URIS)


def _read(payload: Json, envelope: Envelope) -> dict[str, Any]:
    get = payload.get
    track = thing(get("track"))
    for name in _KEY_FIELDS:
        value = get(name)
        if value is not None and type(value) is not str:
            raise RejectedError("wrong_type", f"{name} is no string")
    for name in ("id", "uri") if track else ():
        value = track.get(name)
        if value is not None and type(value) is not str:
            raise RejectedError("wrong_type", f"track.{name} is no string")
    user = required(payload, "user_id", "missing_user")
    played_at = _played_at(payload)
    uri = _content_uri(payload, track)
    names = _names(payload, track)
    return {
        "play_id": _play_id(user, uri, names, played_at),
        "user_id": user,
        "content_type": _content_type(payload, uri),
        "track_id": (uri[14:] or None) if uri is not None and uri.startswith("spotify:track:") else None,
        **names,
        "played_at": played_at,
        "played_date": day_of(played_at),
        "ms_played": milliseconds(get("msPlayed") if get("ms_played") is None else get("ms_played")),
        "context_uri": text(thing(get("context")).get("uri")),
        "reason_start": text(get("reason_start")),
        "reason_end": text(get("reason_end")),
        "skipped": flag(get("skipped")),
        "shuffle": flag(get("shuffle")),
        "platform": text(get("platform")),
        "content_uri": uri,
        "private_session": flag(get("incognito_mode")),
        "isrc": text(thing(track.get("external_ids")).get("isrc")),
    }


def _played_at(payload: Json) -> int:
    for name in _TIMES:
        if (played_at := instant(payload.get(name))) is not None:
            return played_at
    raise RejectedError("missing_time", "played_at, ts and endTime are missing or unreadable")


def _content_uri(payload: Json, track: Json) -> str | None:
    """The Spotify URI of what was played, built from the id where the API gives only that."""
    uri = _uri(track.get("uri"))
    if uri is None and (id_ := catalog_id(track.get("id"))) is not None:
        uri = f"spotify:{(text(track.get('type')) or 'track').lower()}:{id_}"
    for name in _URIS:
        if uri is not None:
            break
        uri = _uri(payload.get(name))
    return uri


def _uri(value: object) -> str | None:
    # Some writers make a URI of an id that is null: such content has names only.
    return value if type(value) is str and value.strip(" ") and not value.endswith(":null") else None


def _names(payload: Json, track: Json) -> dict[str, str | None]:
    """The names of the content, from either kind of export or the API."""
    track_name = artist = album_name = show_name = episode_name = None
    if track:
        name, artists = track.get("name"), track.get("artists")
        if is_type(track.get("type"), "episode"):
            episode_name = name
        else:
            track_name = name
        artist = thing(artists[0]).get("name") if type(artists) is list and artists else None
        album_name, show_name = thing(track.get("album")).get("name"), thing(track.get("show")).get("name")
    return {
        "track_name": _said(track_name, payload, "master_metadata_track_name", "trackName"),
        "artist_name": _said(artist, payload, "master_metadata_album_artist_name", "artistName"),
        "album_name": _said(album_name, payload, "master_metadata_album_album_name"),
        "show_name": _said(show_name, payload, "episode_show_name", "audiobook_title"),
        "episode_name": _said(episode_name, payload, "episode_name", "audiobook_chapter_title"),
    }


def _said(value: object, payload: Json, *fields: str) -> str | None:
    """A text; where it is none, the first one among some fields of the payload."""
    if type(value) is str:
        return value
    for field in fields:
        if type(value := payload.get(field)) is str:
            return value
    return None


def _content_type(payload: Json, uri: str | None) -> str:
    get = payload.get
    stated = get("content_type")
    if type(stated) is str and stated.lower() in CONTENT_TYPES:
        return stated.lower()
    if type(get("audiobook_chapter_uri")) is str:
        return "chapter"
    if uri is not None and (by_uri := uri.split(":", 2)[1:2]) and by_uri[0] in CONTENT_TYPES:
        return by_uri[0]
    if type(get("audiobook_chapter_title")) is str:
        return "chapter"
    return "episode" if type(get("episode_name")) is str else "track"


def _play_id(user: str, uri: str | None, names: dict[str, str | None], played_at: int) -> str:
    """A digest of user, content and second; content without a URI is identified by its names."""
    if uri is None:
        known = {n: names[n] for n in ("track_name", "artist_name", "episode_name") if names[n] is not None}
        if not known:
            raise RejectedError("missing_content", "neither a URI nor a name says what was played")
        uri = orjson.dumps(known).decode()
    identity = orjson.dumps({"user": user, "content": uri, "second": played_at // SECOND_MICROS})
    return hashlib.sha256(identity).hexdigest()[:32]


def _weight(payload: Json) -> int:
    """The extended export's fields beat the API's, and these the basic export's."""
    return 2 if type(payload.get("ts")) is str else 1 if type(payload.get("played_at")) is str else 0


KIND = Kind(
    name="play",
    table=PLAYS,
    fields={
        "user_id": None,
        "played_at": None,
        "track": {
            "id": None,
            "name": None,
            "uri": None,
            "type": None,
            "artists": ARTISTS_FIELD,
            "album": {"name": None},
            "show": {"name": None},
            "external_ids": {"isrc": None},
        },
        "context": {"uri": None},
        **dict.fromkeys(
            (
                "content_type",
                "ts",
                "ms_played",
                "platform",
                "spotify_track_uri",
                "master_metadata_track_name",
                "master_metadata_album_artist_name",
                "master_metadata_album_album_name",
                "spotify_episode_uri",
                "episode_name",
                "episode_show_name",
                "audiobook_title",
                "audiobook_chapter_uri",
                "audiobook_chapter_title",
                "reason_start",
                "reason_end",
                "shuffle",
                "skipped",
                "incognito_mode",
                "endTime",
                "artistName",
                "trackName",
                "msPlayed",
            )
        ),
    },
    read=_read,
    column_groups=(Group(("played_at", "played_date")),),
    weight=_weight,
    pruning_column="played_date",
    dedupe_by_payload=True,
)
