"""Files that the stream has read are moved aside, each once, and nothing that it still needs."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from soundlake import cli
from soundlake.archive import bucket_files, local_files, run
from soundlake.archive.bucket_files import BucketFiles
from soundlake.archive.run import ArchiveSummary, archive_processed
from soundlake.errors import SoundlakeError, UsageError
from soundlake.lock import BucketLock
from soundlake.settings import load_settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedMultipartUploadTypeDef

MINUTE = 60_000
SECONDS = 600.0


class Checkpoint:
    """What Spark writes for a query on files: `read` is a batch planned, `commit` its end."""

    def __init__(self, lake: Path) -> None:
        self.folder = lake / "_checkpoints" / "ingest"
        (lake / "bronze").mkdir(parents=True)
        self.offset = -1
        self.batch = -1

    def write(self, name: str, *lines: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(("v1", *lines)), encoding="utf-8")

    def log(self, *uris: tuple[str, int], compact: bool = False) -> None:
        self.offset += 1
        entries = [{"path": uri, "timestamp": time, "batchId": self.offset} for uri, time in uris]
        lines = [json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in entries]
        if compact:
            before = sorted((self.folder / "sources/0").iterdir(), key=lambda file: int(file.name))
            lines = [line for file in before for line in file.read_text().split("\n")[1:]] + lines
            for file in before:
                file.unlink()
        self.write(f"sources/0/{self.offset}{'.compact' if compact else ''}", *lines)

    def plan(self) -> None:
        self.batch += 1
        self.write(f"offsets/{self.batch}", '{"batchWatermarkMs":0}', json.dumps({"logOffset": self.offset}))

    def commit(self) -> None:
        self.write(f"commits/{self.batch}", '{"nextBatchWatermarkMs":0}')

    def read(self, *files: Path, compact: bool = False) -> None:
        """A whole batch."""
        self.log(*map(logged, files), compact=compact)
        self.plan()
        self.commit()


def logged(file: Path) -> tuple[str, int]:
    """As Spark writes it: percent signs for what URIs do not take."""
    return "file://" + quote(str(file), safe="/é+:"), file.stat().st_mtime_ns // 1_000_000


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint(tmp_path / "lake")


def landed(raw: Path, name: str, text: str = "a record\n") -> Path:
    path = raw / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def move(raw: Path | str, *sets: str, lake: str | None = None, dry_run: bool = False) -> ArchiveSummary:
    uri = lake or str(Path(raw).parent / "lake")
    settings = load_settings(None, [f"source.files.path={raw}", f"lake.uri={uri}", *sets], env={})
    return archive_processed(settings, dry_run=dry_run)


def names(files: list[Any]) -> list[str]:
    return [file.name for file in files]


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


# What is moved.


def test_a_file_that_was_read_keeps_its_path_below_the_processed_folder(raw: Path, checkpoint: Checkpoint) -> None:
    checkpoint.read(landed(raw, "spotify.tracks/2026-11-21/a.json", "one\n"))
    assert names(move(raw).moved) == ["spotify.tracks/2026-11-21/a.json"]
    assert contents(raw) == {"_processed/spotify.tracks/2026-11-21/a.json": "one\n"}


def test_a_file_without_a_record_is_moved_too(raw: Path, checkpoint: Checkpoint) -> None:
    checkpoint.read(landed(raw, "empty.json", ""))
    assert names(move(raw).moved) == ["empty.json"]


def test_names_are_read_as_spark_writes_them(raw: Path, checkpoint: Checkpoint) -> None:
    strange = ["a b.json", "c%20d+e#é[1].json", "f\u2028g.json", "曲?.json"]
    checkpoint.read(*[landed(raw, name) for name in strange])
    assert sorted(names(move(raw).moved)) == sorted(strange)


def test_all_that_a_compacted_log_and_what_follows_it_name_is_moved(raw: Path, checkpoint: Checkpoint) -> None:
    files = [landed(raw, f"{number}.json") for number in range(4)]
    checkpoint.read(files[0])
    checkpoint.read(files[1])
    checkpoint.read(files[2], compact=True)
    checkpoint.read(files[3])
    assert len(move(raw).moved) == 4


def test_moving_again_moves_nothing(raw: Path, checkpoint: Checkpoint) -> None:
    checkpoint.read(landed(raw, "a.json"))
    move(raw)
    again = move(raw)
    assert (again.moved, again.completed, again.is_well) == ([], [], True)


def test_the_processed_folder_may_be_elsewhere(raw: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.read(landed(raw, "a.json"))
    move(raw, f"source.files.processed_path={tmp_path / 'done'}")
    assert contents(tmp_path / "done") == {"a.json": "a record\n"}


def test_a_dry_run_says_what_would_be_moved(raw: Path, checkpoint: Checkpoint) -> None:
    checkpoint.read(landed(raw, "a.json"))
    assert names(move(raw, dry_run=True).moved) == ["a.json"]
    assert contents(raw) == {"a.json": "a record\n"}


# What stays.


def test_a_file_that_was_not_read_stays(raw: Path, checkpoint: Checkpoint) -> None:
    checkpoint.read(landed(raw, "a.json"))
    landed(raw, "b.json")
    summary = move(raw)
    assert (summary.waiting, summary.is_well, (raw / "b.json").exists()) == (1, True, True)


def test_a_file_of_a_batch_that_is_not_committed_stays(raw: Path, checkpoint: Checkpoint) -> None:
    checkpoint.read(landed(raw, "a.json"))
    checkpoint.log(logged(landed(raw, "b.json")))
    checkpoint.plan()
    assert names(move(raw).moved) == ["a.json"]
    checkpoint.commit()
    assert names(move(raw).moved) == ["b.json"]


def test_before_the_first_commit_everything_stays(raw: Path, checkpoint: Checkpoint) -> None:
    checkpoint.log(logged(landed(raw, "a.json")))
    checkpoint.plan()
    assert (move(raw).moved, move(raw).batch) == ([], None)


def test_a_source_ahead_of_the_query_does_not_make_its_files_read(raw: Path, checkpoint: Checkpoint) -> None:
    """A crash between both logs: from then on a batch reaches an offset with a greater number than its own."""
    checkpoint.read(landed(raw, "a.json"))
    checkpoint.log(logged(landed(raw, "b.json")))
    checkpoint.read(landed(raw, "c.json"))
    checkpoint.log(logged(landed(raw, "d.json")))
    assert (checkpoint.batch, checkpoint.offset) == (1, 3)
    assert names(move(raw).moved) == ["a.json", "b.json", "c.json"]


def test_a_compacted_log_that_is_ahead_of_the_query_is_read_up_to_the_commit(raw: Path, checkpoint: Checkpoint) -> None:
    checkpoint.read(landed(raw, "a.json"))
    checkpoint.log(logged(landed(raw, "b.json")), compact=True)
    assert names(move(raw).moved) == ["a.json"]


def test_a_file_changed_after_it_was_read_is_left_and_reported(raw: Path, checkpoint: Checkpoint) -> None:
    file = landed(raw, "a.json")
    checkpoint.read(file)
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1_000_000))
    summary = move(raw)
    assert (names(summary.changed), summary.moved, summary.is_well) == (["a.json"], [], False)
    assert file.exists()


def test_a_name_that_comes_again_after_it_was_moved_is_reported(raw: Path, checkpoint: Checkpoint) -> None:
    checkpoint.read(landed(raw, "a.json", "old\n"))
    move(raw)
    os.utime(landed(raw, "a.json", "new\n"), (1, 1))
    assert names(move(raw).changed) == ["a.json"]
    assert contents(raw) == {"a.json": "new\n", "_processed/a.json": "old\n"}


def test_a_file_changed_while_it_is_moved_goes_back(
    raw: Path, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = landed(raw, "a.json", "old\n")
    checkpoint.read(file)
    move_one = local_files.LocalFiles.move

    def late(self: local_files.LocalFiles, one: Any) -> Any:
        os.utime(landed(raw, "a.json", "new\n"), (1, 1))
        return move_one(self, one)

    monkeypatch.setattr(local_files.LocalFiles, "move", late)
    assert names(move(raw).changed) == ["a.json"]
    assert contents(raw) == {"a.json": "new\n"}


def test_other_content_under_the_same_name_is_never_overwritten(raw: Path, checkpoint: Checkpoint) -> None:
    checkpoint.read(landed(raw, "a.json", "read\n"))
    landed(raw, "_processed/a.json", "of another lake\n")
    summary = move(raw)
    assert (names(summary.target_exists), summary.is_well) == (["a.json"], False)
    assert contents(raw) == {"a.json": "read\n", "_processed/a.json": "of another lake\n"}


def test_one_file_that_cannot_be_moved_does_not_hold_up_the_others(raw: Path, checkpoint: Checkpoint) -> None:
    checkpoint.read(landed(raw, "a.json"), landed(raw, "b/c.json"))
    landed(raw, "_processed/b", "a file where a folder should be")
    summary = move(raw)
    assert names(summary.moved) == ["a.json"]
    assert len(summary.failed) == 1
    assert "b/c.json: cannot be moved to" in summary.failed[0]


def test_a_link_is_left_to_people(raw: Path, checkpoint: Checkpoint) -> None:
    (raw / "b.json").symlink_to(landed(raw.parent, "elsewhere.json"))
    checkpoint.read(raw / "b.json")
    assert "is a link" in move(raw).failed[0]


# Dying anywhere.


@pytest.fixture
def other_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def refused(self: Path, target: Path) -> Path:
        if self.parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refused)


@pytest.mark.usefixtures("other_file_system")
def test_to_another_file_system_a_file_is_copied(raw: Path, checkpoint: Checkpoint) -> None:
    file = landed(raw, "a.json")
    checkpoint.read(file)
    time = file.stat().st_mtime_ns
    move(raw)
    assert contents(raw) == {"_processed/a.json": "a record\n"}
    assert (raw / "_processed/a.json").stat().st_mtime_ns == time


@pytest.mark.usefixtures("other_file_system")
@pytest.mark.parametrize("at", ["copyfileobj", "copystat", "unlink"])
def test_a_move_that_died_is_completed_by_the_next_run(
    raw: Path, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    checkpoint.read(landed(raw, "a.json"))

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(Path if at == "unlink" else shutil, at, die)
        with pytest.raises(KeyboardInterrupt):
            move(raw)
    assert (raw / "a.json").exists()
    summary = move(raw)
    assert len(summary.moved + summary.completed) == 1
    assert contents(raw) == {"_processed/a.json": "a record\n"}


# One mover, and what is refused.


def test_a_second_mover_is_kept_out(raw: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.read(landed(raw, "a.json"))
    move(raw, dry_run=True)
    with (tmp_path / "lake/_leases/archive-processed.lock").open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(SoundlakeError, match="already at work"):
            move(raw)
    assert len(move(raw).moved) == 1


@pytest.mark.parametrize("place", ["processed", "deeper/_processed", "_metadata", "_a=b", "."])
def test_a_place_that_the_stream_would_read_is_refused(raw: Path, checkpoint: Checkpoint, place: str) -> None:
    with pytest.raises(UsageError, match="processed_path"):
        move(raw, f"source.files.processed_path={raw / place}")


def test_a_place_above_the_source_is_refused(raw: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds source.files.path"):
        move(raw, f"source.files.processed_path={tmp_path}")


def test_a_place_of_another_kind_is_refused(raw: Path, checkpoint: Checkpoint) -> None:
    with pytest.raises(UsageError, match="local or on S3"):
        move(raw, "source.files.processed_path=s3://a-bucket/processed")


def test_a_stream_that_does_not_read_files_is_refused(raw: Path, checkpoint: Checkpoint) -> None:
    checkpoint.write("offsets/0", "{}", '{"spotify.tracks":{"0":7}}')
    checkpoint.write("commits/0", "{}")
    with pytest.raises(UsageError, match="does not read files"):
        move(raw)


@pytest.mark.parametrize("name", ["sources/0/0", "offsets/1"])
@pytest.mark.parametrize("damage", ["gone", "cut off"])
def test_a_damaged_checkpoint_moves_nothing(raw: Path, checkpoint: Checkpoint, name: str, damage: str) -> None:
    checkpoint.read(landed(raw, "a.json"))
    checkpoint.read(landed(raw, "b.json"))
    path = checkpoint.folder / name
    path.unlink() if damage == "gone" else path.write_text(path.read_text()[:-5])
    with pytest.raises(SoundlakeError, match="nothing was moved"):
        move(raw)
    assert sorted(contents(raw)) == ["a.json", "b.json"]


# On S3.

BUCKET = "a-lake"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def keys(s3: S3Client) -> list[str]:
    found = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
    return [key for key in found if not key.startswith("lake/")]


def read_on_s3(s3: S3Client, checkpoint: Checkpoint, *objects: str, content: bytes | None = None) -> None:
    """Put objects, each with its key as content unless one is given, and a checkpoint whose batch has read them."""
    for key in objects:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode() if content is None else content)
    modified = {item["Key"]: item["LastModified"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    checkpoint.log(*[(f"s3a://{BUCKET}/{quote(key)}", int(modified[key].timestamp()) * 1000) for key in objects])
    checkpoint.plan()
    checkpoint.commit()
    for file in checkpoint.folder.rglob("*"):
        if file.is_file():
            key = f"lake/_checkpoints/ingest/{file.relative_to(checkpoint.folder)}"
            s3.put_object(Bucket=BUCKET, Key=key, Body=file.read_bytes())


def move_on_s3(*sets: str, dry_run: bool = False) -> ArchiveSummary:
    return move(f"s3a://{BUCKET}/raw", *sets, lake=f"s3a://{BUCKET}/lake/", dry_run=dry_run)


def test_objects_that_were_read_are_moved_to_the_processed_prefix(s3: S3Client, checkpoint: Checkpoint) -> None:
    read_on_s3(s3, checkpoint, "raw/t/a b.json", "raw/c.json")
    s3.put_object(Bucket=BUCKET, Key="raw/new.json", Body=b"")
    summary = move_on_s3()
    assert (len(summary.moved), summary.waiting) == (2, 1)
    assert keys(s3) == ["raw/_processed/c.json", "raw/_processed/t/a b.json", "raw/new.json"]
    assert s3.get_object(Bucket=BUCKET, Key="raw/_processed/t/a b.json")["Body"].read() == b"raw/t/a b.json"


def test_objects_may_be_moved_to_another_bucket(s3: S3Client, checkpoint: Checkpoint) -> None:
    s3.create_bucket(Bucket="an-archive")
    read_on_s3(s3, checkpoint, "raw/a.json")
    move_on_s3("source.files.processed_path=s3://an-archive/old")
    assert keys(s3) == []
    assert s3.get_object(Bucket="an-archive", Key="old/a.json")["Body"].read() == b"raw/a.json"


def test_copies_are_encrypted_with_the_key_of_the_settings(s3: S3Client, checkpoint: Checkpoint) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/of-a-test"
    read_on_s3(s3, checkpoint, "raw/a.json")
    move_on_s3(f"s3.kms_key_id={key}")
    assert s3.head_object(Bucket=BUCKET, Key="raw/_processed/a.json")["SSEKMSKeyId"] == key


def test_a_move_that_died_between_copying_and_deleting_is_completed(s3: S3Client, checkpoint: Checkpoint) -> None:
    read_on_s3(s3, checkpoint, "raw/a.json")
    s3.put_object(Bucket=BUCKET, Key="raw/_processed/a.json", Body=b"raw/a.json")
    assert names(move_on_s3().completed) == ["a.json"]
    assert keys(s3) == ["raw/_processed/a.json"]


def test_an_object_that_was_uploaded_in_parts_is_compared_by_its_bytes(s3: S3Client, checkpoint: Checkpoint) -> None:
    read_on_s3(s3, checkpoint, "raw/a.json")
    key = "raw/_processed/a.json"
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=1, Body=b"raw/a.json")["ETag"]
    parts: CompletedMultipartUploadTypeDef = {"Parts": [{"ETag": part, "PartNumber": 1}]}
    s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload=parts)
    assert names(move_on_s3().completed) == ["a.json"]


def test_an_object_too_large_for_one_request_is_copied_in_parts(
    s3: S3Client, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = 5 * 1024**2  # the smallest that S3 takes
    monkeypatch.setattr(bucket_files, "_MOST_IN_ONE_REQUEST", part)
    monkeypatch.setattr(bucket_files, "_PART", part)
    content = bytes(range(256)) * (2 * part // 256) + b"end"
    read_on_s3(s3, checkpoint, "raw/a.json", content=content)
    assert names(move_on_s3().moved) == ["a.json"]
    assert keys(s3) == ["raw/_processed/a.json"]
    moved = s3.get_object(Bucket=BUCKET, Key="raw/_processed/a.json")
    assert moved["ETag"].endswith('-3"')
    assert moved["Body"].read() == content


def test_another_object_under_the_same_name_is_never_overwritten(s3: S3Client, checkpoint: Checkpoint) -> None:
    read_on_s3(s3, checkpoint, "raw/a.json")
    s3.put_object(Bucket=BUCKET, Key="raw/_processed/a.json", Body=b"of another")
    assert names(move_on_s3().target_exists) == ["a.json"]
    assert s3.get_object(Bucket=BUCKET, Key="raw/_processed/a.json")["Body"].read() == b"of another"


def test_an_object_changed_while_it_is_moved_is_not_deleted(
    s3: S3Client, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_on_s3(s3, checkpoint, "raw/a.json")
    copy = BucketFiles._copy

    def late(self: BucketFiles, file: Any) -> None:
        copy(self, file)
        s3.put_object(Bucket=BUCKET, Key="raw/a.json", Body=b"new")

    monkeypatch.setattr(BucketFiles, "_copy", late)
    assert names(move_on_s3().changed) == ["a.json"]
    assert s3.get_object(Bucket=BUCKET, Key="raw/a.json")["Body"].read() == b"new"


def lock_of(s3: S3Client, now: Callable[[], float] = time.time) -> BucketLock:
    return BucketLock(
        f"s3://{BUCKET}/lake", s3, now, name="archive-processed", job="archive-processed", seconds=SECONDS
    )


def test_of_two_movers_on_s3_one_is_kept_out(s3: S3Client) -> None:
    lock_of(s3).take()
    with pytest.raises(SoundlakeError, match="already at work"):
        lock_of(s3).take()


def test_a_lock_on_s3_is_free_after_its_release_and_after_its_end(s3: S3Client) -> None:
    now = [1000.0]
    first, second, third = (lock_of(s3, lambda: now[0]) for _ in range(3))
    first.take()
    first.release()
    second.take()
    now[0] += SECONDS + 1
    third.take()
    with pytest.raises(SoundlakeError, match="lost its lock"):
        second.keep()


def test_a_lock_on_s3_is_renewed(s3: S3Client) -> None:
    now = [1000.0]
    first, second = (lock_of(s3, lambda: now[0]) for _ in range(2))
    first.take()
    for _ in range(4):
        now[0] += SECONDS * 0.6
        first.keep()
    with pytest.raises(SoundlakeError, match="already at work"):
        second.take()


def test_of_two_that_find_an_ended_lock_one_gets_it(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    lock_of(s3, lambda: now[0]).take()
    now[0] += SECONDS + 1
    slow, quick = (lock_of(s3, lambda: now[0]) for _ in range(2))
    found = slow._read()
    quick.take()
    monkeypatch.setattr(slow, "_read", iter([found, quick._read()]).__next__)
    with pytest.raises(SoundlakeError, match="just begun"):
        slow.take()


def test_a_put_of_the_lock_whose_answer_was_lost_counts(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    put = s3.put_object

    def lost(**arguments: Any) -> Any:
        put(**arguments)
        raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": ""}}, "PutObject")

    lock = lock_of(s3)
    with monkeypatch.context() as losing:
        losing.setattr(s3, "put_object", lost)
        lock.take()
    lock.release()
    lock_of(s3).take()


# The command.


def exit_code_of(monkeypatch: pytest.MonkeyPatch, *argv: str) -> object:
    monkeypatch.setattr("sys.argv", ["soundlake", "archive-processed", *argv])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_the_command_says_what_it_did(
    raw: Path,
    checkpoint: Checkpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    checkpoint.read(landed(raw, "a.json"))
    landed(raw, "b.json")
    argv = ["--set", f"source.files.path={raw}", "--lake", str(tmp_path / "lake")]
    assert exit_code_of(monkeypatch, *argv) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"1 files below {raw} were read up to batch 0",
        f"moved to {raw}/_processed: 1 files, 9 bytes",
        "left for the stream to read: 1 files",
    ]


def test_the_command_fails_where_a_file_was_changed(
    raw: Path,
    checkpoint: Checkpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = landed(raw, "a.json")
    checkpoint.read(file)
    os.utime(file, (1, 1))
    assert exit_code_of(monkeypatch, "--set", f"source.files.path={raw}", "--lake", str(tmp_path / "lake")) == 1
    assert "it reads each name once" in capsys.readouterr().err


def test_without_a_path_the_command_exits_2(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exit_code_of(monkeypatch) == 2


def test_it_gives_up_where_nothing_can_be_moved(
    raw: Path, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_CHUNK", 2)
    checkpoint.read(*[landed(raw, f"{number}.json") for number in range(5)])
    landed(raw, "_processed", "a file where a folder should be")
    summary = move(raw)
    assert (len(summary.failed), summary.left) == (2, 3)
