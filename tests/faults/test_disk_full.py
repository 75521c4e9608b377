"""A disk gets full while the job writes: it says so, and once there is space nothing is missing."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from py4j.protocol import Py4JJavaError

from faults.conftest import Told
from faults.job import Job
from faults.sending import Records, keyed, messages
from faults.test_kafka_faults import options
from faults.truth import is_settled, is_taken, outcome
from helpers.log_writer import LogWriter, compiled
from helpers.on_s3 import new_bucket
from helpers.services.kafka import Broker
from helpers.services.object_store import ObjectStore
from soundlake.s3 import LOG_STORE

SIZE = 64 * 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own; mounting it needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Leave so many bytes of the disk free."""
    file = disk / "filler"
    with file.open("wb") as filler:
        filler.write(b"\0" * (shutil.disk_usage(disk).free - leave))
    return file


@pytest.mark.faults
def test_a_commit_that_finds_no_room_for_its_buffer_is_not_put_in_part(
    object_store: ObjectStore, disk: Path, tmp_path: Path
) -> None:
    fill(disk, leave=6 * 2**20)
    bucket = new_bucket(object_store)
    conf = {"fs.s3a.buffer.dir": str(disk), "fs.s3a.multipart.size": "5M", "fs.s3a.multipart.threshold": "5M"}
    log = LogWriter(LOG_STORE, compiled(tmp_path), object_store.url, bucket, conf)
    with pytest.raises(Py4JJavaError, match="DiskErrorException"):
        log.commit(0, "x" * 8 * 2**20)
    assert object_store.keys(bucket) == []
    log.close()


@pytest.mark.faults
def test_a_full_disk_is_named_and_nothing_is_lost(kafka: Broker, told: Told, disk: Path, tmp_path: Path) -> None:
    topic, lake, records = kafka.create_topic(partitions=2), disk / "lake", Records(4)
    arguments = options(kafka, topic, lake)

    def send(count: int) -> int:
        kafka.put(topic, keyed(records.mixture(count)))
        return len(messages(kafka, topic))

    total = send(1_000)
    job = Job(tmp_path / "log", *arguments)
    job.wait_until(lambda: is_taken(lake, total), "the first records are judged")
    for left, starts in ((200_000, False), (2_500_000, True)):
        filler = fill(disk, leave=left)
        total = send(20_000)
        assert job.wait() == 1
        if not starts:
            again = Job(tmp_path / "again", *arguments)
            assert again.wait() == 1
            assert f"the disk of {lake} is full" in again.said()
        filler.unlink()
        job = Job(tmp_path / "log", *arguments)
        job.wait_until(lambda: is_settled(lake, total), "all is applied once there is space")  # noqa: B023
    job.kill()
    assert job.said().count(f"the disk of {lake} is full") == 2
    told("disk full while writing", 2, outcome(lake, messages(kafka, topic)))
