"""The order of the bits in `silver/stamps`: stored, so it may be appended to but never changed."""

from __future__ import annotations

import pytest

from soundlake.kinds import KINDS

ARTIST = ("artist_id", "artist_name", "artist_ids", "artist_names")
ALBUM = ("album_id", "album_name")
RELEASE = ("release_date", "release_date_precision")

# Bit 0 is the record itself; the first group is bit 1.
BITS: dict[str, list[tuple[str, ...]]] = {
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
    ],
    "user_item": [("rank",), ("added_at",), ("source",)],
}


@pytest.mark.parametrize("name", BITS)
def test_the_bits_of_a_kind_keep_their_places(name: str) -> None:
    fields = KINDS[name].fields
    assert list(fields[: len(BITS[name])]) == BITS[name]


@pytest.mark.parametrize("name", [kind.name for kind in KINDS.values() if kind.is_keyed])
def test_every_kind_with_stamps_is_pinned_here(name: str) -> None:
    assert len(KINDS[name].fields) == len(BITS[name]), "append the new columns to BITS"


@pytest.mark.parametrize("name", BITS)
def test_a_bit_stands_for_one_group(name: str) -> None:
    kind = KINDS[name]
    assert [kind.bit(group) for group in kind.fields] == [2 << place for place in range(len(kind.fields))]
