"""Ranking tracks for one listener by a weighted blend of parts, see `Weights`.

Plain arrays, no Spark: a batch job ranks for all users, a running stream for those who just played something, and the
evaluation for playlists. Each list is independent of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from soundlake.recommend.catalogue import Catalogue
from soundlake.recommend.ease import Floats, Places
from soundlake.recommend.liked import History, Liked

_POOL = 50  # times the places of a list: that many tracks are sorted first, and all only if these do not suffice


@dataclass(frozen=True)
class Weights:
    """How much each part of the score counts; docs/recommendations.md says how they were chosen."""

    artist: float = 0.3
    collaborative: float = 1.0
    sound: float = 0.0
    era: float = 0.1
    popularity: float = 0.0

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
    """Ranks a catalogue."""

    catalogue: Catalogue
    weights: Weights = Weights()

    def recommend(self, history: History, size: int, per_artist: int, discovery: int = 0) -> list[Pick]:
        """The best tracks that the listener has not heard, at most `per_artist` by one artist, each song once.

        Every `discovery`-th place goes to an artist new to the listener, while there is one; 0 for none.
        """
        return self.rank(Liked(self.catalogue, history), size, per_artist, discovery)

    def rank(self, liked: Liked, size: int, per_artist: int, discovery: int = 0) -> list[Pick]:
        """Like `recommend`, for a history that is already looked up in the catalogue."""
        names = [name for name, weight in vars(self.weights).items() if weight] if liked.is_known else []
        parts = {name: liked.part(name) for name in names}
        score = np.zeros(len(self.catalogue), dtype=np.float32)
        for name, part in parts.items():
            score += np.float32(getattr(self.weights, name)) * part
        everything = np.arange(len(score))
        says_something = bool(score.any())
        order = self._by_score(score, everything, size) if says_something else iter(self._over_clusters())
        new = self._by_score(score, np.flatnonzero(liked.are_new), size) if says_something and discovery else iter(())
        turns = (new if discovery and rank % discovery == 0 else order for rank in range(1, size + 1))
        return [
            self._pick(place, float(score[place]), parts, liked)
            for place in self._varied(turns, order, liked.heard_songs(), per_artist)
        ]

    def _by_score(self, score: Floats, places: Places, size: int) -> Iterator[np.int64]:
        pool = size * _POOL
        if pool < len(places):
            best = np.sort(places[np.argpartition(-score[places], pool)[:pool]])
            yield from best[np.argsort(-score[best], kind="stable")]
        yield from places[np.argsort(-score[places], kind="stable")]

    def _over_clusters(self) -> NDArray[np.int64]:
        """All tracks, the most popular of each cluster first: for a listener without a history."""
        clusters, popularity = self.catalogue.clusters, self.catalogue.popularity
        by_cluster = np.lexsort((-popularity, clusters))
        first = np.searchsorted(clusters[by_cluster], clusters[by_cluster])
        within = np.empty_like(by_cluster)
        within[by_cluster] = np.arange(len(by_cluster)) - first
        return np.asarray(np.lexsort((-popularity, within)), dtype=np.int64)

    def _varied(
        self,
        turns: Iterable[Iterator[np.int64]],
        otherwise: Iterator[np.int64],
        heard: tuple[set[int], set[int]],
        per_artist: int,
    ) -> Iterator[int]:
        """For each turn, the next track that may be listed, from its own order or else from `otherwise`."""
        tracks, songs = heard
        by_artist: Counter[int] = Counter()
        for turn in turns:
            for each in chain(turn, otherwise):
                place = int(each)
                song, artist = int(self.catalogue.songs[place]), int(self.catalogue.artists[place])
                if place in tracks or song in songs or (artist >= 0 and by_artist[artist] >= per_artist):
                    continue
                yield place
                by_artist[artist] += 1
                tracks.add(place)
                if song >= 0:
                    songs.add(song)
                break

    def _pick(self, place: int, score: float, parts: Mapping[str, Floats], liked: Liked) -> Pick:
        counted = {
            name: getattr(self.weights, name) * float(part[place]) for name, part in parts.items() if name != "era"
        }
        strongest = max(counted, key=counted.__getitem__) if any(counted.values()) else "popularity"
        reason, because = liked.explain(strongest, place)
        return Pick(self.catalogue.track_ids[place], round(score / self.weights.total, 6), reason, because)
