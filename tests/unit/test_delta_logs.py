"""What a trimmed Delta log still has: every row, and the versions that somebody needs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from soundlake.errors import SoundlakeError
from soundlake.ops import log_files
from soundlake.ops.delta_logs import trim
from soundlake.ops.log_files import BucketLog, LocalLog

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


Trim = Callable[..., int]
BUCKET = "a-lake"


def trim_here(log: Log, *how: Any) -> int:
    return trim(LocalLog(log.log), *how)


def trim_on_s3(log: Log, *how: Any) -> int:
    """Trim a copy of the log in a bucket, and delete here what is gone there."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for file in log.log.iterdir():
        s3.put_object(Bucket=BUCKET, Key=f"lake/table/_delta_log/{file.name}", Body=file.read_bytes())
    deleted = trim(BucketLog(f"s3://{BUCKET}/lake/table/_delta_log", s3), *how)
    left = {Path(one["Key"]).name for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    for file in log.log.iterdir():
        if file.name not in left:
            file.unlink()
    return deleted


@pytest.fixture(params=[trim_here, trim_on_s3], ids=["here", "on S3"])
def trimming(request: pytest.FixtureRequest, emulated_aws: None) -> Trim:
    trimming: Trim = request.param
    return trimming


def test_only_the_log_before_a_checkpoint_goes_and_no_row(log: Log, trimming: Trim) -> None:
    trimming(log, 10, ANY_AGE)
    assert log.commits() == [*range(20, 36)]
    assert sorted(file.name[:20].lstrip("0") for file in log.log.glob("*.checkpoint.parquet")) == ["20", "30"]
    assert log.rows() == [*range(36)]
    write_deltalake(log.folder, pa.table({"number": [36]}), mode="append")
    assert log.rows() == [*range(37)]


def test_as_many_versions_as_wanted_can_still_be_read(log: Log, trimming: Trim) -> None:
    trimming(log, 10, ANY_AGE)
    assert len(DeltaTable(log.folder, version=25).to_pyarrow_dataset().to_table()) == 26


@pytest.mark.parametrize(("needed", "first"), [(31, 20), (19, 10), (9, 0)])
def test_the_version_at_which_a_stream_goes_on_stays(log: Log, trimming: Trim, needed: int, first: int) -> None:
    trimming(log, 10, ANY_AGE, needed)
    assert log.commits()[0] == first
    DeltaTable(log.folder, version=needed)


def test_a_log_that_somebody_may_just_be_reading_stays(log: Log) -> None:
    now = time.time()
    os.utime(log.log / f"{20:020}.checkpoint.parquet", (now, now))
    os.utime(log.log / f"{10:020}.checkpoint.parquet", (now - 700, now - 700))
    trim_here(log, 10, now - 600)
    assert log.commits()[0] == 10


def test_a_checkpoint_that_readers_do_not_know_of_is_not_relied_on(log: Log, trimming: Trim) -> None:
    (log.log / "_last_checkpoint").write_text('{"version":10,"size":12}')
    trimming(log, 10, ANY_AGE)
    assert log.commits()[0] == 10


@pytest.mark.parametrize("content", [None, "", "{}", "[]"], ids=["none", "empty", "no version", "a list"])
def test_where_it_is_unknown_which_checkpoint_readers_use_nothing_goes(
    log: Log, trimming: Trim, content: str | None
) -> None:
    (log.log / "_last_checkpoint").unlink()
    if content is not None:
        (log.log / "_last_checkpoint").write_text(content)
    assert trimming(log, 10, ANY_AGE) == 0


def test_checksums_that_hadoop_hides_go_too(log: Log) -> None:
    for number in (3, 30):
        (log.log / f".{number:020}.json.crc").write_bytes(b"crc")
    trim_here(log, 10, ANY_AGE)
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
            trim_here(log, 10, ANY_AGE)
    assert log.rows() == [*range(36)]
    trim_here(log, 10, ANY_AGE)
    assert log.commits()[0] == 20


def test_a_short_log_stays_as_it_is(tmp_path: Path) -> None:
    assert trim_here(Log(tmp_path / "table", 9), 10, ANY_AGE) == 0


def test_a_log_that_is_not_there_has_nothing_to_trim(tmp_path: Path) -> None:
    assert trim(LocalLog(tmp_path / "_delta_log"), 10, ANY_AGE) == 0


@pytest.mark.usefixtures("emulated_aws")
@pytest.mark.parametrize("limit", ["MOST_LISTED", "_DELETED_AT_ONCE"])
def test_a_long_log_on_s3_is_trimmed_in_parts(log: Log, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(log_files, limit, 30)
    trim_on_s3(log, 10, ANY_AGE)
    assert log.commits()[0] in (10, 20)
    assert log.rows() == [*range(36)]


class Listed:
    """S3 with a log of one commit a minute; `pages` are those that were asked for."""

    def __init__(self) -> None:
        self.pages = 0

    def get_paginator(self, _: str) -> Listed:
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        for page in range(9):
            self.pages += 1
            minutes = range(10 * page, 10 * page + 10)
            yield {"Contents": [{"Key": f"{Prefix}{m:020}.json", "LastModified": at(m)} for m in minutes]}

    def delete_objects(self, **_: Any) -> dict[str, Any]:
        return {"Errors": [{"Key": "a", "Message": "Access Denied"}]}


def at(minute: int) -> datetime:
    return datetime.fromtimestamp(60 * minute, UTC)


def test_of_a_log_on_s3_only_the_old_end_is_listed() -> None:
    s3: Any = Listed()
    assert len(BucketLog(f"s3://{BUCKET}/_delta_log", s3).changed_before(60 * 25)) == 25
    assert s3.pages == 3


def test_a_file_that_s3_does_not_delete_is_an_error() -> None:
    s3: Any = Listed()
    with pytest.raises(SoundlakeError, match=r"s3://a-lake/_delta_log: a was not deleted: Access Denied"):
        BucketLog(f"s3://{BUCKET}/_delta_log", s3).delete(["a"])
