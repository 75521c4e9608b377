"""What one listener likes, and how well each track fits it: the parts of a score."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from soundlake.recommend.catalogue import Catalogue
from soundlake.recommend.ease import REGULARISATION, Floats, Places, pull

_SEEDS = 20  # tracks that sound is compared with, by weight, besides the latest
_NEAREST = 3  # nearest seeds to average over: a single one may be an exception
_SMOOTHING = 5.0  # added to the number of an artist's tracks


@dataclass(frozen=True)
class History:
    """A listener's history: a weight for each track and artist, highest first, the latest tracks, and songs by name.

    A track of weight 0 was heard, but may not be learned from. `songs` (as `song_of` writes them) were played without a
    track id, or with one that silver_tracks does not have.
    """

    tracks: Mapping[str, float]
    artists: Mapping[str, float] = field(default_factory=dict)
    latest: Sequence[str] = ()
    songs: Collection[str] = ()


class Liked:
    """One listener's history, looked up in the catalogue."""

    def __init__(self, catalogue: Catalogue, history: History) -> None:
        self._of = catalogue
        known = {self._of.place_of[track]: w for track, w in history.tracks.items() if track in self._of.place_of}
        self._heard = set(known)
        self._songs = {self._of.song_place_of[song] for song in history.songs if song in self._of.song_place_of}
        liked = sorted((item for item in known.items() if item[1] > 0.0), key=lambda item: -item[1])
        self._tracks = np.array([place for place, _ in liked], dtype=np.int64)
        self._weights = _scaled(np.array([weight for _, weight in liked], dtype=np.float32))
        self._artists = {
            self._of.artist_place_of[artist]: weight
            for artist, weight in history.artists.items()
            if artist in self._of.artist_place_of and weight > 0.0
        }
        self._seeds = self._sounding(history.latest)
        self._parts: dict[str, Floats] = {}

    @property
    def is_known(self) -> bool:
        """Whether there is anything to rank by."""
        return bool(len(self._tracks) or self._artists)

    @cached_property
    def are_new(self) -> NDArray[np.bool_]:
        """Whether each track is by an artist new to the listener."""
        known = self._of.artists[list(self._heard)].tolist()
        return np.asarray((self._of.artists >= 0) & ~np.isin(self._of.artists, [*known, *self._artists]))

    def heard_songs(self) -> tuple[set[int], set[int]]:
        """The tracks that were heard, and their songs."""
        return set(self._heard), self._songs | ({int(self._of.songs[place]) for place in self._heard} - {-1})

    def part(self, name: str) -> Floats:
        """A part of the score for all tracks, from 0 to 1: one that `Weights` names."""
        if name not in self._parts:
            self._parts[name] = self._of.popularity if name == "popularity" else getattr(self, f"_{name}")()
        return self._parts[name]

    def explain(self, part: str, place: int) -> tuple[str, str | None]:
        """The reason in words, and the track that it refers to."""
        if part == "artist" and self.part("artist")[place] > 0.0:
            own = self._tracks[self._of.artists[self._tracks] == self._of.artists[place]]
            return f"more by {self._artist_name(place)}", self._of.track_ids[own[0]] if len(own) else None
        if part == "collaborative" and len(self._tracks):
            together = self._weights * (self._of.factors[self._tracks] @ self._of.factors[place])
            nearest = int(self._tracks[np.argmax(together)])
            found = f"listeners of {self._artist_name(nearest)} play it too"
            return found + (", an artist new to you" if self.are_new[place] else ""), self._of.track_ids[nearest]
        if part == "sound" and len(self._seeds):
            differences = self._of.features[self._seeds] - self._of.features[place]
            nearest = int(self._seeds[np.argmin((differences**2).sum(axis=1))])
            return f"sounds like {self._of.names[nearest] or 'a track without a name'}", self._of.track_ids[nearest]
        cluster = self._of.clusters[place]
        return (f"popular in {self._of.cluster_names[cluster]}" if cluster >= 0 else "popular here"), None

    def _sounding(self, latest: Sequence[str]) -> Places:
        """The tracks that sound is compared with: the latest, and those with the highest weights."""
        newest = [self._of.place_of[track] for track in latest if track in self._of.place_of]
        seeds = [place for place in dict.fromkeys([*newest, *self._tracks.tolist()]) if self._of.has_sound[place]]
        return np.array(seeds[: _SEEDS + len(newest)], dtype=np.int64)

    def _artist_name(self, place: int) -> str:
        artist = self._of.artists[place]
        return (self._of.artist_names[artist] if artist >= 0 else None) or "an artist without a name"

    def _artist(self) -> Floats:
        """The liked share of an artist's tracks, scaled so that the highest is 1."""
        liked = np.zeros(len(self._of.artist_ids), dtype=np.float32)
        artists = self._of.artists[self._tracks]
        np.add.at(liked, artists[artists >= 0], np.float32(1.0))
        for artist in self._artists:
            liked[artist] += 1.0
        share = liked / (self._of.tracks_by_artist + np.float32(_SMOOTHING))
        return self._of.of_artists(_scaled(share))

    def _collaborative(self) -> Floats:
        """The prediction of EASE, from those who like the same tracks and from the artists' rows.

        Not scaled to 1: where listeners have little in common it is low for all tracks, and other parts decide.
        """
        artists = self._of.artists[self._tracks]
        by_artist = np.zeros(len(self._of.artist_ids), dtype=np.float32)
        np.add.at(by_artist, artists[artists >= 0], self._weights[artists >= 0])
        for artist in self._artists:
            by_artist[artist] += 1.0
        spoken = (by_artist * pull(self._of.tracks_by_artist) / REGULARISATION).astype(np.float32)
        shared = self._of.factors @ (self._weights @ self._of.factors[self._tracks])
        return np.asarray(np.clip((shared + self._of.of_artists(spoken)) / self._of.variances, 0.0, 1.0))

    def _sound(self) -> Floats:
        """Closeness to the nearest seeds."""
        if not len(self._seeds):
            return np.zeros(len(self._of), dtype=np.float32)
        seeds = self._of.features[self._seeds]
        squares = (self._of.features**2).sum(axis=1)[:, None] + (seeds**2).sum(axis=1) - 2 * self._of.features @ seeds.T
        nearest = min(_NEAREST, len(seeds))
        distances = np.sqrt(np.maximum(np.partition(squares, nearest - 1, axis=1)[:, :nearest], 0.0)).mean(axis=1)
        return np.asarray(np.nan_to_num(np.exp(-distances)), dtype=np.float32)

    def _era(self) -> Floats:
        """Closeness of a track's year to the years of the history."""
        years = self._of.years[self._tracks]
        years = years[~np.isnan(years)]
        if not len(years):
            return np.zeros(len(self._of), dtype=np.float32)
        away = np.abs(self._of.years - np.median(years)) / (years.std() + 2.0)
        return np.asarray(np.nan_to_num(np.exp(-away)), dtype=np.float32)


def _scaled(values: Floats) -> Floats:
    """Negative values become 0, the highest becomes 1."""
    values = np.maximum(values, np.float32(0.0))
    return np.asarray(values / max(float(values.max(initial=0.0)), 1e-9), dtype=np.float32)
