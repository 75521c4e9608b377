"""Ctrl-C in the real demo, while it streams and while it trains: told as a stop, and a new run ends the work."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from faults.job import running
from helpers.demo import demo
from helpers.reading import rows, silver
from soundlake.launch.paths import ROOT
from soundlake.tables import CLUSTER_MODELS, STAMPS, TRACK_CLUSTERS

pytestmark = [pytest.mark.slow, pytest.mark.nightly, pytest.mark.xdist_group("demo")]

STOPPED = "soundlake: stopped: what was committed stays, and the same command goes on from there"
STREAM, TRAINING = "stream: bundled records → bronze → silver", "train_clusters: KMeans on audio features"
STEPS = (STREAM, TRAINING)
each_step = pytest.mark.parametrize("step", STEPS)


def interrupted(log: Path, lake: Path, step: str) -> str:
    """What a demo prints that gets a terminal's Ctrl-C, which is one for Spark's JVM too, in the midst of a step."""
    with running(log, f"--lake={lake}", script=ROOT / "jobs" / "demo.py") as job:
        job.wait_until(lambda: f"… {step}" in job.said(), f"the step begins: {step}")
        if step == STREAM:
            job.wait_until(lambda: any((lake / STAMPS.path).glob("_delta_log/*.json")), "a batch is being written")
        os.killpg(job.pid, signal.SIGINT)
        assert job.wait() == 130, job.said()
        return job.said()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("interrupted") / "lake"


@pytest.fixture(scope="module")
def said(lake: Path) -> dict[str, str]:
    """What two demos on one lake print, each interrupted in another step."""
    return {step: interrupted(lake.with_name(f"log{number}"), lake, step) for number, step in enumerate(STEPS)}


@each_step
def test_the_last_line_says_what_is_kept_and_how_to_go_on(said: dict[str, str], step: str) -> None:
    assert said[step].splitlines()[-1] == STOPPED


@each_step
@pytest.mark.parametrize("word", ["Traceback", "Error", "Exception"])
def test_it_does_not_look_like_a_fault(said: dict[str, str], step: str, word: str) -> None:
    assert word not in said[step]


@each_step
def test_the_step_is_not_called_done_and_none_follows(said: dict[str, str], step: str) -> None:
    assert f"✓ {step}" not in said[step]
    assert said[step].count("… ") == STEPS.index(step) + 1


@pytest.mark.timeout(1800)
def test_a_new_run_makes_what_an_undisturbed_one_makes(said: dict[str, str], lake: Path, demo_lake: Path) -> None:
    assert set(said) == set(STEPS)
    demo(lake)
    assert silver(lake) == silver(demo_lake)
    assert clusters(lake) == clusters(demo_lake)


def clusters(lake: Path) -> tuple[int, Counter[tuple[str, int]]]:
    """How many models there are, and which cluster each track has."""
    tracks = Counter((row["track_id"], row["cluster"]) for row in rows(lake, TRACK_CLUSTERS))
    return len(rows(lake, CLUSTER_MODELS)), tracks
