"""Small files behave the same in a folder and on S3."""

from __future__ import annotations

import stat
from pathlib import Path

import boto3
import pytest

from soundlake.errors import SoundlakeError
from soundlake.settings import load_settings
from soundlake.small_files import SmallFiles, open_files

pytestmark = pytest.mark.heavy

BUCKET = "bucket"


@pytest.fixture(params=["folder", "bucket"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> SmallFiles:
    if request.param == "folder":
        return open_files(str(tmp_path), load_settings(env={}))
    request.getfixturevalue("emulated_aws")
    boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return open_files(f"s3a://{BUCKET}/below/", load_settings(env={}))


def test_what_was_written_last_is_read(files: SmallFiles) -> None:
    files.write("state.json", b"first")
    files.write("state.json", b"second")
    assert files.read("state.json") == b"second"


def test_a_file_that_is_not_there_is_none_and_can_be_removed(files: SmallFiles) -> None:
    files.write("state.json", b"x")
    files.remove("state.json")
    files.remove("state.json")
    assert files.read("state.json") is None


def test_names_are_those_of_one_folder(files: SmallFiles, tmp_path: Path) -> None:
    (tmp_path / "commits").mkdir()
    files.write("commits/0", b"v1")
    files.write("other", b"")
    assert (files.names("commits"), files.names("none")) == (["0"], [])


def test_only_the_owner_may_read_what_is_written_here(tmp_path: Path) -> None:
    open_files(str(tmp_path), load_settings(env={})).write("token.json", b"{}")
    assert stat.S_IMODE((tmp_path / "token.json").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["token.json"]


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SoundlakeError, match=f"cannot write {tmp_path}/none/x: No such file or directory"):
        open_files(str(tmp_path), load_settings(env={})).write("none/x", b"")


@pytest.mark.usefixtures("emulated_aws")
def test_a_bucket_that_is_not_there_is_named() -> None:
    with pytest.raises(SoundlakeError, match="cannot write s3://no-bucket/x: .*NoSuchBucket"):
        open_files("s3://no-bucket", load_settings(env={})).write("x", b"")
