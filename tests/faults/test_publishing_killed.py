"""A training that is killed while it publishes leaves one current model, whole; the next training mends the rest."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from faults.conftest import Told
from faults.dying_training import POINTS
from faults.job import Job
from faults.truth import Outcome
from helpers.reading import rows
from helpers.records import envelope
from soundlake.clusters.features import FEATURES
from soundlake.tables import CLUSTER_MODELS, CLUSTER_PROFILES, TRACK_CLUSTERS

TRAINING = Path(__file__).with_name("dying_training.py")
TRACKS = 120


def land(landed: Path) -> None:
    folder = landed / "audio_features"
    folder.mkdir(parents=True)
    features = [
        {
            "id": f"t{n}",
            **dict.fromkeys(FEATURES, (n % 2) * 0.5 + (n % 7) / 100),
            "loudness": -5.0,
            "tempo": 100.0 + n % 2,
        }
        for n in range(TRACKS)
    ]
    lines = [json.dumps(envelope("audio_features", one, source="faults")) for one in features]
    (folder / "a.ndjson").write_text("\n".join(lines))


def check_published(lake: Path) -> list[str]:
    """Whether readers see one current model, whole, and models that are no more than their profiles."""
    models = rows(lake, CLUSTER_MODELS)
    profiles = Counter(row["model_version"] for row in rows(lake, CLUSTER_PROFILES))
    assert [model["is_current"] for model in models].count(True) == min(len(models), 1)
    assert {model["model_version"]: profiles[model["model_version"]] for model in models} == {
        model["model_version"]: model["k"] for model in models
    }
    return [model["model_version"] for model in models if model["is_current"]]


@pytest.mark.faults
def test_killed_while_a_model_is_published(told: Told, tmp_path: Path) -> None:
    landed, lake = tmp_path / "landed", tmp_path / "lake"
    land(landed)
    stream = Job(tmp_path / "log", "--once", "--lake", str(lake), "--set", f"source.files.path={landed}")
    assert stream.wait() == 0, stream.said()
    for point in POINTS:
        killed = Job(tmp_path / "log", point, str(lake), script=TRAINING)
        assert killed.wait() < 0, killed.said()
        check_published(lake)
    done = Job(tmp_path / "log", "nowhere", str(lake), script=TRAINING)
    assert done.wait() == 0, done.said()
    (current,) = check_published(lake)
    assert {row["model_version"] for row in rows(lake, CLUSTER_PROFILES)} == {
        row["model_version"] for row in rows(lake, CLUSTER_MODELS)
    }
    found = Counter((row["track_id"], row["model_version"]) for row in rows(lake, TRACK_CLUSTERS))
    wanted = Counter((f"t{n}", current) for n in range(TRACKS))
    lost, doubled = (wanted - found).total(), (found - wanted).total()
    told("`kill -9` while a model is published, at each of six points", len(POINTS), Outcome(TRACKS, lost, doubled))
