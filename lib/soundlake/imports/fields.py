"""The fields that a mapping may fill: those that the kinds read, with their types.

Paths are dotted; `artists[].id` is the `id` of each object of the list `artists`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from soundlake.kinds import KINDS
from soundlake.kinds.kind import Fields

TEXT, ID, INTEGER, NUMBER, FLAG = "text", "id", "integer", "number", "flag"
TEXTS, DATE, TIME, DURATION, PLATFORM = "texts", "date", "time", "duration", "platform"

MEASURED = (
    "danceability",
    "energy",
    "loudness",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "tempo",
)

# By the last name of a path; every other field is a text.
_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("id", "user_id"), ID),
    **dict.fromkeys(("duration_ms", "ms_played", "msPlayed", "popularity", "position", "rank", "streams"), INTEGER),
    **dict.fromkeys(("total", "total_tracks", "key", "mode", "time_signature"), INTEGER),
    **dict.fromkeys(MEASURED, NUMBER),
    **dict.fromkeys(("explicit", "is_local", "public", "shuffle", "skipped", "incognito_mode"), FLAG),
    **dict.fromkeys(("added_at", "played_at", "ts", "endTime"), TIME),
    "release_date": DATE,
    "genres": TEXTS,
    "platform": PLATFORM,
}


def _paths(fields: Fields, above: str = "") -> Iterator[str]:
    for name, inner in fields.items():
        if inner is None:
            yield f"{above}{name}"
        elif isinstance(inner, list):
            yield from _paths(inner[0], f"{above}{name}[].")
        else:
            yield from _paths(inner, f"{above}{name}.")


FIELDS: Mapping[str, Mapping[str, str]] = {
    kind.name: {path: _TYPES.get(path.rpartition(".")[2], TEXT) for path in _paths(kind.fields)}
    for kind in KINDS.values()
}

# Of each group one field must have a value, or the row gives no record of the kind; the first field of all is the key.
NEEDED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    **dict.fromkeys(("track", "artist", "album", "audio_features", "playlist"), (("id",),)),
    "playlist_item": (("playlist.id",), ("position",)),
    "play": (
        ("user_id",),
        ("played_at", "ts", "endTime"),
        (
            "track.uri",
            "track.id",
            "spotify_track_uri",
            "spotify_episode_uri",
            "audiobook_chapter_uri",
            "track.name",
            "master_metadata_track_name",
            "trackName",
            "episode_name",
            "audiobook_chapter_title",
        ),
    ),
    "user_item": (("user_id",), ("relation",), ("track.id", "artist.id", "album.id")),
}

# A record that holds nothing but these says nothing about its thing.
IDLE = frozenset({"id", "provider", "genre_source"})
