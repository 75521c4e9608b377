"""Files that no memory holds, or that unpack to nothing, neither end the job nor hold it up."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from faults.job import running
from helpers.building import as_bytes, envelope
from helpers.reading import rows
from soundlake.tables import BATCHES, REJECTED, TRACKS

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

MEGABYTE = 1_000_000


def test_a_record_of_900_mb_and_files_of_blanks_are_rejected_and_the_rest_is_read(tmp_path: Path) -> None:
    landed, lake = tmp_path / "landed" / "tracks", tmp_path / "lake"
    landed.mkdir(parents=True)
    begin = b'{"kind": "track", "payload": {"id": "huge", "name": "'
    with (landed / "huge.json").open("wb") as file:
        file.write(begin)
        for _ in range(900):
            file.write(b"x" * MEGABYTE)
        file.write(b'"}}')
    (landed / "tabs.json.gz").write_bytes(gzip.compress(b"\t" * MEGABYTE))
    (landed / "blanks.json").write_bytes(b" " * 20 * MEGABYTE)
    (landed / "good.json").write_bytes(as_bytes(envelope("track", {"id": "t1", "name": "Song"})) or b"")

    words = ["--once", "--lake", str(lake), "--set", f"source.files.path={landed.parent}"]
    with running(tmp_path / "log", *words) as job:
        assert job.wait() == 0, job.said()

    (rejected,) = rows(lake, REJECTED)
    assert (rejected["partition"], rejected["reason"]) == ("huge.json", "too_large")
    assert rejected["value"].startswith(begin)
    assert [row["track_id"] for row in rows(lake, TRACKS)] == ["t1"]
    assert f"{(landed / 'huge.json').stat().st_size:,} bytes" in rejected["detail"]
    assert sum(batch["read"] for batch in rows(lake, BATCHES)) == 2
