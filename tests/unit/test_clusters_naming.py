"""Names of clusters: readable, telling, distinct and stable."""

from __future__ import annotations

import pytest

from soundlake.clusters.features import FEATURES
from soundlake.clusters.naming import name_clusters


def centroid(**deviations: float) -> list[float]:
    return [deviations.get(name, 0.0) for name in FEATURES]


@pytest.mark.parametrize(
    ("deviations", "name"),
    [
        ({"loudness": -1.5, "acousticness": 1.4}, "quiet acoustic"),
        ({"tempo": 1.2, "loudness": 0.9}, "fast and loud"),
        ({"speechiness": 2.0}, "wordy"),
        ({"instrumentalness": 2.4, "valence": -0.5}, "dark instrumental"),
        ({"liveness": 2.7, "energy": 0.5}, "energetic live"),
        ({"valence": 0.9, "danceability": 0.6, "tempo": -0.5}, "happy and danceable"),
        ({"acousticness": 1.3, "instrumentalness": 1.2}, "acoustic instrumental"),
        ({"energy": -1.5, "loudness": -1.4, "tempo": -0.6}, "calm and slow"),
        ({"danceability": -0.9, "valence": -0.6}, "dark"),
        ({"tempo": 0.1}, "average"),
    ],
)
def test_a_name_says_what_sets_the_cluster_apart(deviations: dict[str, float], name: str) -> None:
    assert name_clusters(FEATURES, [centroid(**deviations)]) == (name,)


def test_names_that_would_be_alike_tell_more() -> None:
    alike = [centroid(energy=-1.5, valence=-1.0), centroid(energy=-1.4, valence=-1.1, tempo=0.9)]
    assert name_clusters(FEATURES, alike) == ("calm and dark", "calm, dark and fast")


def test_clusters_that_words_cannot_tell_apart_are_numbered() -> None:
    assert name_clusters(FEATURES, [centroid(), centroid(), centroid()]) == ("average", "average 2", "average 3")


def test_a_former_name_stays_while_it_fits() -> None:
    moved = centroid(energy=-1.4, acousticness=1.0, valence=-1.2)
    assert name_clusters(FEATURES, [moved], {0: "calm acoustic"}) == ("calm acoustic",)


def test_a_former_name_goes_when_it_is_no_longer_true() -> None:
    assert name_clusters(FEATURES, [centroid(energy=1.4)], {0: "calm acoustic"}) == ("energetic",)


def test_a_new_cluster_does_not_take_a_name_in_use() -> None:
    names = name_clusters(FEATURES, [centroid(energy=-1.4, tempo=0.5), centroid(energy=-1.5)], {1: "calm"})
    assert names == ("calm and fast", "calm")
