"""What a mapping may fill: the fields of each kind's payload and the type of their values.

Paths are dotted; `artists[].id` is the `id` of each object of the list `artists`. A test holds them against the
schemas of soundlake.kinds, which need Spark and so cannot be asked here.
"""

from __future__ import annotations

from collections.abc import Mapping

TEXT, ID, INTEGER, NUMBER, FLAG, TEXTS, DATE, TIME = (
    "text",
    "id",
    "integer",
    "number",
    "flag",
    "texts",
    "date",
    "time",
)
DURATION = "duration"
TYPES = (TEXT, ID, INTEGER, NUMBER, FLAG, TEXTS, DATE, TIME, DURATION)

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

_ARTISTS = {"artists[].id": ID, "artists[].name": TEXT}
_RELEASE = {"release_date": DATE, "release_date_precision": TEXT}


def _under(name: str, fields: Mapping[str, str]) -> dict[str, str]:
    return {f"{name}.{path}": type_ for path, type_ in fields.items()}


_ENTRY = {
    "id": ID,
    "name": TEXT,
    "uri": TEXT,
    "type": TEXT,
    "is_local": FLAG,
    **_ARTISTS,
    "album.id": ID,
    "album.name": TEXT,
}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "track": {
        "id": ID,
        "name": TEXT,
        "uri": TEXT,
        "is_local": FLAG,
        **_ARTISTS,
        "album.id": ID,
        "album.name": TEXT,
        **_under("album", _RELEASE),
        "duration_ms": INTEGER,
        "explicit": FLAG,
        "popularity": INTEGER,
        "external_ids.isrc": TEXT,
    },
    "artist": {
        "id": ID,
        "name": TEXT,
        "genres": TEXTS,
        "popularity": INTEGER,
        "followers.total": INTEGER,
        "genre_source": TEXT,
    },
    "album": {
        "id": ID,
        "name": TEXT,
        "album_type": TEXT,
        **_ARTISTS,
        **_RELEASE,
        "total_tracks": INTEGER,
        "popularity": INTEGER,
        "label": TEXT,
        "genres": TEXTS,
    },
    "audio_features": {
        "id": ID,
        **dict.fromkeys(MEASURED, NUMBER),
        "key": INTEGER,
        "mode": INTEGER,
        "time_signature": INTEGER,
        "duration_ms": INTEGER,
        "provider": TEXT,
    },
    "playlist": {
        "id": ID,
        "name": TEXT,
        "owner.id": ID,
        "description": TEXT,
        "public": FLAG,
        "followers.total": INTEGER,
        "items.total": INTEGER,
        "tracks.total": INTEGER,
        "snapshot_id": TEXT,
    },
    "playlist_item": {
        "playlist.id": ID,
        "playlist.name": TEXT,
        "playlist.snapshot_id": TEXT,
        "playlist.total": INTEGER,
        "position": INTEGER,
        "added_at": TIME,
        **_under("track", _ENTRY),
        **_under("item", _ENTRY),
        "streams": INTEGER,
    },
    "play": {
        "user_id": ID,
        "played_at": TIME,
        "ts": TIME,
        "endTime": TIME,
        "track.id": ID,
        "track.name": TEXT,
        "track.uri": TEXT,
        "track.type": TEXT,
        "track.artists[].id": ID,
        "track.artists[].name": TEXT,
        "track.album.name": TEXT,
        "track.show.name": TEXT,
        "context.uri": TEXT,
        "content_type": TEXT,
        "ms_played": INTEGER,
        "platform": TEXT,
        "spotify_track_uri": TEXT,
        "master_metadata_track_name": TEXT,
        "master_metadata_album_artist_name": TEXT,
        "master_metadata_album_album_name": TEXT,
        "spotify_episode_uri": TEXT,
        "episode_name": TEXT,
        "episode_show_name": TEXT,
        "audiobook_title": TEXT,
        "audiobook_chapter_uri": TEXT,
        "audiobook_chapter_title": TEXT,
        "reason_start": TEXT,
        "reason_end": TEXT,
        "shuffle": FLAG,
        "skipped": FLAG,
        "artistName": TEXT,
        "trackName": TEXT,
        "msPlayed": INTEGER,
    },
    "user_item": {
        "user_id": ID,
        "relation": TEXT,
        "time_range": TEXT,
        "rank": INTEGER,
        "added_at": TIME,
        "track.id": ID,
        "artist.id": ID,
        "album.id": ID,
    },
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
