"""Which rows a model learns from, and what scoring makes of rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from helpers.records import frame
from soundlake.clusters.drift import learnable
from soundlake.clusters.features import FEATURES, training_rows
from soundlake.clusters.learnable import SourceFilter
from soundlake.clusters.model import ClusterModel
from soundlake.clusters.scoring import score
from soundlake.tables import TRACK_CLUSTERS, TRACK_FEATURES

pytestmark = pytest.mark.heavy

GOOD = dict.fromkeys(FEATURES, 0.5) | {"loudness": -6.0, "tempo": 120.0, "source": "archive", "time_signature": 4}


def features(spark: SparkSession, *rows: Mapping[str, object]) -> DataFrame:
    return frame(spark, TRACK_FEATURES, [{**GOOD, **row} for row in rows])


def ids(rows: DataFrame) -> set[str]:
    return {row["track_id"] for row in rows.collect()}


def without_spark(rows: DataFrame, sources: tuple[str, ...]) -> set[str]:
    """The same choice, as drift makes it."""
    table = pa.Table.from_pylist([row.asDict() for row in rows.collect()])
    return set(table.filter(learnable(table, FEATURES, SourceFilter.of(sources))).column("track_id").to_pylist())


def test_values_that_are_no_measurements_are_no_training_material(spark: SparkSession) -> None:
    rows = features(
        spark,
        {"track_id": "good"},
        {"track_id": "no bar", "time_signature": None},
        {"track_id": "loudest", "loudness": 0.0},
        {"track_id": "null", "valence": None},
        {"track_id": "no tempo", "tempo": 0.0},
        {"track_id": "bar 0", "time_signature": 0},
        {"track_id": "too loud", "loudness": 1.2},
        {"track_id": "absurd", "tempo": 1e9},
        {"track_id": "zeros", **dict.fromkeys(FEATURES, 0.0)},
    )
    assert ids(rows.transform(training_rows(("*",)))) == {"good", "no bar", "loudest"} == without_spark(rows, ("*",))


@pytest.mark.parametrize(
    ("sources", "allowed"),
    [
        (("!spotify-api",), {"archive", "upload", "unnamed"}),
        (("*",), {"archive", "upload", "unnamed", "spotify-api"}),
        (("*", "!upload"), {"archive", "unnamed", "spotify-api"}),
        (("archive", "spotify-api"), {"archive", "spotify-api"}),
        (("archive", "!archive"), set()),
    ],
)
def test_train_sources_say_what_a_model_may_learn_from(
    spark: SparkSession, sources: tuple[str, ...], allowed: set[str]
) -> None:
    named = [{"track_id": name, "source": name} for name in ("archive", "upload", "spotify-api")]
    rows = features(spark, {"track_id": "unnamed", "source": None}, *named)
    assert ids(rows.transform(training_rows(sources))) == allowed == without_spark(rows, sources)


@pytest.fixture
def model() -> ClusterModel:
    generator = np.random.default_rng(1)
    means, deviations = generator.uniform(0.2, 0.6, 9), generator.uniform(0.1, 0.3, 9)
    means[-1], deviations[-1], deviations[3] = 120.0, 25.0, 0.0
    centroids = generator.normal(size=(5, 9))
    centroids[:, 3] = 0.0
    return ClusterModel(
        version="v1",
        trained_at=datetime(2026, 11, 21, tzinfo=UTC),
        features=FEATURES,
        means=tuple(means.tolist()),
        deviations=tuple(deviations.tolist()),
        centroids=tuple(map(tuple, centroids.tolist())),
        labels=(3, 0, 9, 1, 2),
        names=("a", "b", "c", "d", "e"),
        silhouette=0.3,
        inertia=1.0,
        n_tracks=10,
        seed=1,
        candidates=(),
        train_sources=("*",),
    )


def test_a_track_belongs_to_the_nearest_centroid(spark: SparkSession, model: ClusterModel) -> None:
    points = np.random.default_rng(2).uniform(0.0, 1.0, (40, 9))
    points[:, -1] *= 200.0
    rows = [{"track_id": str(i), **dict(zip(FEATURES, point.tolist(), strict=True))} for i, point in enumerate(points)]
    standardised = (points - model.means) * np.asarray(model.scales)
    distances = np.linalg.norm(standardised[:, None, :] - np.asarray(model.centroids), axis=2)
    scored = {row["track_id"]: row for row in features(spark, *rows).transform(score(model)).collect()}
    assert len(scored) == len(points)
    for i, to_centroids in enumerate(distances):
        nearest = int(to_centroids.argmin())
        assert scored[str(i)]["cluster"] == model.labels[nearest]
        assert scored[str(i)]["cluster_name"] == model.names[nearest]
        assert scored[str(i)]["distance"] == pytest.approx(to_centroids[nearest], abs=1e-6)
        assert scored[str(i)]["model_version"] == "v1"


def test_scoring_gives_the_columns_of_track_clusters(spark: SparkSession, model: ClusterModel) -> None:
    scored = features(spark, {"track_id": "x"}).transform(score(model))
    assert {field.name: field.dataType.simpleString() for field in scored.schema} == {
        column.name: column.type for column in TRACK_CLUSTERS.columns
    }


def test_a_track_without_all_features_gets_no_cluster(spark: SparkSession, model: ClusterModel) -> None:
    rows = features(spark, {"track_id": "whole"}, {"track_id": "partial", "liveness": None})
    assert ids(rows.transform(score(model))) == {"whole"}
