"""Playlist items: one entry of one fetch of a playlist."""

from __future__ import annotations

from typing import Any

from soundlake.kinds.kind import Envelope, Fields, Group, Kind
from soundlake.kinds.rejection import RejectedError, required
from soundlake.kinds.shapes import ARTISTS_FIELD, artist_columns, is_type
from soundlake.kinds.values import NOTHING, Json, catalog_id, count, small_count, text, thing
from soundlake.tables import PLAYLIST_FETCHES
from soundlake.times import day_of, day_text, instant, instant_text

_ENTRY: Fields = {
    "id": None,
    "name": None,
    "uri": None,
    "type": None,
    "is_local": None,
    "artists": ARTISTS_FIELD,
    "album": {"id": None, "name": None},
}


def _read(payload: Json, envelope: Envelope) -> dict[str, Any]:
    playlist, entry = thing(payload.get("playlist")), _entry(payload)
    playlist_id = required(playlist, "id", "missing_playlist", catalog_id, within="playlist")
    total = small_count(playlist.get("total"))
    is_empty_marker = total == 0 and entry is None
    position = small_count(payload.get("position"))
    if position is None and not is_empty_marker:  # the record that says that a playlist is empty needs no place
        raise RejectedError("missing_position", "position is missing or no whole number")
    entry = NOTHING if entry is None else entry
    album, artists = thing(entry.get("album")), artist_columns(entry.get("artists"))
    return {
        "playlist_id": playlist_id,
        "playlist_name": text(playlist.get("name")),
        "snapshot_date": day_of(envelope.fetched_at),
        "position": position or 0,
        "track_id": _track_id(entry),
        "track_name": text(entry.get("name")),
        "artist_id": artists["artist_id"],
        "artist_name": artists["artist_name"],
        "album_id": catalog_id(album.get("id")),
        "album_name": text(album.get("name")),
        "market": envelope.market,
        "streams": count(payload.get("streams")),
        "added_at": instant(payload.get("added_at")),
        "fetched_at": envelope.fetched_at,
        "fetch": _fetch(envelope),
        "total": total,
        "is_empty_marker": is_empty_marker,
    }


def _entry(payload: Json) -> Json | None:
    """The entry: since February 2026 it is called `item`, before `track`; some records carry both."""
    found = [each for each in (payload.get("item"), payload.get("track")) if type(each) is dict]
    if len(found) < 2:
        return found[0] if found else None
    item, track = found
    return {**item, **{name: value for name, value in track.items() if value is not None}}


def _track_id(entry: Json) -> str | None:
    """The id of a track of the catalog; None for local files and episodes."""
    uri, type_ = entry.get("uri"), entry.get("type")
    is_other = (type(uri) is str and not uri.startswith("spotify:track:")) or (
        type(type_) is str and not is_type(type_, "track")
    )
    return None if is_other or entry.get("is_local") is True else catalog_id(entry.get("id"))


def _fetch(envelope: Envelope) -> str:
    """The fetch that an entry is a part of: its fetched_at, else the day of its arrival."""
    if envelope.has_fetched_at:
        return instant_text(envelope.fetched_at)
    return f"arrived {day_text(day_of(envelope.arrived_at))}"


KIND = Kind(
    name="playlist_item",
    table=PLAYLIST_FETCHES,
    fields={
        "playlist": {"id": None, "name": None, "snapshot_id": None, "total": None},
        "position": None,
        "added_at": None,
        "track": _ENTRY,
        "item": _ENTRY,
        "streams": None,
    },
    read=_read,
    # An entry is one value as a whole.
    column_groups=(
        Group(
            (
                "playlist_name",
                "track_id",
                "track_name",
                "artist_id",
                "artist_name",
                "album_id",
                "album_name",
                "market",
                "streams",
                "added_at",
                "source",
                "total",
                "is_empty_marker",
            )
        ),
    ),
    pruning_column="snapshot_date",
    log_key=("playlist_id", "snapshot_date", "fetch", "position"),
    snapshot_key=("playlist_id", "snapshot_date"),
)
