"""One driver at a time: the lease on a local lake, and on S3 (moto's, whose conditional puts are atomic)."""

from __future__ import annotations

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from helpers.services.moto import moto_server
from soundlake import lease as leases
from soundlake.errors import SoundlakeError
from soundlake.insights import all_tables
from soundlake.launch.arguments import JobArguments
from soundlake.launch.paths import JOBS
from soundlake.lease import Lease, LeaseLostError, lease, try_lease
from soundlake.lock import BucketLock, TakenError
from soundlake.ops import writing
from soundlake.settings import Settings, load_settings
from soundlake.settings.bucket import open_s3
from soundlake.settings.types import in_seconds
from soundlake.tables import RECOMMENDATIONS, TRACK_CLUSTERS

pytestmark = pytest.mark.heavy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PATIENCE_SECONDS = 20
OWN = ("train_clusters", "build_insights", "recommend", "forecast", "export")  # jobs with tables of their own
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
    sets = [f"s3.endpoint_url={endpoint}", "lake.lease_wait=0 seconds"]
    return load_settings(None, sets, lake=f"s3://{BUCKET}/mine", env={})


@pytest.fixture
def local(tmp_path: Path) -> Settings:
    return load_settings(None, ["lake.lease_wait=0 seconds"], lake=str(tmp_path / "lake"), env={})


@pytest.fixture(params=["local", "on_s3"])
def anywhere(request: pytest.FixtureRequest) -> Settings:
    settings: Settings = request.getfixturevalue(request.param)
    return settings


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that end after a second, so that a test need not wait."""
    monkeypatch.setattr(leases, "SECONDS", 1.0)
    monkeypatch.setattr(leases, "_MARGIN_SECONDS", 0.2)


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits looks often."""
    monkeypatch.setattr(leases, "_LOOK_AGAIN_SECONDS", 0.02)


def waiting(settings: Settings, time: str = "20 seconds") -> Settings:
    return settings.model_copy(update={"lake": settings.lake.model_copy(update={"lease_wait": time})})


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
        "import sys; from soundlake.lease import lease; from soundlake.settings import load_settings\n"
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


