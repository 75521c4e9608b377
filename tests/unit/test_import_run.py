"""An import can be stopped, repeated and told about; where the files are does not matter."""

from __future__ import annotations

import csv
import gzip
import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from helpers.importing import InMemory, imported, mapping_of, tracks, write
from soundlake.errors import SoundlakeError, UsageError
from soundlake.imports import opening, run
from soundlake.imports.report import Report
from soundlake.imports.state import ImportState

MANY = "id,name\n" + "".join(f"t{n},Song {n}\n" for n in range(10_000))


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_CHUNK", 4096)
    monkeypatch.setattr(run, "_NOTED", 1000)
    monkeypatch.setattr(run, "_BATCH", 100)


def stopped(folder: Path, file: Path, flushes: int) -> InMemory:
    publisher = InMemory(dies_at=flushes)
    with pytest.raises(KeyboardInterrupt):
        imported(folder, file, mapping=tracks(), publisher=publisher)
    return publisher


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("packed", [False, True])
def test_a_stopped_import_goes_on_where_its_records_were_safe(tmp_path: Path, packed: bool) -> None:
    file = write(tmp_path / "f.csv", gzip.compress(MANY.encode()) if packed else MANY)
    first = stopped(tmp_path, file, flushes=4)
    done = imported(tmp_path, file, mapping=tracks())
    assert len(first.safe) > 2500
    assert [key for _, key, _ in first.safe] + done.keys == [f"t{n}" for n in range(10_000)]
    assert any("resumes after row" in note for note in done.summary.notes)


@pytest.mark.usefixtures("small_steps")
def test_a_file_that_changed_since_is_imported_from_its_beginning(tmp_path: Path) -> None:
    file = write(tmp_path / "f.csv", MANY)
    stopped(tmp_path, file, flushes=4)
    write(file, MANY + "t10000,New\n")
    assert len(imported(tmp_path, file, mapping=tracks()).keys) == 10_001


@pytest.mark.heavy
@pytest.mark.usefixtures("small_steps")
def test_what_rows_before_the_stop_left_behind_is_remembered(tmp_path: Path) -> None:
    text = "list,id\n" + "".join(f"p{n % 7},t{n % 50}\n" for n in range(6_000))
    fields = {"playlist.id": "list", "position": {"place": {"within": "list", "of": "id"}}, "track.id": "id"}
    artist = {
        "kind": "artist",
        "gather": {},
        "fields": {"id": "list", "genres": {"columns": ["id"]}},
    }
    mapping = mapping_of({"records": [{"kind": "playlist_item", "fields": fields}, artist]})
    file = write(tmp_path / "f.csv", text)
    whole = imported(tmp_path, file, mapping=mapping)
    publisher = InMemory(dies_at=3)
    with pytest.raises(KeyboardInterrupt):
        imported(tmp_path, file, mapping=mapping, publisher=publisher)
    rest = imported(tmp_path, file, mapping=mapping)
    assert len(publisher.safe) > 0
    assert whole.payloads("playlist_item")[len(publisher.safe) :] == rest.payloads("playlist_item")
    assert whole.payloads("artist") == rest.payloads("artist")


def test_importing_a_file_again_gives_the_same_records(tmp_path: Path) -> None:
    file = write(tmp_path / "f.csv", MANY)
    os.utime(file, (1_700_000_000, 1_700_000_000))
    first, second = (imported(tmp_path, file, mapping=tracks()) for _ in range(2))
    assert first.records == second.records
    assert {record["fetched_at"] for record in first.records} == {"2023-11-14T22:13:20Z"}
    assert list((tmp_path / "state").glob("*")) == []


def test_fetched_at_may_be_given_and_the_source_named(tmp_path: Path) -> None:
    file = write(tmp_path / "f.csv", "id,name\nt1,One\n")
    done = imported(tmp_path, file, mapping=tracks(), fetched_at="2020-01-01T00:00:00Z", name="mine")
    assert [(r["fetched_at"], r["source"]) for r in done.records] == [("2020-01-01T00:00:00Z", "mine")]
    (record,) = imported(tmp_path, file, mapping=tracks()).records
    assert record["source"] == "import:test"


def test_a_file_from_the_future_needs_a_time(tmp_path: Path) -> None:
    file = write(tmp_path / "f.csv", "id,name\nt1,One\n")
    os.utime(file, (4_000_000_000, 4_000_000_000))
    assert "--fetched-at" in imported(tmp_path, file, mapping=tracks()).summary.failed[0]


