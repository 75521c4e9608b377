"""Readable names for clusters, from what distinguishes them ("quiet acoustic", "fast and loud")."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

# feature → the word for clearly less than the average track, the word for clearly more
_WORDS = {
    "danceability": ("free-flowing", "danceable"),
    "energy": ("calm", "energetic"),
    "loudness": ("quiet", "loud"),
    "speechiness": ("melodic", "wordy"),
    "acousticness": ("electric", "acoustic"),
    "instrumentalness": ("sung", "instrumental"),
    "liveness": ("studio", "live"),
    "valence": ("dark", "happy"),
    "tempo": ("slow", "fast"),
}
# Words for what a track is; they come last: a quiet acoustic track, not an acoustic quiet one.
_KINDS = ("electric", "acoustic", "sung", "instrumental", "studio", "live")
# Words that say little; they serve only to tell clusters apart.
_WEAK = ("free-flowing", "melodic", "electric", "sung", "studio")
# Loudness and energy go together: a name tells of the one that differs more.
_ALIKE = {"loudness": "energy"}

_CLEAR = 0.4  # deviations from the mean from which a feature is worth a word
_FAINT = 0.25  # ... and down to which a name once given still fits
_LENGTH = 2  # words in a name, unless another cluster would be called the same
AVERAGE = "average"


def name_clusters(
    features: Sequence[str], centroids: Sequence[Sequence[float]], former: Mapping[int, str] | None = None
) -> tuple[str, ...]:
    """One name for each centroid, no two alike; the same centroids always get the same names.

    Args:
        features: the features, in the order of the coordinates.
        centroids: standardised centroids: deviations from the mean over all tracks.
        former: the names that clusters had before, by index. A name that still fits stays.
    """
    names: dict[int, str] = {}
    for index, name in (former or {}).items():
        if name not in names.values() and _still_fits(name, features, centroids[index]):
            names[index] = name
    traits = {i: _traits(features, c) for i, c in enumerate(centroids) if i not in names}
    lengths = {i: min(_LENGTH, len([word for word in words if word not in _WEAK])) for i, words in traits.items()}
    while True:
        drafts = {i: _phrase(words[: lengths[i]]) for i, words in traits.items()}
        count = Counter([*drafts.values(), *names.values()])
        longer = [i for i, name in drafts.items() if count[name] > 1 and lengths[i] < len(traits[i])]
        if not longer:
            break
        for i in longer:
            lengths[i] += 1
    for i, name in drafts.items():  # what words cannot tell apart is numbered
        taken, number = set(names.values()), 2
        names[i] = name
        while names[i] in taken:
            names[i] = f"{name} {number}"
            number += 1
    return tuple(names[i] for i in range(len(centroids)))


def _deviations(features: Sequence[str], centroid: Sequence[float], least: float) -> list[tuple[str, float]]:
    order = {name: place for place, name in enumerate(_WORDS)}
    found = [(name, z) for name, z in zip(features, centroid, strict=True) if name in order and abs(z) >= least]
    return sorted(found, key=lambda pair: (-round(abs(pair[1]), 6), order[pair[0]]))


def _traits(features: Sequence[str], centroid: Sequence[float]) -> list[str]:
    """The words that apply: those that say most first, then by how far the feature deviates."""
    words: dict[str, str] = {}
    for name, z in _deviations(features, centroid, _CLEAR):
        words.setdefault(_ALIKE.get(name, name), _WORDS[name][z > 0])
    return sorted(words.values(), key=lambda word: word in _WEAK)


def _phrase(words: Sequence[str]) -> str:
    kinds = [word for word in words if word in _KINDS]
    moods = [word for word in words if word not in _KINDS]
    listed = " and ".join([", ".join(moods[:-1]), moods[-1]]) if len(moods) > 1 else "".join(moods)
    return " ".join([*([listed] if listed else []), *kinds]) or AVERAGE


def _still_fits(name: str, features: Sequence[str], centroid: Sequence[float]) -> bool:
    applicable = {_WORDS[feature][z > 0] for feature, z in _deviations(features, centroid, _FAINT)}
    return set(re.findall(r"[\w-]+", name)) - {"and"} <= applicable
