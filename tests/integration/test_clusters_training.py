"""Training from end to end on a small lake: labels, choice of k, publishing, assignment."""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.clusters import publishing
from soundlake.clusters.assignment import is_assigned, reassign_all
from soundlake.clusters.features import FEATURES
from soundlake.clusters.job import train
from soundlake.clusters.model import ClusterModel, current_model
from soundlake.clusters.profiles import profile
from soundlake.clusters.scoring import score
from soundlake.clusters.training import fit_clusters
from soundlake.errors import SoundlakeError
from soundlake.lake import Lake, conform
from soundlake.settings import Settings
from soundlake.tables import (
    CLUSTER_AXES,
    CLUSTER_CHOICES,
    CLUSTER_MAP,
    CLUSTER_MODELS,
    CLUSTER_PROFILES,
    TRACK_CLUSTERS,
    TRACK_FEATURES,
)

Trained = tuple[Lake, ClusterModel]

# Three kinds of tracks, far apart: mean of each feature, in the order of FEATURES.
KINDS = {
    "rock": (0.5, 0.9, -4.0, 0.05, 0.05, 0.05, 0.2, 0.5, 150.0),
    "folk": (0.5, 0.3, -14.0, 0.05, 0.8, 0.05, 0.1, 0.3, 100.0),
    "rap": (0.8, 0.6, -7.0, 0.5, 0.1, 0.05, 0.1, 0.6, 110.0),
}
EACH = 30
THREE = Settings.model_validate({"train": {"k": 3, "max_iter": 5}})


@pytest.fixture(scope="module")
def tracks(spark: SparkSession) -> DataFrame:
    generator = np.random.default_rng(5)
    spread = np.array([0.03, 0.03, 0.5, 0.01, 0.02, 0.01, 0.02, 0.05, 4.0])
    rows = [
        {"track_id": f"{kind}{i:02}", **dict(zip(FEATURES, map(float, point), strict=True))}
        for kind, centre in KINDS.items()
        for i, point in enumerate(np.array(centre) + generator.normal(size=(EACH, 9)) * spread)
    ]
    values = [tuple(row.get(name) for name in TRACK_FEATURES.column_names) for row in rows]
    return spark.createDataFrame(values, TRACK_FEATURES.ddl)


def make_lake(folder: Path, tracks: DataFrame) -> Lake:
    lake = Lake(str(folder / "lake"))
    lake.create(tracks.sparkSession, TRACK_FEATURES)
    conform(tracks, TRACK_FEATURES).write.format("delta").mode("append").save(lake.path(TRACK_FEATURES))
    return lake


