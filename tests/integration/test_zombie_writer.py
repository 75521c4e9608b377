"""A writer that was held up for longer than its lease lasts, on a real S3 server: the next one's work stays whole."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic

import numpy as np
import pytest
from deltalake import DeltaTable

from helpers.marts import write
from helpers.on_s3 import new_bucket, put_lake
from helpers.services.kinesis import CREDENTIALS
from helpers.services.object_store import ObjectStore
from helpers.services.process import ServiceProcess
from soundlake.clusters.learnable import FEATURES, LIMITS
from soundlake.tables import CLUSTER_MODELS, CLUSTER_PROFILES, TRACK_FEATURES, Table

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

PATIENCE_SECONDS = 240
PUBLISHED = re.compile(r"published model (\S+) with 3 clusters")


@pytest.fixture
def bucket(object_store: ObjectStore, tmp_path: Path) -> str:
    """A bucket with a lake that holds audio features."""
    drawn = np.random.default_rng(7)
    tracks = [{name: float(drawn.uniform(*LIMITS[name])) for name in FEATURES} for _ in range(300)]
    features = [{"track_id": f"t{n}", "source": "made", **track} for n, track in enumerate(tracks)]
    write(tmp_path / "lake", TRACK_FEATURES, *features)
    bucket = new_bucket(object_store)
    put_lake(object_store, bucket, tmp_path / "lake")
    return bucket


@contextmanager
def training(store: ObjectStore, bucket: str, log: Path, seed: int) -> Iterator[ServiceProcess]:
    """The job train_clusters, started as the launcher starts it."""
    sets = (f"s3.endpoint_url={store.url}", "s3.region=us-east-1", "train.k=3", f"train.seed={seed}")
    options = [f"--lake=s3://{bucket}/lake", *(f"--set={one}" for one in sets)]
    command = [sys.executable, "-m", "soundlake.launch", "train_clusters", *options]
    job = ServiceProcess(command, log, {**os.environ, **CREDENTIALS})
    try:
        yield job
    finally:
        os.killpg(job.pid, signal.SIGCONT) if job.is_running() else None
        job.kill()


def commits(store: ObjectStore, bucket: str) -> dict[str, str]:
    """Every commit of every table of gold, by its key, and what it holds."""
    client = store.client()
    keys = [key for key in store.keys(bucket, "lake/gold/") if re.search(r"_delta_log/\d+\.json$", key)]
    return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}


def rows(store: ObjectStore, bucket: str, table: Table) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (
        DeltaTable(f"s3://{bucket}/lake/{table.path}", storage_options=store.storage_options)
        .to_pyarrow_table()
        .to_pylist()
    )
    return found


def await_commit(store: ObjectStore, bucket: str, job: ServiceProcess) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while not commits(store, bucket):
        assert job.is_running(), job.log.read_text()
        assert monotonic() < deadline
        Event().wait(0.05)


def test_a_zombie_ends_with_a_reason_and_the_next_writers_model_stays_whole(
    object_store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    with training(object_store, bucket, tmp_path / "zombie", seed=1) as zombie:
        await_commit(object_store, bucket, zombie)
        os.killpg(zombie.pid, signal.SIGSTOP)
        with training(object_store, bucket, tmp_path / "next", seed=2) as second:
            assert second.popen.wait(PATIENCE_SECONDS) == 0, second.log.read_text()
        written = commits(object_store, bucket)
        os.killpg(zombie.pid, signal.SIGCONT)
        assert zombie.popen.wait(PATIENCE_SECONDS) == 1, zombie.log.read_text()
    waited, said = (tmp_path / "next").read_text(), (tmp_path / "zombie").read_text()
    assert f"already at work on this lake: train_clusters on {os.uname().nodename}, process {zombie.pid}" in waited
    assert f"soundlake: train_clusters: lost its lock s3://{bucket}/lake/_leases/train_clusters.lock" in said
    assert commits(object_store, bucket) == written
    (version,) = PUBLISHED.findall(waited)
    current = [row["model_version"] for row in rows(object_store, bucket, CLUSTER_MODELS) if row["is_current"]]
    assert current == [version]
    assert [row["model_version"] for row in rows(object_store, bucket, CLUSTER_PROFILES)] == [version] * 3
