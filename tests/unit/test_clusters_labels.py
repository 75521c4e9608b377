"""Labels: what a user relies on when a model is retrained."""

from __future__ import annotations

import numpy as np
import pytest

from soundlake.clusters.labels import first_labels, match_labels

pytestmark = pytest.mark.heavy

CALM, LOUD, LIVE, SPOKEN = [-2.0, 0.0], [2.0, 0.0], [0.0, 3.0], [0.0, -3.0]


def test_a_first_model_is_numbered_from_zero_in_the_order_of_its_centroids() -> None:
    assert first_labels(np.array([LOUD, LIVE, CALM])) == (2, 1, 0)


def test_first_labels_follow_the_centroid_wherever_it_stands() -> None:
    one, other = [CALM, LOUD, LIVE, SPOKEN], [SPOKEN, LIVE, LOUD, CALM]
    labels = dict(zip(map(tuple, one), first_labels(np.array(one)), strict=True))
    assert labels == dict(zip(map(tuple, other), first_labels(np.array(other)), strict=True))


def test_the_noise_of_summing_in_another_order_does_not_decide_labels() -> None:
    tied, noise = np.array([[1.0, 2.0], [1.0, 1.0]]), np.array([[-1e-12, 0.0], [1e-12, 0.0]])
    assert first_labels(tied + noise) == first_labels(tied) == (1, 0)


def test_a_cluster_that_moved_a_little_keeps_its_label() -> None:
    new = np.array([LOUD, CALM]) + 0.3
    assert match_labels(new, np.array([CALM, LOUD]), (4, 7), first_free=9) == (7, 4)


def test_a_new_cluster_gets_a_number_that_no_model_used_before() -> None:
    new = np.array([LIVE, CALM, LOUD])
    assert match_labels(new, np.array([CALM, LOUD]), (0, 1), first_free=5) == (5, 0, 1)


def test_the_label_of_a_cluster_that_is_gone_goes_to_nobody() -> None:
    assert match_labels(np.array([CALM, LIVE]), np.array([CALM, LOUD, LIVE]), (0, 1, 2), first_free=3) == (0, 2)


def test_a_cluster_in_another_place_does_not_inherit_the_label_left_over() -> None:
    """One cluster split in two and another vanished: the old centroid left over is matched, but not the nearest."""
    new = np.array([[-2.1, 0.0], [-1.8, 0.0]])
    assert match_labels(new, np.array([CALM, SPOKEN]), (0, 1), first_free=2) == (0, 2)


def test_matching_seeks_the_best_for_all_and_not_for_the_first() -> None:
    new = np.array([[0.9, 0.0], [0.0, 0.0]])
    assert match_labels(new, np.array([[1.0, 0.0], [0.2, 0.0]]), (0, 1), first_free=2) == (0, 1)
