"""On a cluster of a master and two workers: every job, also when its executors are killed, and a stream that rests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.building import as_bytes, envelope
from helpers.reading import rows
from helpers.sampling import small_sample
from helpers.services.cluster_job import cluster_job
from helpers.services.spark_cluster import WORKERS, spark_cluster
from soundlake.spark_conf import SCALING
from soundlake.tables import BATCHES, CLUSTER_MODELS, EVENTS, PLAYS, REJECTED, TRACK_CLUSTERS, TRACKS

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def cluster(folder: Path) -> Iterator[str]:
    with spark_cluster(folder) as url:
        yield url


@pytest.fixture(scope="module")
def sample(folder: Path) -> tuple[Path, int]:
    return small_sample(folder / "records")


@pytest.fixture(scope="module")
def lake(folder: Path, cluster: str, sample: tuple[Path, int]) -> Path:
    """What the demo makes on the cluster."""
    made = folder / "lake"
    sets = ["--set", f"source.files.path={sample[0]}", "--set", "train.k=4"]
    with cluster_job(cluster, folder / "demo.log", "demo", "--lake", str(made), *sets) as job:
        assert job.wait() == 0, job.said()
    return made


def contents(lake: Path) -> dict[str, Counter[tuple[object, ...]]]:
    """What silver says, without the clocks of the runs."""
    return {
        "plays": Counter((row["play_id"], row["track_id"], row["ms_played"]) for row in rows(lake, PLAYS)),
        "tracks": Counter((row["track_id"], row["track_name"], row["popularity"]) for row in rows(lake, TRACKS)),
        "rejected": Counter((row["stream"], row["position"], row["reason"]) for row in rows(lake, REJECTED)),
    }


def test_the_demo_runs_with_nothing_but_what_was_packed(folder: Path, lake: Path, sample: tuple[Path, int]) -> None:
    # Each worker had an executor, with what was packed beside it.
    assert len(list((folder / "work").glob("app-*/*/environment/bin/python"))) >= WORKERS
    assert len(rows(lake, EVENTS)) == sample[1] == sum(batch["read"] for batch in rows(lake, BATCHES))
    assert rows(lake, TRACKS)
    assert len(rows(lake, CLUSTER_MODELS)) == 1
    assert rows(lake, TRACK_CLUSTERS)


def test_a_rebuild_whose_executors_are_killed_gives_the_same_tables(folder: Path, cluster: str, lake: Path) -> None:
    before = contents(lake)
    with cluster_job(cluster, folder / "rebuild.log", "rebuild", "--lake", str(lake)) as job:
        assert job.kill_executors_at_work(2) == 2, job.said()
        assert job.wait() == 0, job.said()
    assert contents(lake) == before


def test_a_replay_whose_executor_is_killed_judges_every_record_again(folder: Path, cluster: str, lake: Path) -> None:
    before = contents(lake)
    with cluster_job(cluster, folder / "replay.log", "replay_rejected", "--lake", str(lake)) as job:
        assert job.kill_executors_at_work(1) == 1, job.said()
        assert job.wait() == 0, job.said()
    assert contents(lake) == before
    assert f"replayed {before['rejected'].total():,} records" in job.said()


def test_training_whose_executor_is_killed_publishes_one_model(folder: Path, cluster: str, lake: Path) -> None:
    before = len(rows(lake, CLUSTER_MODELS))
    words = ["--lake", str(lake), "--set", "train.k=4"]
    with cluster_job(cluster, folder / "train.log", "train_clusters", *words) as job:
        assert job.kill_executors_at_work(1) == 1, job.said()
        assert job.wait() == 0, job.said()
    models = rows(lake, CLUSTER_MODELS)
    assert len(models) == before + 1
    (current,) = [model["model_version"] for model in models if model["is_current"]]
    assert {row["model_version"] for row in rows(lake, TRACK_CLUSTERS)} == {current}


def test_executors_are_given_back_while_the_stream_rests(tmp_path: Path, cluster: str) -> None:
    landed, lake = tmp_path / "landed" / "plays", tmp_path / "lake"
    landed.mkdir(parents=True)
    play = {"user_id": "u", "played_at": "2026-03-01T00:00:00Z", "track": {"id": "t1", "name": "Song"}}
    sets = ["--set", f"source.files.path={landed.parent}", "--set", "refine.apply_interval=5 seconds"]
    # As on a platform that scales by itself, only that it does so after seconds and not minutes.
    scaling = {name: "10s" if name.lower().endswith("timeout") else value for name, value in SCALING.items()}
    scaling |= {
        "spark.dynamicAllocation.minExecutors": "0",
        "spark.dynamicAllocation.executorIdleTimeout": "3s",
    }
    with cluster_job(cluster, tmp_path / "stream.log", "stream", "--lake", str(lake), *sets, conf=scaling) as job:
        for number in range(2):
            record = envelope("play", {**play, "played_at": f"2026-03-01T00:00:0{number}Z"})
            (landed / f"{number}.ndjson").write_bytes(as_bytes(record))
            job.wait_until(lambda: len(rows(lake, PLAYS)) == number + 1, "the play is there")  # noqa: B023
            job.wait_until(lambda: not job.executors(), "no executor is left")
