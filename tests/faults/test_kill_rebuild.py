"""A rebuild that is killed with SIGKILL anywhere, and run again, makes what one makes that was left in peace."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from faults.dying_rebuild import POINTS
from faults.job import PYTHONPATH
from faults.test_kill import land, records
from helpers.models import publish_model
from helpers.reading import rows, silver
from helpers.records import envelope, stamp
from soundlake import stream
from soundlake.clusters.features import FEATURES
from soundlake.lake import Lake
from soundlake.ops.rebuild import rebuild
from soundlake.settings import Settings, load_settings
from soundlake.tables import BATCHES, EVENTS, TRACK_CLUSTERS

CHILD = Path(__file__).parent / "dying_rebuild.py"


def run(point: str, lake: Path) -> int:
    child = subprocess.Popen(
        [sys.executable, str(CHILD), point, str(lake)],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": PYTHONPATH},
    )
    return child.wait(timeout=300)


@pytest.fixture(scope="module")
def streamed(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    landed, lake = tmp_path_factory.mktemp("landed"), tmp_path_factory.mktemp("streamed") / "lake"
    for turn in (1, 2):
        land(landed, turn, records(turn) + features(turn))
        stream.run(spark, settings_of(lake, landed), once=True)
        if turn == 1:
            publish_model(spark, lake)
    return lake


def features(turn: int) -> list[dict[str, Any]]:
    """Audio features of tracks, of which some come again and are others."""
    values = dict.fromkeys(FEATURES, 0.3 * turn)
    tracks = range(5 * (turn - 1), 10 * turn)
    return [envelope("audio_features", {"id": f"t{number}", **values}, stamp(turn)) for number in tracks]


def labels(lake: Path) -> dict[str, int]:
    """The cluster of each track."""
    return {row["track_id"]: row["cluster"] for row in rows(lake, TRACK_CLUSTERS)}


def settings_of(lake: Path, landed: Path) -> Settings:
    return load_settings(None, [f"source.files.path={landed}"], lake=str(lake), env={})


@pytest.fixture(scope="module")
def rebuilt(spark: SparkSession, streamed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = Path(shutil.copytree(streamed, tmp_path_factory.mktemp("rebuilt") / "lake"))
    rebuild(spark, Lake(str(lake)), load_settings(None, [], lake=str(lake), env={}), lambda: None, lambda _: None)
    return lake


@pytest.mark.faults
@pytest.mark.parametrize("point", POINTS)
def test_killed_when(spark: SparkSession, point: str, streamed: Path, rebuilt: Path, tmp_path: Path) -> None:
    lake = Path(shutil.copytree(streamed, tmp_path / "lake"))
    assert run(point, lake) == -signal.SIGKILL
    rebuild(spark, Lake(str(lake)), load_settings(None, [], lake=str(lake), env={}), lambda: None, lambda _: None)
    assert silver(lake) == silver(rebuilt)
    assert labels(lake) == labels(rebuilt) == labels(streamed)
    assert Counter(labels(lake).values()) == {7: 5, 3: 15}
    (last,) = {row["query_id"] for row in rows(lake, BATCHES) if row["query"] == "rebuild"}.intersection(
        {(lake / "_checkpoints" / "refine" / "metadata").read_text().split('"')[3]}
    )
    read = sum(row["read"] for row in rows(lake, BATCHES) if row["query_id"] == last)
    assert read == len(rows(lake, EVENTS))
