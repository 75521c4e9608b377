"""The order of the bits in `silver/stamps`: stored, so it may be appended to but never changed."""

from __future__ import annotations

import pytest

from soundlake.kinds import KINDS

ARTIST = ("artist_id", "artist_name", "artist_ids", "artist_names")
ALBUM = ("album_id", "album_name")
RELEASE = ("release_date", "release_date_precision")

# The groups of each kind, in the order of their bits. Bit 0 is the record itself; the first group begins at bit 1.
GROUPS: dict[str, list[tuple[str, ...]]] = {
    "track": [
        ("track_name",),
        ARTIST,
        ALBUM,
        ("duration_ms",),
        ("explicit",),
        ("popularity",),
        ("isrc",),
        RELEASE,
        ("source",),
    ],
    "artist": [("artist_name",), ("genres", "genre_source"), ("popularity",), ("followers",), ("source",)],
    "album": [
        ("album_name",),
        ("album_type",),
        ARTIST,
        RELEASE,
        ("total_tracks",),
        ("popularity",),
        ("label",),
        ("genres",),
        ("source",),
        ("cover_url",),
    ],
    "audio_features": [
        ("danceability",),
        ("energy",),
        ("loudness",),
        ("speechiness",),
        ("acousticness",),
        ("instrumentalness",),
        ("liveness",),
        ("valence",),
        ("tempo",),
        ("key",),
        ("mode",),
        ("time_signature",),
        ("duration_ms",),
        ("source",),
        ("provider",),
    ],
    "playlist": [
        ("playlist_name",),
        ("owner_id",),
        ("description",),
        ("public",),
        ("followers",),
        ("total_tracks",),
        ("snapshot_id",),
        ("source",),
    ],
    "play": [
        ("user_id",),
        ("content_type",),
        ("track_id",),
        ("track_name",),
        ("artist_name",),
        ("album_name",),
        ("show_name",),
        ("episode_name",),
        ("played_at", "played_date"),
        ("ms_played",),
        ("context_uri",),
        ("reason_start",),
        ("reason_end",),
        ("skipped",),
        ("shuffle",),
        ("platform",),
        ("content_uri",),
        ("source",),
        ("private_session",),
        ("isrc",),
    ],
    "playlist_item": [
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
    ],
    "user_item": [("rank",), ("added_at",), ("source",)],
}
# How many bits a group has that has more than one: one for each of its grades.
GRADES = {ARTIST: 2, ALBUM: 2, RELEASE: 3}


@pytest.mark.parametrize("name", GROUPS)
def test_the_groups_of_a_kind_keep_their_places(name: str) -> None:
    groups = [group.columns for group in KINDS[name].groups]
    assert groups[: len(GROUPS[name])] == GROUPS[name]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_pinned_here(name: str) -> None:
    assert len(KINDS[name].groups) == len(GROUPS[name]), "append the new columns to GROUPS"


@pytest.mark.parametrize("name", GROUPS)
def test_a_bit_stands_for_one_grade_of_one_group(name: str) -> None:
    places = iter(range(1, 63))
    expected = [tuple(1 << next(places) for _ in range(GRADES.get(group, 1))) for group in GROUPS[name]]
    assert list(KINDS[name].bits) == expected
