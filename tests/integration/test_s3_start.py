"""A lake on S3 that cannot be reached is one line, before Spark starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.on_s3 import new_bucket
from helpers.services.kinesis import CREDENTIALS
from helpers.services.object_store import ObjectStore
from helpers.services.ports import free_ports
from soundlake.launch.jobs import REGISTRY
from soundlake.lease import lease
from soundlake.settings import load_settings

Run = subprocess.CompletedProcess[str]


def stream(store: str, lake: str, records: Path, **env: str) -> Run:
    """The launcher's own process; without Java it could not go on, were there no error."""
    records.mkdir(exist_ok=True)
    hidden = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "JAVA_"))}
    environment = {**hidden, "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(records), **env}
    sets = (f"--set=s3.endpoint_url={store}", "--set=s3.region=us-east-1", f"--set=source.files.path={records}")
    command = [sys.executable, "-m", "soundlake.launch", "stream", "--once", f"--lake={lake}", *sets]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def the_line(run: Run) -> str:
    (line,) = run.stderr.splitlines()
    return line


def test_a_missing_bucket_is_one_line(object_store: ObjectStore, tmp_path: Path) -> None:
    run = stream(object_store.url, "s3://there-is-none/lake", tmp_path / "records", **CREDENTIALS)
    assert "lake.uri: s3://there-is-none/lake: there is no bucket there-is-none" in the_line(run)
    assert run.returncode == 2


def test_missing_credentials_are_one_line(object_store: ObjectStore, tmp_path: Path) -> None:
    run = stream(object_store.url, f"s3a://{new_bucket(object_store)}/lake", tmp_path / "records")
    assert "Unable to locate credentials: set AWS_PROFILE, or AWS_REGION and credentials" in the_line(run)
    assert run.returncode == 2


@pytest.mark.parametrize("wrong", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_credentials_are_one_line_that_does_not_tell_them(
    object_store: ObjectStore, tmp_path: Path, wrong: str
) -> None:
    env = {**CREDENTIALS, wrong: "something-else"}
    run = stream(object_store.url, f"s3://{new_bucket(object_store)}/lake", tmp_path / "records", **env)
    assert "S3 does not let these credentials in" in the_line(run)
    assert "something-else" not in run.stderr
    assert run.returncode == 2


def test_an_s3_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    run = stream(f"http://127.0.0.1:{port}", "s3://bucket/lake", tmp_path / "records", **CREDENTIALS)
    assert "lake.uri: s3://bucket/lake: S3 does not answer" in the_line(run)
    assert run.returncode == 1


def test_a_bucket_without_a_lake_is_told_by_jobs_that_need_one(object_store: ObjectStore, tmp_path: Path) -> None:
    bucket = new_bucket(object_store)
    sets = [f"--set=s3.endpoint_url={object_store.url}", f"--lake=s3://{bucket}/lake"]
    command = [sys.executable, "-m", "soundlake.launch", "build_insights", *sets]
    run = subprocess.run(command, env={**os.environ, **CREDENTIALS}, capture_output=True, text=True, timeout=60)
    assert f"there is no lake at s3://{bucket}/lake: run demo or stream with it first" in the_line(run)
    assert run.returncode == 2


def test_maintenance_beside_a_stream_leaves_it_to_the_stream(
    object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    bucket = new_bucket(object_store)
    object_store.client().put_object(Bucket=bucket, Key="lake/bronze/events/x", Body=b"a lake")
    sets = [f"s3.endpoint_url={object_store.url}", "s3.region=us-east-1"]
    command = [sys.executable, str(REGISTRY["maintain"].file), f"--lake=s3://{bucket}/lake"]
    with lease(load_settings(sets=sets, lake=f"s3://{bucket}/lake", env={}), "stream"):
        asked = [*command, *(f"--set={setting}" for setting in sets)]
        run = subprocess.run(asked, env={**os.environ, **CREDENTIALS}, capture_output=True, text=True, timeout=60)
    assert "a running stream maintains it by itself" in run.stdout
    assert run.returncode == 0
