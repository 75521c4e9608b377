"""The tracks to recommend from, as arrays in the memory of one process: all that ranking needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundlake.clusters.learnable import scales_of
from soundlake.recommend.ease import REGULARISATION, Floats, Places, pull

Thing = tuple[str, str]  # `track` or `artist`, and the id
Known = tuple[Floats, float]  # factors and variance

_NONE = -1


@dataclass(frozen=True)
class Catalogue:
    """Tracks and what is known of each; all arrays of tracks are in the order of `track_ids`.

    `artists`, `songs` and `clusters` are indices, -1 for none; two tracks of the same title and artist are one song.
    `features` are standardised, NaN where a track has none that may be used. `factors` and `variances` are what `ease`
    learned about the track, else about its artist, else those of a track that nobody has heard.
    """

    track_ids: Sequence[str]
    names: Sequence[str | None]
    artists: Places
    artist_ids: Sequence[str]
    artist_names: Sequence[str | None]
    songs: Places
    song_names: Sequence[str]
    years: Floats
    clusters: Places
    cluster_names: Sequence[str]
    features: Floats
    popularity: Floats
    factors: Floats
    variances: Floats

    def __len__(self) -> int:
        return len(self.track_ids)

    @cached_property
    def place_of(self) -> dict[str, int]:
        """The place of each track."""
        return {track: place for place, track in enumerate(self.track_ids)}

    @cached_property
    def artist_place_of(self) -> dict[str, int]:
        """The place of each artist."""
        return {artist: place for place, artist in enumerate(self.artist_ids)}

    @cached_property
    def song_place_of(self) -> dict[str, int]:
        """The place of each song, by `song_of`."""
        return {song: place for place, song in enumerate(self.song_names)}

    @cached_property
    def has_sound(self) -> NDArray[np.bool_]:
        """Whether a track has audio features."""
        return np.asarray(~np.isnan(self.features).any(axis=1))

    @cached_property
    def tracks_by_artist(self) -> Floats:
        """How many tracks each artist has here."""
        return np.bincount(self.artists[self.artists != _NONE], minlength=len(self.artist_ids)).astype(np.float32)

    def of_artists(self, values: Floats) -> Floats:
        """A value of each artist as one of each track; zero where a track has no artist."""
        # The last row stands for no artist: place -1.
        padded = np.concatenate([values, np.zeros((1, *values.shape[1:]), dtype=np.float32)])
        return np.asarray(padded[self.artists], dtype=np.float32)


def catalogue_of(
    rows: Sequence[dict[str, Any]], features: Sequence[str], learned: Mapping[Thing, Known] = MappingProxyType({})
) -> Catalogue:
    """Make a catalogue of tracks.

    Args:
        rows: track_id, track_name, artist_id, artist_name, year, popularity (0 to 100), listeners, cluster_name and the
            features of each track; all but the id may be null.
        features: the names of the features.
        learned: factors and variances, by entity (`track` or `artist`) and id.
    """
    artist_ids, artists = _places([row["artist_id"] for row in rows])
    names = {row["artist_id"]: row["artist_name"] for row in rows}
    song_names, songs = _places(
        [None if (title := row["track_name"]) is None else song_of(title, row["artist_name"]) for row in rows]
    )
    cluster_names, clusters = _places([row["cluster_name"] for row in rows])
    factors, variances = _learned_of(rows, artists, learned)
    return Catalogue(
        track_ids=[row["track_id"] for row in rows],
        names=[row["track_name"] for row in rows],
        artists=artists,
        artist_ids=artist_ids,
        artist_names=[names[artist] for artist in artist_ids],
        songs=songs,
        song_names=song_names,
        years=_floats([[row["year"]] for row in rows], 1)[:, 0],
        clusters=clusters,
        cluster_names=cluster_names,
        features=standardised(_floats([[row[name] for name in features] for row in rows], len(features))),
        popularity=_popularity(rows),
        factors=factors,
        variances=variances,
    )


def standardised(values: Floats) -> Floats:
    """Columns with mean 0 and standard deviation 1, rows with a NaN left out of both; constant columns become 0."""
    known = values[~np.isnan(values).any(axis=1)]
    if not len(known):
        return values
    means, deviations = known.mean(axis=0, dtype=float), known.std(axis=0, dtype=float)
    return np.asarray((values - means) * scales_of(deviations), dtype=np.float32)


def song_of(track_name: str, artist_name: str | None) -> str:
    """What the names of a song's recordings and versions have in common."""
    title = track_name.partition(" - ")[0].partition(" (")[0]
    return f"{title.casefold().strip()}\n{(artist_name or '').casefold()}"


def _places(values: Sequence[str | None]) -> tuple[list[str], Places]:
    distinct = sorted({value for value in values if value is not None})
    place = {value: number for number, value in enumerate(distinct)}
    return distinct, np.array([_NONE if value is None else place[value] for value in values], dtype=np.int64)


def _floats(values: Sequence[Sequence[float | None]], width: int) -> Floats:
    # Nulls become NaN.
    return np.array(values, dtype=np.float32).reshape(len(values), width)


def _popularity(rows: Sequence[dict[str, Any]]) -> Floats:
    """0 to 1, by listeners in this lake; Spotify's number breaks ties."""
    listeners = np.log1p(np.array([row["listeners"] or 0 for row in rows], dtype=np.float32))
    scale = max(float(listeners.max(initial=0.0)), 1.0)
    own = np.array([row["popularity"] or 0 for row in rows], dtype=np.float32) / 100.0
    return np.asarray((listeners / scale + 0.1 * own) / 1.1, dtype=np.float32)


def _learned_of(
    rows: Sequence[dict[str, Any]], artists: Places, learned: Mapping[Thing, Known]
) -> tuple[Floats, Floats]:
    length = len(next(iter(learned.values()))[0]) if learned else 0
    factors = np.zeros((len(rows), length), dtype=np.float32)
    has_artist = artists >= 0
    variances = np.full(len(rows), 1.0 / REGULARISATION, dtype=np.float32)
    variances[has_artist] *= 1.0 - pull(np.bincount(artists[has_artist]))[artists[has_artist]]
    for place, row in enumerate(rows):
        known = learned.get(("track", row["track_id"])) or learned.get(("artist", row["artist_id"]))
        if known:
            factors[place], variances[place] = known
    return factors, variances
