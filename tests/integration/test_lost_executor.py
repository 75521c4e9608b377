"""A stream on a cluster goes on when executors are killed in the middle of its batches; nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.building import envelope
from helpers.reading import rows
from helpers.services.cluster_job import PATIENCE_SECONDS, ClusterJob, cluster_job
from helpers.services.spark_cluster import spark_cluster
from soundlake.tables import BATCHES, EVENTS, PLAYS, TRACKS

pytestmark = pytest.mark.cluster

FILES, RECORDS = 8, 5_000  # of these each: a file is a batch
KILLS = 3


def records(file: int) -> Iterator[dict[str, Any]]:
    """Plays, of which one in ten was in the file before; and a few tracks that every file names otherwise."""
    for number in range(RECORDS):
        play = number + file * RECORDS - (RECORDS if file and number % 10 == 0 else 0)
        played_at = f"2026-03-{1 + play % 28:02}T{play // 60 % 24:02}:{play % 60:02}:00Z"
        track = {"id": f"t{play % 50}", "name": "Song"}
        yield envelope("play", {"user_id": f"user-{play:06}", "played_at": played_at, "track": track})
    for number in range(50):
        yield envelope("track", {"id": f"t{number}", "name": f"named by {file}"}, f"2026-03-01T{file:02}:00:00Z")


def kill_in_mid_batch(lake: Path, job: ClusterJob) -> int:
    """Kill an executor while a batch of refine is at work, in KILLS different batches; returns how many were killed."""
    killed: set[int] = set()
    deadline = time.monotonic() + PATIENCE_SECONDS
    checkpoint = lake / "_checkpoints" / "refine"
    while len(killed) < KILLS and job.is_running() and time.monotonic() < deadline:
        begun, done = (
            {int(f.name) for f in (checkpoint / log).glob("[0-9]*") if f.name.isdigit()}
            for log in ("offsets", "commits")
        )
        at_work = begun - done
        pids = job.executors()
        if at_work and not at_work & killed and len(pids) == 2:
            os.kill(pids[0], signal.SIGKILL)
            killed |= at_work
        time.sleep(0.05)
    return len(killed)


def test_the_stream_survives_executors_that_are_killed_in_mid_batch(tmp_path: Path) -> None:
    landed, lake = tmp_path / "landed" / "mixed", tmp_path / "lake"
    landed.mkdir(parents=True)
    for file in range(FILES):
        (landed / f"{file}.ndjson").write_text("\n".join(json.dumps(record) for record in records(file)))
    sets = [
        f"source.files.path={tmp_path / 'landed'}",
        "source.files.max_files_per_trigger=1",
        "refine.max_bytes_per_trigger=1",
        "refine.driver_records=0",
    ]
    words = ["--once", "--lake", str(lake), *[word for one in sets for word in ("--set", one)]]
    with spark_cluster(tmp_path) as url, cluster_job(url, tmp_path / "job.log", "stream", *words) as job:
        killed = kill_in_mid_batch(lake, job)
        assert job.wait() == 0, job.said()
    assert killed == KILLS
    sent = [record for file in range(FILES) for record in records(file)]
    assert len(rows(lake, EVENTS)) == len(sent) == sum(batch["read"] for batch in rows(lake, BATCHES))
    listeners = {record["payload"]["user_id"] for record in sent if record["kind"] == "play"}
    assert Counter(row["user_id"] for row in rows(lake, PLAYS)) == Counter(listeners)
    assert {row["track_name"] for row in rows(lake, TRACKS)} == {f"named by {FILES - 1}"}
    assert len(rows(lake, TRACKS)) == 50
