"""Commits to a Delta log on S3 where another driver is at work in the same moment (s3.conditional_commits)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable

from helpers.building import envelope
from helpers.log_writer import DELTAS_OWN, LogWriter, actions, commit_key, compiled
from helpers.on_s3 import new_bucket
from helpers.services.faulty_proxy import Fault, Proxy, faulty_proxy
from helpers.services.kinesis import CREDENTIALS
from helpers.services.object_store import ObjectStore
from soundlake.launch.versions import installed_spark_line
from soundlake.s3 import LOG_STORE
from soundlake.tables import TRACKS

pytestmark = [pytest.mark.heavy, pytest.mark.slow]  # slow, as `make test` needs no JDK


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("log-store"))


@pytest.fixture
def proxy(object_store: ObjectStore) -> Iterator[Proxy]:
    with faulty_proxy(object_store.url) as found:
        yield found


def another_driver_is_first(proxy: Proxy, store: ObjectStore, bucket: str) -> None:
    """Whenever a commit is put, that of another driver has just been put there."""
    client, faults = store.client(), proxy.fault_for

    def fault_for(method: str, path: str) -> Fault | None:
        key = path.partition("?")[0].removeprefix(f"/{bucket}/")
        if method == "PUT" and key == commit_key(0):
            client.put_object(Bucket=bucket, Key=key, Body=f"{actions('another')}\n".encode())
        return faults(method, path)

    proxy.fault_for = fault_for  # type: ignore[method-assign]


def there(store: ObjectStore, bucket: str) -> str:
    return store.client().get_object(Bucket=bucket, Key=commit_key(0))["Body"].read().decode().strip()


@pytest.mark.parametrize(("name", "told", "kept"), [(DELTAS_OWN, True, "this"), (LOG_STORE, False, "another")])
def test_a_commit_whose_number_another_driver_takes_meanwhile_is_refused_by_conditional_puts_only(
    object_store: ObjectStore, proxy: Proxy, classes: Path, name: str, told: bool, kept: str
) -> None:
    bucket = new_bucket(object_store)
    another_driver_is_first(proxy, object_store, bucket)
    log = LogWriter(name, classes, proxy.url, bucket)
    assert log.commit(0, "this") is told
    assert there(object_store, bucket) == actions(kept)
    log.close()


def test_a_commit_whose_answer_is_lost_is_known_as_ones_own(
    object_store: ObjectStore, proxy: Proxy, classes: Path
) -> None:
    bucket = new_bucket(object_store)
    log = LogWriter(LOG_STORE, classes, proxy.url, bucket)
    proxy.fail("PUT", r"_delta_log", "after")
    assert log.commit(0, "this")
    assert there(object_store, bucket) == actions("this")
    assert not log.commit(0, "that")
    log.close()


def test_a_stream_that_is_asked_for_it_writes_the_lake_by_it(object_store: ObjectStore, tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    lines = [json.dumps(envelope("track", {"id": f"track-{number}", "name": "a name"})) for number in range(3)]
    (records / "tracks.ndjson").write_text("\n".join(lines))
    bucket = new_bucket(object_store)
    sets = [f"s3.endpoint_url={object_store.url}", "s3.region=us-east-1", "s3.conditional_commits=true"]
    sets += [f"source.files.path={records}"]
    job = [sys.executable, "-m", "soundlake.launch", "stream", "--once", f"--lake=s3://{bucket}/lake"]
    command = [*job, *(f"--set={one}" for one in sets)]
    for _ in range(2):
        subprocess.run(command, env={**os.environ, **CREDENTIALS}, check=True, timeout=300)
    assert list(installed_spark_line().s3_jars.glob("soundlake-log-store-*.jar"))
    table = DeltaTable(f"s3://{bucket}/lake/{TRACKS.path}", storage_options=object_store.storage_options)
    assert table.count() == 3
