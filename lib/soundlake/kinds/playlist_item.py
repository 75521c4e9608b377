"""Playlist items: one entry of one fetch of a playlist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from soundlake.kinds import values
from soundlake.kinds.kind import Envelope, Kind, Rule
from soundlake.kinds.payload import FLAG, NUMBER, TEXT, Fields, Payload
from soundlake.kinds.shapes import ARTISTS_FIELD, artist_columns, key_rules
from soundlake.tables import PLAYLIST_FETCHES

_ENTRY: Fields = {
    "id": TEXT,
    "name": TEXT,
    "uri": TEXT,
    "type": TEXT,
    "is_local": FLAG,
    "artists": ARTISTS_FIELD,
    "album": {"id": TEXT, "name": TEXT},
}


def _entry_text(payload: Payload, *path: str) -> Column:
    """A text of the entry: since February 2026 it is called `item`, before `track`; some records carry both."""
    return F.coalesce(payload.text("track", *path), payload.text("item", *path))


def _has_no_entry(payload: Payload) -> Column:
    return payload.get("track").isNull() & payload.get("item").isNull()


def _total(payload: Payload) -> Column:
    return values.small_count(payload.get("playlist", "total"))


def _is_empty_marker(payload: Payload) -> Column:
    return F.coalesce((_total(payload) == 0) & _has_no_entry(payload), F.lit(False))


def _position(payload: Payload) -> Column:
    # The record that says that a playlist is empty needs no place.
    return F.coalesce(values.small_count(payload.get("position")), F.when(_is_empty_marker(payload), 0))


def _track_id(payload: Payload) -> Column:
    """The id of a track of the catalog; null for local files and episodes."""
    is_local = F.coalesce(payload.get("track", "is_local"), payload.get("item", "is_local"), F.lit(False))
    other_type = F.coalesce(_entry_text(payload, "type") != "track", F.lit(False))
    other_uri = F.coalesce(~_entry_text(payload, "uri").startswith("spotify:track:"), F.lit(False))
    return F.when(~(is_local | other_type | other_uri), values.identifier(_entry_text(payload, "id")))


def _derive(payload: Payload) -> Mapping[str, Column]:
    return {
        "position": _position(payload),
        "track_id": _track_id(payload),
        "artists": F.coalesce(payload.get("track", "artists"), payload.get("item", "artists")),
    }


def _values(payload: Payload, envelope: Envelope) -> Mapping[str, Column]:
    arrival = F.concat(F.lit("arrived "), F.to_date(envelope.arrived_at).cast("string"))
    artists = artist_columns(payload.shared("artists"))
    return {
        "playlist_id": payload.text("playlist", "id"),
        "playlist_name": payload.text("playlist", "name"),
        "snapshot_date": F.to_date(envelope.fetched_at),
        "position": payload.shared("position"),
        "track_id": payload.shared("track_id"),
        "track_name": _entry_text(payload, "name"),
        "artist_id": artists["artist_id"],
        "artist_name": artists["artist_name"],
        "album_id": values.identifier(_entry_text(payload, "album", "id")),
        "album_name": _entry_text(payload, "album", "name"),
        "market": envelope.market,
        "streams": values.count(payload.get("streams")),
        "added_at": values.instant(payload.text("added_at")),
        "fetched_at": envelope.fetched_at,
        "source": envelope.source,
        "fetch": F.when(envelope.is_stamped, envelope.fetched_at.cast("string")).otherwise(arrival),
        "total": _total(payload),
        "is_empty_marker": _is_empty_marker(payload),
    }


def _rules(payload: Payload, envelope: Envelope) -> Sequence[Rule]:
    return [
        *key_rules(payload, ("playlist", "id"), "playlist"),
        Rule("missing_position", "position is missing or no whole number", payload.shared("position").isNull()),
    ]


KIND = Kind(
    name="playlist_item",
    table=PLAYLIST_FETCHES,
    payload={
        "playlist": {"id": TEXT, "name": TEXT, "snapshot_id": TEXT, "total": NUMBER},
        "position": NUMBER,
        "added_at": TEXT,
        "track": _ENTRY,
        "item": _ENTRY,
        "streams": NUMBER,
    },
    values=_values,
    rules=_rules,
    derive=_derive,
)
