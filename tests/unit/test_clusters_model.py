"""The model as a value: its row, its version, its units."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import Row

from soundlake.clusters.model import Candidate, ClusterModel, new_version
from soundlake.tables import CLUSTER_MODELS

NOON = datetime(2026, 11, 21, 12, 0, 0, 5, tzinfo=UTC)
MODEL = ClusterModel(
    version="v1",
    trained_at=NOON,
    features=("energy", "tempo"),
    means=(0.5, 120.0),
    deviations=(0.2, 0.0),
    centroids=((1.0, 0.0), (-1.5, 0.0)),
    labels=(1, 0),
    names=("energetic", "calm"),
    silhouette=0.3,
    inertia=12.5,
    n_tracks=40,
    seed=42,
    candidates=(Candidate(2, 0.3, 12.0),),
    train_sources=("!spotify-api",),
)


def test_a_model_comes_back_from_its_row_as_it_was() -> None:
    assert ClusterModel.from_row(Row(**MODEL.to_row(is_current=True))) == MODEL


def test_the_row_has_the_columns_of_the_table() -> None:
    assert set(MODEL.to_row(is_current=False)) == set(CLUSTER_MODELS.column_names)


def test_centroids_are_told_in_the_units_of_the_features() -> None:
    loud, calm = MODEL.centroids_in_units
    assert loud == pytest.approx({"energy": 0.7, "tempo": 120.0})
    assert calm == pytest.approx({"energy": 0.2, "tempo": 120.0})


def test_a_feature_that_did_not_vary_counts_for_nothing() -> None:
    assert MODEL.scales == pytest.approx((5.0, 0.0))


def test_versions_sort_by_time() -> None:
    times = [NOON, NOON + timedelta(microseconds=1), NOON + timedelta(days=40)]
    versions = [new_version(time, MODEL.centroids) for time in times]
    assert versions == sorted(versions)
    assert versions[0].startswith("20261121T120000.000005Z-")


def test_models_of_one_instant_have_different_versions() -> None:
    other = replace(MODEL, centroids=((1.0, 0.0), (-1.5, 0.1)))
    assert new_version(NOON, MODEL.centroids) != new_version(NOON, other.centroids)
