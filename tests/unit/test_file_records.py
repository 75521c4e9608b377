"""How a worker cuts files into records: no more than the beginning of what is too large, and places that go on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pytest
from moto import mock_aws

from soundlake.errors import SoundlakeError
from soundlake.settings import Settings, load_settings
from soundlake.settings.types import KEPT_BYTES
from soundlake.sources.file_records import UNREADABLE, FileReader, chunks, cut
from soundlake.sources.files import FilesSource

MTIME = datetime(2026, 3, 1, tzinfo=UTC)


def settings(*sets: str) -> Settings:
    return load_settings(sets=list(sets), env={})


def placed(*files: Path, length: int | None = None) -> pa.RecordBatch:
    """Files as Spark lists them; their length may be another when they are read."""
    rows = [
        {"kind": "track", "stream": "file:/in/tracks", "partition": file.name, "modificationTime": MTIME}
        | {"path": f"file:{file}", "length": file.stat().st_size if length is None else length}
        for file in files
    ]
    return pa.RecordBatch.from_pylist(rows)


def cut_all(files: pa.RecordBatch, *sets: str) -> list[dict[str, Any]]:
    return [row for batch in cut(iter([files]), settings(*sets)) for row in batch.to_pylist()]


def test_each_record_has_its_place_its_bytes_and_the_time_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "a %20ü.ndjson"
    file.write_bytes(b'{"n":1}\n{"n":2}\n')
    first, second = cut_all(placed(file))
    assert first == {
        "kind": "track",
        "key": None,
        "value": b'{"n":1}',
        "source": "files",
        "stream": "file:/in/tracks",
        "partition": file.name,
        "position": "0",
        "arrived_at": MTIME,
        "record_bytes": 7,
    }
    assert (second["position"], second["value"]) == ("1", b'{"n":2}')


def test_of_a_file_that_is_too_large_only_the_beginning_is_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.json"
    with file.open("wb") as opened:
        opened.write(b'{"id":"')
        opened.truncate(100 * 2**30)  # a hundred gigabytes of nothing: to read them all would fail
    (record,) = cut_all(placed(file))
    assert record["value"] == b'{"id":"' + b"\0" * (KEPT_BYTES - 7)
    assert record["record_bytes"] == 100 * 2**30


def test_of_a_record_that_is_too_large_the_beginning_is_kept(tmp_path: Path) -> None:
    file, large = tmp_path / "a.ndjson", b'{"id":"' + b"x" * 100_000 + b'"}'
    file.write_bytes(b'{"n":1}\n' + large + b'\n{"n":2}\n')
    records = cut_all(placed(file), "source.max_record_bytes=64k")
    assert [(r["position"], r["record_bytes"], len(r["value"])) for r in records] == [
        ("0", 7, 7),
        ("1", len(large), KEPT_BYTES),
        ("2", 7, 7),
    ]


def test_many_records_come_in_chunks_of_bounded_size_whose_positions_go_on() -> None:
    found = list(chunks([b"x" * 400] * 10, most=1_000, at_once=1_000))
    assert [chunk.position for chunk in found] == [0, 3, 6, 9]
    assert sum(len(chunk.values) for chunk in found) == 10


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with mock_aws():
        client = boto3.client("s3", region_name="eu-west-1")
        client.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        client.put_object(Bucket="lake", Key="in/a b%20.json", Body=b'{"n":1}')
        yield "s3a://lake/in"


def test_objects_on_s3_are_read_whole_or_from_their_beginning(bucket: str) -> None:
    reader = FileReader(settings())
    assert reader.read(f"{bucket}/a b%20.json") == b'{"n":1}'
    assert reader.read(f"{bucket}/a b%20.json", first=4) == b'{"n"'


def test_an_object_that_is_gone_is_named(bucket: str) -> None:
    with pytest.raises(SoundlakeError, match=r"s3a://lake/in/gone\.json: .*NoSuchKey"):
        FileReader(settings()).read(f"{bucket}/gone.json")


def test_a_failed_query_says_which_file_and_what_to_do() -> None:
    source = FilesSource(settings("source.files.path=/in"))
    error = f"Traceback\nsoundlake.errors.SoundlakeError: {UNREADABLE}: file:/in/a.json: Permission denied\n  at java"
    assert source.explain(error) == (
        f"{UNREADABLE}: file:/in/a.json: Permission denied: restore it or grant access to it, then start again"
    )


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(SoundlakeError, match=r"gone\.json: No such file"):
        cut_all(placed(tmp_path / "gone.json", length=5))
