"""The lake on a real S3 server that fails now and then: the same job, read back with another reader."""

from __future__ import annotations

import json
import re
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from helpers.on_s3 import new_bucket, settings_on
from helpers.reading import silver as silver_of_a_local_lake
from helpers.records import envelope
from helpers.services.faulty_proxy import faulty_proxy
from helpers.services.object_store import ObjectStore, storage_options
from soundlake import stream
from soundlake.errors import SoundlakeError
from soundlake.lake import Lake
from soundlake.ops.delta_logs import trim_logs
from soundlake.settings import load_settings
from soundlake.storage import Storage
from soundlake.tables import BATCHES, EVENTS, TRACKS, Table

pytestmark = pytest.mark.slow


def land(folder: Path, first: int, last: int) -> None:
    (folder / "tracks").mkdir(parents=True, exist_ok=True)
    songs = [{"id": f"t{n}", "name": f"Song {n}", "popularity": n % 100} for n in range(first, last)]
    tracks = [envelope("track", song) for song in songs]
    (folder / "tracks" / f"{first}.ndjson").write_text("\n".join(json.dumps(track) for track in tracks))


def table(store: ObjectStore, bucket: str, declared: Table) -> DeltaTable:
    return DeltaTable(f"s3://{bucket}/lake/{declared.path}", storage_options=storage_options(store.url))


def test_the_lake_on_an_s3_that_fails_now_and_then_is_the_same_as_on_a_disk(
    spark: SparkSession, object_store: ObjectStore, tmp_path: Path
) -> None:
    bucket = new_bucket(object_store)
    files = f"source.files.path={tmp_path / 'records'}"
    on_disk = load_settings(sets=[files], lake=str(tmp_path / "lake"), env={})
    with faulty_proxy(object_store.url) as s3:
        on_s3 = settings_on(spark, s3.url, bucket, files, scheme="s3a")
        for kind in (r"bronze/events/.*\.parquet", r"silver/tracks/.*\.parquet", r"_delta_log/\d+\.json", "/offsets/"):
            s3.fail("PUT", kind, "before", times=2)
            s3.fail("PUT", kind, "after", times=2)
            s3.fail("PUT", kind, "after", times=1, status=0)
        s3.fail("GET", r"_delta_log/\d+\.json", "before", times=2)
        s3.fail("HEAD", "_delta_log", "before", times=2)
        for first in (0, 40):
            land(tmp_path / "records", first, first + 50)
            for settings in (on_s3, on_disk):
                stream.run(spark, settings, once=True)
        assert {fault.times for fault in s3.faults} == {0}
    rows = table(object_store, bucket, TRACKS).to_pyarrow_table().to_pylist()
    assert sorted(repr(row) for row in rows) == silver_of_a_local_lake(tmp_path / "lake")[TRACKS.view]
    assert len(rows) == 90
    assert table(object_store, bucket, EVENTS).count() == 100
    batches = table(object_store, bucket, BATCHES).to_pyarrow_table().to_pylist()
    assert [batch["read"] for batch in sorted(batches, key=lambda batch: batch["batch_id"])] == [50, 50]


def test_a_log_is_listed_from_where_news_may_be_and_not_as_a_whole(
    spark: SparkSession, object_store: ObjectStore, tmp_path: Path
) -> None:
    with faulty_proxy(object_store.url) as s3:
        bucket = new_bucket(object_store)
        land(tmp_path / "records", 0, 5)
        stream.run(spark, settings_on(spark, s3.url, bucket, f"source.files.path={tmp_path / 'records'}"), once=True)
        listed = {path for method, path, _ in s3.passed if method == "GET" and "list-type=2" in path}
    # With two keys at most it is only asked whether there is a folder.
    logs = {path for path in listed if re.search("_delta_log(%2F)?(&|$)", path) and "max-keys=2&" not in path}
    assert len(logs) > 5
    assert {path for path in logs if "start-after=" not in path} == set()


