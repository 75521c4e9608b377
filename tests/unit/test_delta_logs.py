"""What a trimmed Delta log still has: every row, and the versions that somebody needs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from soundlake.ops.delta_logs import trim

pytestmark = pytest.mark.heavy

ANY_AGE = time.time() + 3600


class Log:
    """A table whose version N has added the row N, with a checkpoint at every tenth version."""

    def __init__(self, folder: Path, versions: int) -> None:
        self.folder, self.log, self.versions = folder, folder / "_delta_log", versions
        for number in range(versions + 1):
            write_deltalake(folder, pa.table({"number": [number]}), mode="append")
            if number % 10 == 0 and number:
                DeltaTable(folder).create_checkpoint()

    def rows(self) -> list[int]:
        """The numbers in the table."""
        return sorted(DeltaTable(self.folder).to_pyarrow_table()["number"].to_pylist())

    def commits(self) -> list[int]:
        """The versions whose commits are there."""
        return sorted(int(file.stem) for file in self.log.glob("*.json"))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "table", 35)


def test_only_the_log_before_a_checkpoint_goes_and_no_row(log: Log) -> None:
    trim(log.log, 10, ANY_AGE)
    assert log.commits() == [*range(20, 36)]
    assert sorted(file.name[:20].lstrip("0") for file in log.log.glob("*.checkpoint.parquet")) == ["20", "30"]
    assert log.rows() == [*range(36)]
    write_deltalake(log.folder, pa.table({"number": [36]}), mode="append")
    assert log.rows() == [*range(37)]


def test_as_many_versions_as_wanted_can_still_be_read(log: Log) -> None:
    trim(log.log, 10, ANY_AGE)
    assert len(DeltaTable(log.folder, version=25).to_pyarrow_dataset().to_table()) == 26


@pytest.mark.parametrize(("needed", "first"), [(31, 20), (19, 10), (9, 0)])
def test_the_version_at_which_a_stream_goes_on_stays(log: Log, needed: int, first: int) -> None:
    trim(log.log, 10, ANY_AGE, needed)
    assert log.commits()[0] == first
    DeltaTable(log.folder, version=needed)


def test_a_log_that_somebody_may_just_be_reading_stays(log: Log) -> None:
    now = time.time()
    os.utime(log.log / f"{20:020}.checkpoint.parquet", (now, now))
    os.utime(log.log / f"{10:020}.checkpoint.parquet", (now - 700, now - 700))
    trim(log.log, 10, now - 600)
    assert log.commits()[0] == 10


def test_a_checkpoint_that_readers_do_not_know_of_is_not_relied_on(log: Log) -> None:
    (log.log / "_last_checkpoint").write_text('{"version":10,"size":12}')
    trim(log.log, 10, ANY_AGE)
    assert log.commits()[0] == 10


@pytest.mark.parametrize("content", [None, "", "{}", "[]"], ids=["none", "empty", "no version", "a list"])
def test_where_it_is_unknown_which_checkpoint_readers_use_nothing_goes(log: Log, content: str | None) -> None:
    (log.log / "_last_checkpoint").unlink()
    if content is not None:
        (log.log / "_last_checkpoint").write_text(content)
    assert trim(log.log, 10, ANY_AGE) == 0


def test_checksums_that_hadoop_hides_go_too(log: Log) -> None:
    for number in (3, 30):
        (log.log / f".{number:020}.json.crc").write_bytes(b"crc")
    trim(log.log, 10, ANY_AGE)
    assert [file.name for file in log.log.glob(".*.crc")] == [f".{30:020}.json.crc"]


@pytest.mark.parametrize("survived", [0, 1, 7, 20])
def test_a_process_that_dies_while_it_trims_leaves_a_whole_table(
    log: Log, survived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink
    done: list[Path] = []

    def dying(path: Path, missing_ok: bool = False) -> None:
        if len(done) == survived:
            raise KeyboardInterrupt
        done.append(path)
        unlink(path, missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", dying)
        with pytest.raises(KeyboardInterrupt):
            trim(log.log, 10, ANY_AGE)
    assert log.rows() == [*range(36)]
    trim(log.log, 10, ANY_AGE)
    assert log.commits()[0] == 20


def test_a_short_log_stays_as_it_is(tmp_path: Path) -> None:
    assert trim(Log(tmp_path / "table", 9).log, 10, ANY_AGE) == 0
