"""Ranking tracks for one listener: what others like, the artists and the sound of what he likes, blended.

Plain arrays and no Spark: a batch job does it for all users, a running stream for the one who just played something,
and the evaluation for playlists. No list needs the lists of other users.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundlake.recommend.catalogue import Catalogue, Floats
from soundlake.recommend.liked import History, Liked

_POOL = 50  # places of a list times this: tracks that are sorted before all of them are


@dataclass(frozen=True)
class Weights:
    """How much each part of the score counts; docs/recommendations.md says how they were chosen."""

    artist: float = 1.0
    collaborative: float = 1.0
    sound: float = 0.3
    era: float = 0.2
    popularity: float = 0.02

    @property
    def total(self) -> float:
        """The highest score there can be."""
        return self.artist + self.collaborative + self.sound + self.era + self.popularity


@dataclass(frozen=True)
class Pick:
    """A recommended track: its score from 0 to 1, and why."""

    track_id: str
    score: float
    reason: str
    because_track_id: str | None


@dataclass(frozen=True)
class Recommender:
    """Ranks a catalogue. `alpha` and `regularisation` are those that its factors were learned with."""

    catalogue: Catalogue
    alpha: float
    regularisation: float
    weights: Weights = Weights()

    def recommend(self, history: History, size: int, per_artist: int) -> list[Pick]:
        """The best tracks that the listener has not heard, at most `per_artist` by one artist, each song once."""
        liked = Liked(self.catalogue, history, self.alpha, self.regularisation)
        parts = liked.parts if liked.is_known else {"popularity": self.catalogue.popularity}
        score = np.zeros(len(self.catalogue), dtype=np.float32)
        for name, part in parts.items():
            score += getattr(self.weights, name) * part
        order = self._by_score(score, size) if liked.is_known else iter(self._over_clusters())
        return [
            self._pick(place, float(score[place]), parts, liked)
            for place in self._varied(order, liked.heard_songs(), size, per_artist)
        ]

    def _by_score(self, score: Floats, size: int) -> Iterator[np.int64]:
        pool = size * _POOL
        if pool < len(score):
            best = np.sort(np.argpartition(-score, pool)[:pool])
            yield from best[np.argsort(-score[best], kind="stable")]
        yield from np.argsort(-score, kind="stable")

    def _over_clusters(self) -> NDArray[np.int64]:
        """All tracks, the most popular of each cluster first: for somebody of whom nothing is known."""
        clusters, popularity = self.catalogue.clusters, self.catalogue.popularity
        by_cluster = np.lexsort((-popularity, clusters))
        first = np.searchsorted(clusters[by_cluster], clusters[by_cluster])
        within = np.empty_like(by_cluster)
        within[by_cluster] = np.arange(len(by_cluster)) - first
        return np.asarray(np.lexsort((-popularity, within)), dtype=np.int64)

    def _varied(
        self, order: Iterator[np.int64], heard: tuple[set[int], set[int]], size: int, per_artist: int
    ) -> list[int]:
        heard_tracks, songs = heard[0], set(heard[1])
        by_artist: dict[int, int] = {}
        chosen: list[int] = []
        for each in order:
            place = int(each)
            song, artist = int(self.catalogue.songs[place]), int(self.catalogue.artists[place])
            is_full = artist >= 0 and by_artist.get(artist, 0) >= per_artist
            if place in heard_tracks or song in songs or is_full:
                continue
            chosen.append(place)
            by_artist[artist] = by_artist.get(artist, 0) + 1
            if song >= 0:
                songs.add(song)
            else:
                heard_tracks.add(place)
            if len(chosen) == size:
                break
        return chosen

    def _pick(self, place: int, score: float, parts: Mapping[str, Floats], liked: Liked) -> Pick:
        counted = {name: getattr(self.weights, name) * float(part[place]) for name, part in parts.items()}
        strongest = max((name for name in counted if name != "era"), key=lambda name: counted[name])
        reason, because = liked.explain(strongest, place)
        return Pick(self.catalogue.track_ids[place], round(score / self.weights.total, 6), reason, because)
