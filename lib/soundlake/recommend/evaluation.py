"""Evaluating lists: measures on held-out tracks, with confidence intervals. Needs no Spark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
_LEVEL = (2.5, 97.5)

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % confidence interval, by the bootstrap over users (or playlists)."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Quality:
    """The quality of one method; the values of each user, in the order of the users, are kept for comparisons."""

    recall: Values
    ndcg: Values
    coverage: float
    novelty: Values


def measure(
    lists: Sequence[Sequence[str]], held_out: Sequence[frozenset[str]], known_by: Mapping[str, int], tracks: int
) -> Quality:
    """Measure lists, one a user, against the tracks held out of each.

    Args:
        lists: what was recommended, best first; all as long as they may be.
        held_out: what should have been found; not empty.
        known_by: how many users have each track in what was not held out, for novelty.
        tracks: how many tracks there are to recommend from, for coverage.
    """
    pairs = list(zip(lists, held_out, strict=True))
    users = len(pairs)
    return Quality(
        recall=np.array([recall(found, wanted) for found, wanted in pairs]),
        ndcg=np.array([ndcg(found, wanted) for found, wanted in pairs]),
        coverage=len({track for found, _ in pairs for track in found}) / tracks,
        novelty=np.array([novelty(found, known_by, users) for found, _ in pairs]),
    )


def recall(found: Sequence[str], wanted: frozenset[str]) -> float:
    """The share of the wanted tracks that were found."""
    return len(wanted.intersection(found)) / len(wanted)


def ndcg(found: Sequence[str], wanted: frozenset[str]) -> float:
    """Normalised discounted cumulative gain: 1 where all places that could be hits are hits, early ones count more."""
    gains = 1.0 / np.log2(np.arange(2, len(found) + 2))
    hits = np.array([track in wanted for track in found], dtype=bool)
    best = gains[: len(wanted)].sum()
    return float(gains[hits].sum() / best) if best else 0.0


def novelty(found: Sequence[str], known_by: Mapping[str, int], users: int) -> float:
    """The mean information of the tracks, in bits: the fewer users know them, the more."""
    shares = np.array([(known_by.get(track, 0) + 1) / (users + 1) for track in found])
    return float(-np.log2(shares).mean()) if len(found) else 0.0


def interval(values: Values, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The mean of the users' values and its confidence interval (percentiles of the bootstrap)."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(values), size=(resamples, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), _LEVEL)
    return Interval(float(values.mean()), float(low), float(high))


def is_better(values: Values, than: Values, seed: int = 0) -> bool:
    """Whether the interval of the paired differences of two ways lies above 0."""
    return interval(values - than, seed).low > 0.0


def split(
    groups: Mapping[str, Sequence[str]], share: float, seed: int
) -> tuple[dict[str, list[str]], dict[str, frozenset[str]]]:
    """Hold a share of the tracks of each group out, at random, at least one; groups of one track are left whole.

    Gives what stays, and what is held out of those that have something held out.
    """
    rng = np.random.default_rng(seed)
    stays, out = {}, {}
    for name in sorted(groups):
        tracks = sorted(set(groups[name]))
        number = max(1, round(share * len(tracks))) if len(tracks) > 1 else 0
        held = {tracks[place] for place in rng.permutation(len(tracks))[:number]}
        stays[name] = [track for track in tracks if track not in held]
        if held:
            out[name] = frozenset(held)
    return stays, out
