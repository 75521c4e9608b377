"""What one listener likes, and how well each track of a catalogue fits it: the parts that a score is blended of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from soundlake.recommend.catalogue import Catalogue, Floats, Places

_SEEDS = 20  # tracks of a listener that sound is compared with: those that count most, besides the latest
_NEAREST = 3  # seeds that a track has to be near to: one alone may be an exception
_SMOOTHING = 5.0  # tracks that an artist has beyond those known here


@dataclass(frozen=True)
class History:
    """What is known of a listener: a weight for each track and artist, those that count most first; the latest tracks.

    A track of weight 0 was heard, but is nothing to learn from.
    """

    tracks: Mapping[str, float]
    artists: Mapping[str, float] = field(default_factory=dict)
    latest: Sequence[str] = ()


class Liked:
    """One listener's history, in places of the catalogue."""

    def __init__(self, catalogue: Catalogue, history: History, alpha: float, regularisation: float) -> None:
        self._of = catalogue
        self._alpha = alpha
        self._regularisation = regularisation
        known = {self._of.place_of[track]: w for track, w in history.tracks.items() if track in self._of.place_of}
        self._heard = set(known)
        liked = sorted((item for item in known.items() if item[1] > 0.0), key=lambda item: -item[1])
        self._tracks = np.array([place for place, _ in liked], dtype=np.int64)
        self._weights = np.array([weight for _, weight in liked])
        self._artists = {
            self._of.artist_place_of[artist]: weight
            for artist, weight in history.artists.items()
            if artist in self._of.artist_place_of and weight > 0.0
        }
        self._seeds = self._sounding(history.latest)

    @property
    def is_known(self) -> bool:
        """Whether there is anything to go by."""
        return bool(len(self._tracks) or self._artists)

    def heard_songs(self) -> tuple[set[int], set[int]]:
        """The tracks that were heard, and their songs."""
        return set(self._heard), {int(self._of.songs[place]) for place in self._heard} - {-1}

    @cached_property
    def parts(self) -> dict[str, Floats]:
        """Each part of the score for all tracks, from 0 to 1."""
        return {
            "artist": self._artist(),
            "collaborative": self._collaborative(),
            "sound": self._sound(),
            "era": self._era(),
            "popularity": self._of.popularity,
        }

    def explain(self, part: str, place: int) -> tuple[str, str | None]:
        """The reason in words, and the track that it speaks of."""
        if part == "artist" and self.parts["artist"][place] > 0.0:
            own = self._tracks[self._of.artists[self._tracks] == self._of.artists[place]]
            return f"more by {self._artist_name(place)}", self._of.track_ids[own[0]] if len(own) else None
        if part == "collaborative" and len(self._tracks):
            nearest = int(self._tracks[np.argmax(self._of.item_factors[self._tracks] @ self._of.item_factors[place])])
            return f"listeners of {self._artist_name(nearest)} play it too", self._of.track_ids[nearest]
        if part == "sound" and len(self._seeds):
            differences = self._of.features[self._seeds] - self._of.features[place]
            nearest = int(self._seeds[np.argmin((differences**2).sum(axis=1))])
            return f"sounds like {self._of.names[nearest] or 'a track without a name'}", self._of.track_ids[nearest]
        cluster = self._of.clusters[place]
        return (f"popular in {self._of.cluster_names[cluster]}" if cluster >= 0 else "popular here"), None

    def _sounding(self, latest: Sequence[str]) -> Places:
        """The tracks that sound is compared with: the latest, and those that count most."""
        newest = [self._of.place_of[track] for track in latest if track in self._of.place_of]
        seeds = [place for place in dict.fromkeys([*newest, *self._tracks.tolist()]) if self._of.has_sound[place]]
        return np.array(seeds[: _SEEDS + len(newest)], dtype=np.int64)

    def _artist_name(self, place: int) -> str:
        artist = self._of.artists[place]
        return (self._of.artist_names[artist] if artist >= 0 else None) or "an artist without a name"

    def _artist(self) -> Floats:
        """How much of an artist's work is liked, the artist who is liked most being 1."""
        liked = np.zeros(len(self._of.artist_ids), dtype=np.float32)
        artists = self._of.artists[self._tracks]
        np.add.at(liked, artists[artists >= 0], np.float32(1.0))
        for artist in self._artists:
            liked[artist] += 1.0
        share = liked / (self._of.tracks_by_artist + np.float32(_SMOOTHING))
        return self._of.of_artists(_scaled(share))

    def _collaborative(self) -> Floats:
        """What the factors say: the listener's own are those that fit his history best, the rest being as learned.

        The preference as ALS forecasts it, not the highest made 1: where listeners have little in common, it is low
        for all tracks, and says that others should decide.
        """
        track_factors, artist_factors = self._of.track_factors[self._tracks], self._artist_rows()
        items = np.concatenate([track_factors, artist_factors]).astype(float)
        strengths = np.concatenate([self._weights, self._artist_strengths()])
        known = np.abs(items).sum(axis=1) > 0.0
        if not known.any():
            return np.zeros(len(self._of), dtype=np.float32)
        items, more = items[known], self._alpha * strengths[known]
        ridge = self._regularisation * len(items) * np.eye(items.shape[1])
        own = np.linalg.solve(self._of.gram + (items.T * more) @ items + ridge, items.T @ (1.0 + more))
        return np.asarray(np.clip(self._of.item_factors @ own.astype(np.float32), 0.0, 1.0))

    def _artist_weights(self) -> dict[int, float]:
        """Artists as the model learned them: by the tracks that were liked, and by themselves."""
        weights = {artist: float(np.expm1(weight)) for artist, weight in self._artists.items()}
        for place, weight in zip(self._tracks, self._weights, strict=True):
            artist = int(self._of.artists[place])
            if artist >= 0:
                weights[artist] = weights.get(artist, 0.0) + float(np.expm1(weight))
        return weights

    def _artist_rows(self) -> Floats:
        return np.asarray(self._of.artist_factors[list(self._artist_weights())], dtype=np.float32)

    def _artist_strengths(self) -> NDArray[np.float64]:
        return np.asarray(np.log1p(list(self._artist_weights().values())), dtype=float)

    def _sound(self) -> Floats:
        """How near a track is to the seeds nearest to it."""
        if not len(self._seeds):
            return np.zeros(len(self._of), dtype=np.float32)
        seeds = self._of.features[self._seeds]
        squares = (self._of.features**2).sum(axis=1)[:, None] + (seeds**2).sum(axis=1) - 2 * self._of.features @ seeds.T
        nearest = min(_NEAREST, len(seeds))
        distances = np.sqrt(np.maximum(np.partition(squares, nearest - 1, axis=1)[:, :nearest], 0.0)).mean(axis=1)
        return np.asarray(np.nan_to_num(np.exp(-distances)), dtype=np.float32)

    def _era(self) -> Floats:
        """How near a track's year is to those of the history."""
        years = self._of.years[self._tracks]
        years = years[~np.isnan(years)]
        if not len(years):
            return np.zeros(len(self._of), dtype=np.float32)
        away = np.abs(self._of.years - np.median(years)) / (years.std() + 2.0)
        return np.asarray(np.nan_to_num(np.exp(-away)), dtype=np.float32)


def _scaled(values: Floats) -> Floats:
    """From 0 to 1: nothing below 0, the highest being 1."""
    values = np.maximum(values, np.float32(0.0))
    return np.asarray(values / max(float(values.max(initial=0.0)), 1e-9), dtype=np.float32)