def test_a_job_waits_for_another_to_end_and_says_for_whom(anywhere: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with ThreadPoolExecutor(1) as pool:
        with lease(anywhere, "rebuild"):
            second = pool.submit(held_by, waiting(anywhere), "stream")
            await_that(lambda: "waiting for another job" in caplog.text)
            assert not second.done()
        assert second.result(PATIENCE_SECONDS) == "stream"
    assert "stream: already at work on this lake: rebuild on " in caplog.text


def held_by(settings: Settings, job: str) -> str:
    with lease(settings, job):
        return job


@pytest.mark.usefixtures("quick")
def test_a_second_attempt_waits_for_the_lease_of_one_that_died(
    on_s3: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as died, suppress(LeaseLostError), lease(on_s3, "stream"):
        died.setattr(Lease, "renew", lambda _: None)
        with lease(waiting(on_s3), "stream") as held:
            held.check()


def test_a_renewal_whose_answer_was_lost_is_no_loss_of_the_lease(
    on_s3: Settings, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = BucketLock(on_s3.lake.uri, s3, name="writer", job="stream", seconds=60.0)
    lock.take()
    put = s3.put_object
    with monkeypatch.context() as failing:

        def stored_but_unheard(**asked: Any) -> Any:
            put(**asked)
            raise EndpointConnectionError(endpoint_url="http://s3")

        failing.setattr(s3, "put_object", stored_but_unheard)
        failing.setattr(lock, "_now", lambda: time.time() + 25)
        with pytest.raises(SoundlakeError):
            lock.keep()
    monkeypatch.setattr(lock, "_now", lambda: time.time() + 35)
    lock.keep()
    assert lock.until > time.time() + 90


def test_a_request_that_hangs_leaves_time_for_others_before_the_lease_is_lost(
    on_s3: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def opened(settings: Settings, attempts: int, **options: Any) -> S3Client:
        asked.update(options, attempts=attempts)
        return open_s3(settings, attempts, **options)

    monkeypatch.setattr(leases, "open_s3", opened)
    with lease(on_s3, "stream"):
        pass
    first_at = leases.SECONDS / 3 + leases.SECONDS / leases._RENEWALS
    one = asked["connect_timeout"] + asked["read_timeout"]
    assert asked["attempts"] > 1
    assert first_at + 2 * one < leases.SECONDS - leases._MARGIN_SECONDS


WRITER = """
import sys
from soundlake import lease as leases
from soundlake.launch.report import reported
from soundlake.settings import load_settings

leases.SECONDS, leases._MARGIN_SECONDS = 1.0, 0.2
with reported(), leases.lease(load_settings(sets=[sys.argv[1]], lake=sys.argv[2], env={}), "stream") as held:
    print("held", flush=True)
    input()
    held.check()
    print("written", flush=True)
"""


def test_a_process_that_was_stopped_past_its_lease_writes_nothing_more(on_s3: Settings) -> None:
    command = [sys.executable, "-c", WRITER, f"s3.endpoint_url={on_s3.s3.endpoint_url}", on_s3.lake.uri]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as zombie:
        assert zombie.stdout is not None
        assert zombie.stdout.readline() == "held\n"
        zombie.send_signal(signal.SIGSTOP)
        with lease(waiting(on_s3), "rebuild"):
            zombie.send_signal(signal.SIGCONT)
            printed, said = zombie.communicate("\n", timeout=PATIENCE_SECONDS)
    assert (zombie.returncode, printed) == (1, "")
    assert "soundlake: stream: lost its lock s3://lakes/mine/_leases/writer.lock" in said


def test_a_job_waits_by_default_for_longer_than_a_dead_one_keeps_its_lease() -> None:
    assert in_seconds(load_settings(env={}).lake.lease_wait) > leases.SECONDS + leases._MARGIN_SECONDS


def test_a_job_that_waited_in_vain_says_for_whom_and_how_long(anywhere: Settings) -> None:
    with (
        lease(anywhere, "rebuild"),
        pytest.raises(TakenError, match=r"already at work on this lake: rebuild on .*waited 1 second for it"),
        lease(waiting(anywhere, "1 second"), "stream"),
    ):
        pass


def test_jobs_that_write_other_tables_do_not_wait_for_each_other(anywhere: Settings) -> None:
    with lease(anywhere, "stream"), lease(anywhere, "train_clusters", "train_clusters") as held:
        held.check()


@pytest.mark.usefixtures("quick")
def test_what_failed_because_the_lease_was_lost_says_so(on_s3: Settings, s3: S3Client) -> None:
    def fail() -> None:
        with lease(on_s3, "stream") as held:
            another_takes_it(s3, held)
            raise ZeroDivisionError

    with pytest.raises(LeaseLostError):
        fail()


def test_every_table_has_the_lease_of_a_job() -> None:
    tables = all_tables()
    assert {table.lease for table in tables} == {"writer", *OWN} - {"export"}


def test_what_a_stream_keeps_up_is_written_with_its_lease() -> None:
    assert (TRACK_CLUSTERS.lease, RECOMMENDATIONS.lease) == ("writer", "writer")


@pytest.mark.parametrize("job", OWN)
def test_a_batch_job_beside_itself_is_refused_before_spark_starts(
    local: Settings, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "open_session", lambda *_: pytest.fail("Spark was started"))
    run = runpy.run_path(str(JOBS / f"{job}.py"))["run"]
    with (
        lease(local, "another", job),
        pytest.raises(TakenError, match=f"{job}: already at work on this lake: another on {socket.gethostname()}"),
    ):
        run(JobArguments(local))


@pytest.mark.parametrize("job", ["rebuild", "replay_rejected"])
def test_a_job_beside_the_stream_is_refused_before_spark_starts(local: Settings, job: str) -> None:
    (Path(local.lake.uri) / "bronze").mkdir(parents=True)
    command = [sys.executable, str(JOBS / f"{job}.py"), "--lake", local.lake.uri, "--set", "lake.lease_wait=0 seconds"]
    with lease(local, "stream"):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"{job}: already at work on this lake: stream on {socket.gethostname()}" in done.stderr
    assert not list(Path(local.lake.uri).glob("_[!l]*"))


def test_of_many_that_begin_at_once_on_s3_one_gets_the_lease(on_s3: Settings) -> None:
    begin, end = threading.Barrier(6), threading.Barrier(6)

    def drive(number: int) -> bool:
        begin.wait()
        with try_lease(on_s3, f"driver {number}") as held:
            end.wait()
            return held is not None

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(drive, range(6))) == 1


@pytest.mark.usefixtures("quick")
def test_a_lease_on_s3_is_renewed_while_the_work_goes_on(
    on_s3: Settings, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "SECONDS", 3.0)  # a busy machine renews late
    with lease(on_s3, "stream") as held:
        first = document(s3)["expires_at"]
        await_that(lambda: document(s3)["expires_at"] > first + 1)
        with try_lease(on_s3, "rebuild") as is_held:
            assert not is_held
        held.check()


@pytest.mark.usefixtures("quick")
def test_a_lease_on_s3_is_taken_over_after_its_end(on_s3: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    says = pytest.raises(LeaseLostError, match="stream: lost its lock s3://lakes/mine/_leases/writer.lock")
    with says, monkeypatch.context() as died, lease(on_s3, "stream") as lost:
        died.setattr(Lease, "renew", lambda _: None)
        await_that(lambda: lost.is_lost)
        await_that(lambda: taken_over(on_s3))
        lost.check()


def taken_over(settings: Settings) -> bool:
    with try_lease(settings, "rebuild") as held:
        return held is not None


def another_takes_it(s3: S3Client, held: Lease) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=json.dumps(document(s3) | {"owner": "another"}))
    await_that(lambda: held.is_lost)


@pytest.mark.usefixtures("quick")
def test_a_holder_notices_that_another_has_its_lease(on_s3: Settings, s3: S3Client) -> None:
    with pytest.raises(LeaseLostError), lease(on_s3, "stream") as held:
        another_takes_it(s3, held)
    assert document(s3)["owner"] == "another"


def test_who_hears_at_a_renewal_that_another_has_its_lease_stops_at_once(s3: S3Client) -> None:
    now = [time.time()]
    lock = BucketLock(f"s3://{BUCKET}/mine", s3, lambda: now[0], name="writer", job="stream", seconds=60)
    lock.take()
    held = Lease(lock)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=json.dumps(document(s3) | {"owner": "another"}))
    now[0] += 40  # it is renewed after half of its time
    held.renew()
    with pytest.raises(LeaseLostError, match="lost its lock"):
        held.check()


@pytest.mark.parametrize(("seconds", "is_lost"), [(60, False), (9, True)])
def test_a_lease_counts_as_lost_ten_seconds_before_its_end(s3: S3Client, seconds: float, is_lost: bool) -> None:
    lock = BucketLock(f"s3://{BUCKET}/mine", s3, name="writer", job="writer", seconds=seconds)
    lock.take()
    assert Lease(lock).is_lost == is_lost


def test_a_lock_that_has_ended_is_lost_where_nobody_took_it_too(s3: S3Client) -> None:
    now = [1000.0]
    lock = BucketLock(f"s3://{BUCKET}/mine", s3, lambda: now[0], name="writer", job="writer", seconds=60)
    lock.take()
    now[0] += 61
    with pytest.raises(SoundlakeError, match="lost its lock"):
        lock.keep()


@pytest.mark.usefixtures("quick")
def test_a_holder_that_cannot_reach_s3_loses_its_lease_in_time(
    on_s3: Settings, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_: BucketLock) -> None:
        raise SoundlakeError("no route to host")

    def work() -> None:
        with lease(on_s3, "stream") as held:
            monkeypatch.setattr(BucketLock, "keep", unreachable)
            until = document(s3)["expires_at"]
            await_that(lambda: held.is_lost)
            assert document(s3)["expires_at"] == until

    with pytest.raises(LeaseLostError):
        work()
