"""One driver at a time: the lease on a local lake, and on S3 (moto's, whose conditional puts are atomic)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from helpers.services.moto import moto_server
from soundlake.errors import SoundlakeError
from soundlake.launch.paths import JOBS
from soundlake.lock import TakenError
from soundlake.ops import lease as leases
from soundlake.ops.lease import Lease, LeaseLostError, lease, try_lease
from soundlake.settings import Settings, load_settings

pytestmark = pytest.mark.heavy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PATIENCE_SECONDS = 20
BUCKET, KEY = "lakes", "mine/_leases/writer.lock"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> S3Client:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client: S3Client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=BUCKET)
    client.delete_object(Bucket=BUCKET, Key=KEY)
    return client


@pytest.fixture
def on_s3(s3: S3Client, endpoint: str) -> Settings:
    return load_settings(None, [f"s3.endpoint_url={endpoint}"], lake=f"s3://{BUCKET}/mine", env={})


@pytest.fixture
def local(tmp_path: Path) -> Settings:
    return load_settings(None, [], lake=str(tmp_path / "lake"), env={})


@pytest.fixture(params=["local", "on_s3"])
def anywhere(request: pytest.FixtureRequest) -> Settings:
    settings: Settings = request.getfixturevalue(request.param)
    return settings


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that end after a second, so that a test need not wait."""
    monkeypatch.setattr(leases, "SECONDS", 1.0)
    monkeypatch.setattr(leases, "_MARGIN_SECONDS", 0.2)


def await_that(is_so: Any) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert monotonic() < deadline
        threading.Event().wait(0.02)


def document(s3: S3Client) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read())
    return found


def test_a_second_driver_is_refused_with_who_holds_the_lease(anywhere: Settings) -> None:
    with lease(anywhere, "rebuild"), pytest.raises(TakenError) as refused, lease(anywhere, "stream"):
        pass
    assert str(refused.value).startswith("stream: already at work on this lake: rebuild on ")
    assert f"{socket.gethostname()}, process {os.getpid()}, since 20" in str(refused.value)


def test_a_lease_is_free_when_its_work_has_ended_or_failed(anywhere: Settings) -> None:
    with lease(anywhere, "stream"):
        pass
    with pytest.raises(ZeroDivisionError), lease(anywhere, "stream"):
        raise ZeroDivisionError
    with try_lease(anywhere, "rebuild") as is_held:
        assert is_held


def test_trying_says_that_another_has_it(anywhere: Settings) -> None:
    with lease(anywhere, "stream"), try_lease(anywhere, "train_clusters") as is_held:
        assert not is_held


def test_a_local_lease_goes_with_a_process_that_is_killed(local: Settings) -> None:
    code = (
        "import sys; from soundlake.ops.lease import lease; from soundlake.settings import load_settings\n"
        "with lease(load_settings(None, [], lake=sys.argv[1], env={}), 'stream'): print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", code, local.lake.uri]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(TakenError, match=f"process {other.pid}"), lease(local, "rebuild"):
            pass
        other.kill()
    with lease(local, "rebuild"):
        pass


@pytest.mark.parametrize("job", ["rebuild", "replay_rejected"])
def test_a_job_beside_the_stream_is_refused_before_spark_starts(local: Settings, job: str) -> None:
    (Path(local.lake.uri) / "bronze").mkdir(parents=True)
    command = [sys.executable, str(JOBS / f"{job}.py"), "--lake", local.lake.uri]
    with lease(local, "stream"):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"{job}: already at work on this lake: stream on {socket.gethostname()}" in done.stderr
    assert not list(Path(local.lake.uri).glob("_[!l]*"))


def test_of_many_that_begin_at_once_on_s3_one_gets_the_lease(on_s3: Settings) -> None:
    begin, end = threading.Barrier(6), threading.Barrier(6)

    def drive(number: int) -> bool:
        begin.wait()
        with try_lease(on_s3, f"driver {number}") as is_held:
            end.wait()
            return is_held

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(drive, range(6))) == 1


@pytest.mark.usefixtures("quick")
def test_a_lease_on_s3_is_renewed_while_the_work_goes_on(on_s3: Settings, s3: S3Client) -> None:
    with lease(on_s3, "stream") as held:
        first = document(s3)["expires_at"]
        await_that(lambda: document(s3)["expires_at"] > first + 1)
        with try_lease(on_s3, "rebuild") as is_held:
            assert not is_held
        held.check()


@pytest.mark.usefixtures("quick")
def test_a_lease_on_s3_is_taken_over_after_its_end(on_s3: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as died, lease(on_s3, "stream") as lost:
        died.setattr(Lease, "renew", lambda _: None)
        await_that(lambda: lost.is_lost)
        await_that(lambda: taken_over(on_s3))
        with pytest.raises(LeaseLostError, match="stream: lost its lock s3://lakes/mine/_leases/writer.lock"):
            lost.check()


def taken_over(settings: Settings) -> bool:
    with try_lease(settings, "rebuild") as is_held:
        return is_held


@pytest.mark.usefixtures("quick")
def test_a_holder_notices_that_another_has_its_lease(on_s3: Settings, s3: S3Client) -> None:
    with lease(on_s3, "stream") as held:
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=json.dumps(document(s3) | {"owner": "another"}))
        await_that(lambda: held.is_lost)
    assert document(s3)["owner"] == "another"


@pytest.mark.usefixtures("quick")
def test_a_holder_that_cannot_reach_s3_loses_its_lease_in_time(
    on_s3: Settings, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from soundlake.lock import BucketLock

    def unreachable(_: BucketLock) -> None:
        raise SoundlakeError("no route to host")

    with lease(on_s3, "stream") as held:
        monkeypatch.setattr(BucketLock, "keep", unreachable)
        until = document(s3)["expires_at"]
        await_that(lambda: held.is_lost)
        assert document(s3)["expires_at"] == until