@pytest.fixture(scope="module")
def trained(spark: SparkSession, tracks: DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A lake with one trained model, for tests that only read."""
    lake = make_lake(tmp_path_factory.mktemp("trained"), tracks)
    return lake, train(spark, lake, THREE)


@pytest.fixture
def copied(trained: Trained, tmp_path: Path) -> Trained:
    """A copy of the trained lake, for tests that write."""
    lake, model = trained
    return Lake(shutil.copytree(lake.uri, str(tmp_path / "lake"))), model


def clusters(spark: SparkSession, lake: Lake) -> dict[str, int]:
    return {row["track_id"]: row["cluster"] for row in lake.read(spark, TRACK_CLUSTERS).collect()}


def test_tracks_that_sound_alike_share_a_cluster(spark: SparkSession, trained: Trained) -> None:
    lake, model = trained
    found = clusters(spark, lake)
    assert len(found) == 3 * EACH
    of_kind = {kind: {label for track, label in found.items() if track.startswith(kind)} for kind in KINDS}
    assert sorted(label for labels in of_kind.values() for label in labels) == sorted(model.labels)


def test_the_published_model_is_what_training_gave(spark: SparkSession, trained: Trained) -> None:
    lake, model = trained
    assert current_model(spark, lake) == model


def test_profiles_tell_size_centroid_and_nearest_tracks(
    spark: SparkSession, trained: Trained, tracks: DataFrame
) -> None:
    lake, _ = trained
    profiles = {row["cluster"]: row for row in lake.read(spark, CLUSTER_PROFILES).collect()}
    found = clusters(spark, lake)
    assert {label: row["size"] for label, row in profiles.items()} == Counter(found.values())
    folk = profiles[found["folk00"]]
    assert folk["loudness"] == pytest.approx(-14.0, abs=0.5)
    nearest = lake.read(spark, TRACK_CLUSTERS).where(F.col("cluster") == folk["cluster"]).orderBy("distance").take(5)
    assert folk["exemplar_track_ids"] == [row["track_id"] for row in nearest]


def test_the_map_and_the_choices_of_a_model_are_kept(spark: SparkSession, trained: Trained, tracks: DataFrame) -> None:
    lake, model = trained
    found = clusters(spark, lake)
    placed = [row.asDict() for row in lake.read(spark, CLUSTER_MAP).collect()]
    assert {row["track_id"]: row["cluster"] for row in placed} == found
    assert sum(row["is_exemplar"] for row in placed) == 15
    middles = {
        label: np.mean([(row["x"], row["y"]) for row in placed if row["cluster"] == label], axis=0)
        for label in model.labels
    }
    for row in placed:  # groups that are far apart are apart on the map
        nearest = min(middles, key=lambda label: float(np.hypot(*(middles[label] - (row["x"], row["y"])))))
        assert nearest == row["cluster"]
    loadings = {(row["axis"], row["feature"]): row["loading"] for row in lake.read(spark, CLUSTER_AXES).collect()}
    assert len(loadings) == 18
    assert sum(value**2 for (axis, _), value in loadings.items() if axis == "x") == pytest.approx(1.0)
    assert lake.read(spark, CLUSTER_CHOICES).count() == 0  # train.k gave the number


def test_the_artifact_predicts_the_same_clusters(spark: SparkSession, trained: Trained, tracks: DataFrame) -> None:
    lake, model = trained
    predicted = PipelineModel.load(publishing.artifact_path(lake, model.version)).transform(tracks)
    labels = {row["track_id"]: model.labels[row["prediction"]] for row in predicted.collect()}
    assert labels == clusters(spark, lake)


def test_the_layout_of_the_files_does_not_change_the_model(trained: Trained, tracks: DataFrame) -> None:
    _, model = trained
    shuffled = tracks.orderBy(F.xxhash64("track_id", F.lit(3))).repartition(5)
    assert fit_clusters(shuffled, THREE.train).centroids == model.centroids


def test_the_number_of_clusters_is_the_one_with_the_best_silhouette(tracks: DataFrame) -> None:
    settings = Settings.model_validate({"train": {"k_min": 2, "k_max": 4, "max_iter": 3}})
    fit = fit_clusters(tracks, settings.train)
    assert [candidate.k for candidate in fit.candidates] == [2, 3, 4]
    assert len(fit.centroids) == 3
    assert 0.7 < fit.candidates[1].stability <= 1.0  # most seeds find the three clear groups, not each


def test_a_retraining_keeps_labels_names_and_earlier_models_and_leaves_the_tracks_to_a_running_stream(
    spark: SparkSession, tracks: DataFrame, copied: Trained
) -> None:
    lake, first = copied
    more = tracks.where("track_id LIKE 'rap0%'").withColumn("track_id", F.concat("track_id", F.lit("more")))
    conform(more, TRACK_FEATURES).write.format("delta").mode("append").save(lake.path(TRACK_FEATURES))
    before = clusters(spark, lake)
    settings = Settings.model_validate({"train": {"k": 3, "seed": 7, "max_iter": 5}})
    second = train(spark, lake, settings, lambda: nullcontext(None))
    assert second.n_tracks == first.n_tracks + more.count()
    assert dict(zip(second.labels, second.names, strict=True)) == dict(zip(first.labels, first.names, strict=True))
    models = {row["model_version"]: row["is_current"] for row in lake.read(spark, CLUSTER_MODELS).collect()}
    assert models == {first.version: False, second.version: True}
    assert is_assigned(spark, lake, first)

    reassign_all(spark, lake, second)
    after = clusters(spark, lake)
    assert len(after) == second.n_tracks
    assert {track: after[track] for track in before} == before


def test_dying_before_the_last_commit_leaves_the_earlier_model_current(
    spark: SparkSession, tracks: DataFrame, copied: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, first = copied
    pipeline = PipelineModel.load(publishing.artifact_path(lake, first.version))

    def publish_as(version: str) -> None:
        model, profiles = profile(replace(first, version=version), tracks)
        publishing.publish(spark, lake, model, profiles, pipeline)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "make_current", die)
        with pytest.raises(KeyboardInterrupt):
            publish_as("second")
    assert current_model(spark, lake) == first

    for _ in range(2):  # publishing once more changes nothing
        publish_as("third")
    models = {row["model_version"]: row["is_current"] for row in lake.read(spark, CLUSTER_MODELS).collect()}
    assert models == {first.version: False, "third": True}
    profiled = lake.read(spark, CLUSTER_PROFILES).groupBy("model_version").count().collect()
    assert {row[0]: row[1] for row in profiled} == {first.version: 3, "third": 3}  # what the dead run left is gone


def test_a_model_is_assigned_only_when_tracks_from_before_it_are_scored(
    spark: SparkSession, tracks: DataFrame, trained: Trained, tmp_path: Path
) -> None:
    _, model = trained
    lake = make_lake(tmp_path, tracks)
    assert not is_assigned(spark, lake, model)
    lake.create(spark, TRACK_CLUSTERS)
    assert not is_assigned(spark, lake, model)
    one_batch = tracks.limit(3).transform(score(model))
    conform(one_batch, TRACK_CLUSTERS).write.format("delta").mode("append").save(lake.path(TRACK_CLUSTERS))
    assert not is_assigned(spark, lake, model)
    reassign_all(spark, lake, model)
    assert is_assigned(spark, lake, model)
    assert lake.read(spark, TRACK_CLUSTERS).count() == 3 * EACH


@pytest.mark.parametrize(
    ("settings", "advice"),
    [({"k": 200}, "lower train.k"), ({"sources": ["!archive", "archive"]}, "train.sources")],
)
def test_too_few_tracks_to_learn_from_are_an_error_that_says_what_to_do(
    spark: SparkSession, trained: Trained, settings: dict[str, Any], advice: str
) -> None:
    lake, _ = trained
    with pytest.raises(SoundlakeError, match=advice):
        train(spark, lake, Settings.model_validate({"train": settings}))
