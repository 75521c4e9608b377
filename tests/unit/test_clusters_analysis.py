"""Judging a model without Spark: agreement of clusterings, the map, drift."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import silhouette_score

from soundlake.clusters.drift import Drift, columns, measure
from soundlake.clusters.kmeans import candidates, fit, nearest, silhouette, stability
from soundlake.clusters.learnable import FEATURES
from soundlake.clusters.projection import principal_components

pytestmark = pytest.mark.heavy


def codes(*values: int) -> Any:
    return np.array(values, dtype=np.int32)


def test_stability_is_the_mean_over_all_pairs() -> None:
    one, other = codes(0, 0, 1, 1), codes(0, 0, 1, 2)
    assert stability([one, one, other]) == pytest.approx((1 + 2 * 0.5714285714) / 3)
    assert stability([one, codes(1, 1, 0, 0)]) == 1.0
    assert np.isnan(stability([one]))


def clouds(rows: int, seed: int = 7) -> Any:
    """Three clouds of tracks in nine features, far from each other, and which row belongs to which."""
    generator = np.random.default_rng(seed)
    middles = generator.normal(size=(3, 9)) * 4
    cloud = generator.integers(0, 3, rows)
    return middles[cloud] + generator.normal(size=(rows, 9)), cloud, middles


def test_the_number_of_clouds_has_the_best_silhouette() -> None:
    found = candidates(clouds(600)[0], (2, 3, 4, 5), 40, 1)
    assert [each.k for each in found] == [2, 3, 4, 5]
    assert max(found, key=lambda each: each.silhouette).k == 3
    inertias = [each.inertia for each in found]
    assert inertias == sorted(inertias, reverse=True)


def test_numbers_that_too_few_different_rows_are_there_for_are_not_tried() -> None:
    assert [each.k for each in candidates(np.repeat(np.eye(4, 9), 5, axis=0), (2, 3, 4, 5), 40, 1)] == [2, 3]


def test_the_silhouette_is_the_mean_over_all_tracks_of_how_much_nearer_their_own_cluster_is() -> None:
    points = np.array([[0.0], [2.0], [10.0], [12.0]])
    own, other = 4.0, np.array([(100 + 144) / 2, (64 + 100) / 2, (100 + 64) / 2, (144 + 100) / 2])
    assert silhouette(points, codes(0, 0, 1, 1)) == pytest.approx(((other - own) / other).mean())


@pytest.mark.parametrize("alone", [0, 1])
def test_the_silhouette_is_scikit_learns_also_with_a_cluster_of_one_track(alone: int) -> None:
    points, cloud, _ = clouds(400)
    points[:alone] += 20
    cloud[:alone] = 7  # some codes have no track
    expected = silhouette_score(points, cloud, metric="sqeuclidean")
    assert silhouette(points, cloud) == pytest.approx(expected, abs=1e-12)


def test_tracks_of_one_cluster_or_of_equal_features_have_no_silhouette() -> None:
    points = np.repeat(np.eye(1, 9), 6, axis=0)
    assert silhouette(clouds(6)[0], codes(1, 1, 1, 1, 1, 1)) == 0.0
    assert silhouette(points, codes(0, 0, 0, 1, 1, 1)) == 0.0


def test_a_fit_finds_the_middles_of_the_clouds_from_a_sample_that_is_not_all_of_them() -> None:
    points, cloud, middles = clouds(5000)
    centroids = fit(points, points[:300], 3, 40, 1)
    order = nearest(middles, centroids)
    assert centroids[order] == pytest.approx(middles, abs=0.15)
    assert np.array_equal(order[cloud], nearest(points, centroids))


def test_the_map_keeps_what_varies_most_and_its_directions() -> None:
    generator = np.random.default_rng(5)
    spread = np.array([3.0, 2.0, 0.5])
    points = generator.normal(size=(5000, 3)) * spread
    projection = principal_components(points)
    assert np.abs(projection.axes) == pytest.approx(np.array([[1, 0, 0], [0, 1, 0]]), abs=0.05)
    assert (projection.axes[0, 0] > 0, projection.axes[1, 1] > 0) == (True, True)
    assert projection.shares == pytest.approx(tuple(spread[:2] ** 2 / (spread**2).sum()), abs=0.02)
    assert projection.place(points).var(axis=0) == pytest.approx(spread[:2] ** 2, rel=0.06)


def test_the_map_of_tracks_that_are_all_alike_is_one_point() -> None:
    projection = principal_components(np.zeros((4, 9)))
    assert projection.shares == (0.0, 0.0)
    assert projection.place(np.zeros((4, 9))).tolist() == [[0.0, 0.0]] * 4


def rows(count: int, energy: float, seed: int, **more: Any) -> pa.Table:
    generator = np.random.default_rng(seed)
    values = {name: np.clip(generator.normal(0.5, 0.1, count), 0, 1) for name in FEATURES}
    values["energy"] = np.clip(generator.normal(energy, 0.05, count), 0, 1)
    values["loudness"] = generator.normal(-10, 2, count).clip(-60, 0)
    values["tempo"] = generator.normal(120, 20, count).clip(40, 220)
    table = {**values, "time_signature": [4] * count, "source": ["archive"] * count, **more}
    return pa.table(table)


def trained_on(table: pa.Table) -> dict[str, Any]:
    """The row of a model of one cluster, its centroid the mean."""
    values = np.column_stack([table.column(name).to_numpy() for name in FEATURES])
    means, deviations = values.mean(axis=0), values.std(axis=0, ddof=1)
    inertia = float((((values - means) / deviations) ** 2).sum())
    model = {"features": list(FEATURES), "means": means.tolist(), "deviations": deviations.tolist(), "inertia": inertia}
    return {**model, "centroids": [[0.0] * 9], "n_tracks": len(values), "train_sources": ["!spotify-api"]}


KNOWN = rows(2000, energy=0.4, seed=1)


def drift(new: pa.Table) -> Drift | None:
    model = trained_on(KNOWN)
    return measure(model, pa.concat_tables([KNOWN, new]).select(columns(model)))


def test_new_tracks_of_the_same_kind_are_no_reason_to_train() -> None:
    found = drift(rows(600, energy=0.4, seed=2))
    assert found is not None
    assert (found.known, found.new) == (2000, 600)
    assert found.distance == pytest.approx(1.0, abs=0.1)
    assert not found.advises_training


def test_new_tracks_that_sound_different_are() -> None:
    found = drift(rows(600, energy=0.6, seed=2))
    assert found is not None
    assert found.advises_training
    assert found.shifts["energy"] == pytest.approx(0.2 / 0.05, rel=0.05)
    assert str(found).startswith("600 tracks since the training on 2,000: ")
    assert "energy +" in str(found)


def test_what_is_measured_of_the_new_is_what_they_have_alone() -> None:
    new, model = rows(600, energy=0.5, seed=4), trained_on(KNOWN)
    points = np.column_stack([new.column(name).to_numpy() for name in FEATURES]) - model["means"]
    points /= model["deviations"]
    found = drift(new)
    assert found is not None
    assert list(found.shifts.values()) == pytest.approx(points.mean(axis=0).tolist())
    assert found.distance == pytest.approx((points**2).sum() / 600 / (model["inertia"] / 2000))


def test_as_many_new_tracks_as_known_ones_are_a_reason_by_themselves() -> None:
    found = drift(rows(2000, energy=0.4, seed=2))
    assert found is not None
    assert found.advises_training


def test_few_new_tracks_and_those_a_model_may_not_learn_from_say_nothing() -> None:
    assert drift(rows(99, energy=0.9, seed=2)) is None
    assert drift(rows(600, energy=0.9, seed=2, source=["spotify-api"] * 600)) is None
    assert drift(rows(600, energy=0.9, seed=2, time_signature=[0] * 600)) is None