def test_one_bad_file_does_not_keep_the_others_out(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write(folder / "a.csv", "id,name\nt1,One\n")
    write(folder / "b.csv", b"\x89PNG\r\n\x1a\n\0\0\0\xff" * 9)
    write(folder / "c.csv", "x,y\n1,2\n")
    write(folder / "deep" / "d.tsv", "id\tname\nt2,\tTwo\n")
    write(folder / "notes.md", "no data")
    write(folder / ".hidden.csv", "id,name\nt9,Nine\n")
    done = imported(tmp_path, folder, mapping=tracks())
    assert done.keys == ["t1", "t2,"]
    assert [failure.split(":")[0].rsplit("/")[-1] for failure in done.summary.failed] == ["b.csv", "c.csv"]
    assert [line["level"] for line in done.report] == ["file", "file"]


def test_a_file_none_of_whose_rows_gives_a_record_has_failed(tmp_path: Path) -> None:
    done = imported(tmp_path, write(tmp_path / "f.csv", "id,name\n,One\n,Two\n"), mapping=tracks())
    assert done.summary.failed == [f"{tmp_path / 'f.csv'}: none of its rows gave a record: test may not be for it"]


def test_tables_in_a_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        archive.writestr("a.csv", "id,name\nt1,One\n")
        archive.writestr("deep/b.csv", "id,name\nt2,Two\n")
    done = imported(tmp_path, tmp_path / "f.zip", mapping=tracks())
    assert done.keys == ["t1", "t2"]
    assert list(done.summary.files) == [f"{tmp_path / 'f.zip'}!a.csv", f"{tmp_path / 'f.zip'}!deep/b.csv"]


def test_a_zip_that_is_none_and_a_path_that_is_not_there_are_told_together(tmp_path: Path) -> None:
    broken = write(tmp_path / "f.zip", b"PK\x03\x04 and nothing else")
    with pytest.raises(UsageError) as error:
        imported(tmp_path, broken, tmp_path / "none.csv", mapping=tracks())
    assert len(error.value.problems) == 2


@pytest.mark.parametrize("path", ["x" * 5_000, "~nobody-of-this-name/a.csv", "a\udcffb.csv", "f.zip!" + "x" * 5_000])
def test_a_path_that_no_disk_has_is_told(tmp_path: Path, path: str) -> None:
    with pytest.raises(UsageError, match="there is no such file or folder"):
        imported(tmp_path, path, mapping=tracks())


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        client.put_object(Bucket="lake", Key="in/a.csv", Body=b"id,name\nt1,One\n")
        client.put_object(Bucket="lake", Key="in/b.csv.gz", Body=gzip.compress(b"id,name\nt2,Two\n"))
        client.put_object(Bucket="lake", Key="in/readme.md", Body=b"no data")
        client.put_object(Bucket="lake", Key="in2/c.csv", Body=b"id,name\nt3,Three\n")
        yield "s3://lake"


@pytest.mark.parametrize(("path", "keys"), [("in/a.csv", ["t1"]), ("in", ["t1", "t2"]), ("in/", ["t1", "t2"])])
def test_files_on_s3(tmp_path: Path, bucket: str, path: str, keys: list[str]) -> None:
    done = imported(tmp_path, f"{bucket}/{path}", mapping=tracks())
    assert done.keys == keys
    assert next(iter(done.summary.files)) == "s3://lake/in/a.csv"
    assert all(datetime.fromisoformat(r["fetched_at"]) <= datetime.now(UTC) for r in done.records)


@pytest.mark.parametrize("folder", ["marked", "_exports"])
def test_the_files_of_a_folder_on_s3_are_found_whatever_its_name_or_mark(
    tmp_path: Path, bucket: str, folder: str
) -> None:
    client = boto3.client("s3")
    client.put_object(Bucket="lake", Key=f"{folder}/", Body=b"")
    client.put_object(Bucket="lake", Key=f"{folder}/d.csv", Body=b"id,name\nt4,Four\n")
    client.put_object(Bucket="lake", Key=f"{folder}/_hidden/e.csv", Body=b"id,name\nt5,Five\n")
    for path in (folder, f"{folder}/"):
        assert imported(tmp_path, f"{bucket}/{path}", mapping=tracks()).keys == ["t4"]


@pytest.mark.parametrize("path", ["s3://lake/none", "s3://nowhere/x"])
def test_what_is_not_on_s3_is_told(tmp_path: Path, bucket: str, path: str) -> None:
    with pytest.raises(UsageError, match=path):
        imported(tmp_path, path, mapping=tracks())


def test_the_report_is_a_table_where_its_name_says_so(tmp_path: Path) -> None:
    with Report(tmp_path / "told.csv") as report:
        report.tell("f.csv", 2, 3, "rejected", "wrong number of cells", "2 cells", "a,\nb")
    with (tmp_path / "told.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row == {
        "file": "f.csv",
        "row": "2",
        "line": "3",
        "level": "rejected",
        "reason": "wrong number of cells",
        "detail": "2 cells",
        "raw": "a,\nb",
    }


def test_without_a_report_troubles_are_counted_with_examples(tmp_path: Path) -> None:
    with Report() as report:
        for row in range(1, 6):
            report.tell("f.csv", row, row, "rejected", "track: no id", "no id", "")
    assert report.lines() == ["f.csv: 5 × rejected: track: no id (rows 1, 2, 3, …)"]


def test_a_report_of_a_table_shows_no_personal_column(tmp_path: Path) -> None:
    text = "id,name,ip_addr\n,One,203.0.113.7\nt2,Two\n"
    done = imported(tmp_path, write(tmp_path / "f.csv", text), mapping=tracks())
    assert [line["raw"] for line in done.report if line["level"] == "rejected"] == [
        "[left out: the file has personal columns]",
        '{"id": "", "name": "One"}',
    ]


def test_a_state_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    write(tmp_path / "task.json", "{")
    with pytest.raises(SoundlakeError, match="remove it"):
        ImportState(tmp_path).rows_of("task")
    assert ImportState(tmp_path, anew=True).rows_of("task") == 0


def test_many_small_files_become_few_files_of_records(tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path / "in" / f"{number}.csv", f"id,name\nt{number},Song\n")
    publisher = InMemory()
    done = imported(tmp_path, tmp_path / "in", mapping=tracks(), publisher=publisher)
    assert (len(done.records), publisher.flushes) == (30, 1)