def test_a_stream_goes_on_where_it_was_after_its_logs_were_trimmed(
    spark: SparkSession, object_store: ObjectStore, tmp_path: Path
) -> None:
    bucket, files = new_bucket(object_store), f"source.files.path={tmp_path / 'records'}"
    sets = ("source.files.max_files_per_trigger=1", "refine.max_bytes_per_trigger=1b")  # several batches
    made = settings_on(spark, object_store.url, bucket, files, *sets)
    # Two commits are kept, and nothing is too young.
    own = made.maintain.model_copy(update={"log_commits": 2, "retention_hours": -1})
    settings, lake = made.model_copy(update={"maintain": own}), Lake(made.lake.uri)
    land(tmp_path / "records", 0, 1)
    stream.run(spark, settings, once=True)
    assert lake.property(spark, EVENTS, "delta.enableExpiredLogCleanup") == "false"
    lake.set_property(spark, EVENTS, "delta.checkpointInterval", "1")
    for first in range(1, 7):
        land(tmp_path / "records", first, first + 1)
    stream.run(spark, settings, once=True)
    assert trim_logs(spark, lake, settings) > 0
    log = object_store.keys(bucket, f"lake/{EVENTS.path}/_delta_log/")
    assert f"{0:020}.json" not in {Path(name).name for name in log}
    land(tmp_path / "records", 7, 9)
    stream.run(spark, settings, once=True)
    assert table(object_store, bucket, EVENTS).count() == 9
    assert table(object_store, bucket, TRACKS).count() == 9


@pytest.mark.parametrize("committed", [EVENTS, BATCHES])
def test_a_commit_whose_answers_are_all_lost_fails_in_time_and_is_recognised_at_the_next_start(
    spark: SparkSession, object_store: ObjectStore, tmp_path: Path, committed: Table
) -> None:
    bucket = new_bucket(object_store)
    with faulty_proxy(object_store.url) as s3:
        files = f"source.files.path={tmp_path / 'records'}"
        settings = settings_on(spark, s3.url, bucket, files, "s3.attempts=2")
        land(tmp_path / "records", 0, 10)
        stream.run(spark, settings, once=True)
        land(tmp_path / "records", 10, 20)
        s3.fail("PUT", rf"{committed.path}/_delta_log/\d+\.json", "after", times=1000)
        with pytest.raises(SoundlakeError, match="stopped"):
            stream.run(spark, settings, once=True)
        written = table(object_store, bucket, committed).version()
        s3.heal()
        stream.run(spark, settings, once=True)
    assert table(object_store, bucket, committed).version() == written
    assert table(object_store, bucket, EVENTS).count() == 20
    assert table(object_store, bucket, TRACKS).count() == 20
    assert sum(batch["read"] for batch in table(object_store, bucket, BATCHES).to_pyarrow_table().to_pylist()) == 20


def test_a_new_file_is_whole_and_never_replaces_another(spark: SparkSession, object_store: ObjectStore) -> None:
    settings = settings_on(spark, object_store.url, new_bucket(object_store))
    storage, name = Storage(spark), f"{Lake(settings.lake.uri).root}/a/file"
    storage.write(name, "one")
    storage.write(name, "one")  # an answer that got lost makes the same write come twice
    with pytest.raises(FileExistsError):
        storage.write(name, "two")
    assert storage.read(name) == "one"
    assert storage.names(f"{Lake(settings.lake.uri).root}/a") == ["file"]


def test_what_is_written_is_encrypted_with_the_key_of_the_settings(
    spark: SparkSession, object_store: ObjectStore, aws: str, tmp_path: Path
) -> None:
    # SeaweedFS has no KMS; moto keeps what a write asks for. The store's fixture brings the credentials.
    s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=aws)
    bucket, key = f"encrypted-{uuid4().hex[:12]}", "arn:aws:kms:us-east-1:123456789012:key/of-a-test"
    s3.create_bucket(Bucket=bucket)
    land(tmp_path / "records", 0, 5)
    files = f"source.files.path={tmp_path / 'records'}"
    stream.run(spark, settings_on(spark, aws, bucket, files, f"s3.kms_key_id={key}"), once=True)
    written = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    told = {name: s3.head_object(Bucket=bucket, Key=name) for name in written if not name.endswith("/")}
    assert any(name.endswith(".parquet") for name in told)
    assert any("_delta_log" in name for name in told)
    found = {name: (answer.get("ServerSideEncryption"), answer.get("SSEKMSKeyId")) for name, answer in told.items()}
    assert found == dict.fromkeys(told, ("aws:kms", key))
