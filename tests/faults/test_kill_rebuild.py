"""A rebuild that is killed with SIGKILL anywhere, and run again, makes what one makes that was left in peace."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from faults.dying_rebuild import POINTS
from faults.test_kill import land, records
from pyspark.sql import SparkSession
from reading import rows, silver

from soundlake import stream
from soundlake.lake import Lake
from soundlake.launch.paths import ROOT
from soundlake.ops.rebuild import rebuild
from soundlake.settings import Settings, load_settings
from soundlake.tables import BATCHES, EVENTS

CHILD = Path(__file__).parent / "dying_rebuild.py"


def run(point: str, lake: Path) -> int:
    child = subprocess.Popen(
        [sys.executable, str(CHILD), point, str(lake)],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}"},
    )
    return child.wait(timeout=300)


@pytest.fixture(scope="module")
def streamed(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    landed, lake = tmp_path_factory.mktemp("landed"), tmp_path_factory.mktemp("streamed") / "lake"
    for turn in (1, 2):
        land(landed, turn, records(turn))
        stream.run(spark, settings_of(lake, landed), once=True)
    return lake


def settings_of(lake: Path, landed: Path) -> Settings:
    return load_settings(None, [f"source.files.path={landed}"], lake=str(lake), env={})


@pytest.fixture(scope="module")
def rebuilt(spark: SparkSession, streamed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = Path(shutil.copytree(streamed, tmp_path_factory.mktemp("rebuilt") / "lake"))
    rebuild(spark, Lake(str(lake)), "1k", lambda: None, lambda _: None)
    return lake


@pytest.mark.faults
@pytest.mark.parametrize("point", POINTS)
def test_killed_when(spark: SparkSession, point: str, streamed: Path, rebuilt: Path, tmp_path: Path) -> None:
    lake = Path(shutil.copytree(streamed, tmp_path / "lake"))
    assert run(point, lake) == -signal.SIGKILL
    rebuild(spark, Lake(str(lake)), "1k", lambda: None, lambda _: None)
    assert silver(lake) == silver(rebuilt)
    (last,) = {row["query_id"] for row in rows(lake, BATCHES) if row["query"] == "rebuild"}.intersection(
        {(lake / "_checkpoints" / "refine" / "metadata").read_text().split('"')[3]}
    )
    read = sum(row["read"] for row in rows(lake, BATCHES) if row["query_id"] == last)
    assert read == len(rows(lake, EVENTS))
