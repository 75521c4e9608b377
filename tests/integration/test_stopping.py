"""A stream that is told to stop finishes what it is at and exits 0; a second one beside it is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from time import monotonic

import pytest

from helpers.reading import rows
from helpers.records import envelope
from soundlake.launch.paths import ROOT
from soundlake.tables import BATCHES, EVENTS

pytestmark = pytest.mark.xdist_group("services")  # its job is a Spark of its own

PATIENCE_SECONDS = 240


def started(lake: Path, landed: Path, *sets: str) -> subprocess.Popen[str]:
    told = [word for one in (f"source.files.path={landed}", *sets) for word in ("--set", one)]
    command = [str(ROOT / "spark-submit.sh"), "stream", "--lake", str(lake), *told]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


def wait_for_a_batch(process: subprocess.Popen[str], lake: Path) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while not rows(lake, BATCHES):
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert monotonic() < deadline, "no batch was refined in time"
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            continue


def test_sigterm_ends_a_running_stream_with_its_batches_done(tmp_path: Path) -> None:
    landed, lake = tmp_path / "landed", tmp_path / "lake"
    (landed / "tracks").mkdir(parents=True)
    lines = [json.dumps(envelope("track", {"id": f"t{number}"})) for number in range(50)]
    (landed / "tracks" / "a.ndjson").write_text("\n".join(lines))
    process = started(lake, landed)
    try:
        wait_for_a_batch(process, lake)
        second = started(lake, landed, "lake.lease_wait=0 seconds")
        _, said = second.communicate(timeout=PATIENCE_SECONDS)
        assert (second.returncode, "already at work" in said) == (1, True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_SECONDS) == 0
    finally:
        process.kill()
    assert len(rows(lake, EVENTS)) == 50
    assert [batch["read"] for batch in rows(lake, BATCHES)] == [50]
