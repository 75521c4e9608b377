"""The lake on a real S3 server: the same job, read back with another reader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from deltalake import DeltaTable
from on_s3 import new_bucket, settings_on
from pyspark.sql import SparkSession
from reading import silver as silver_of_a_local_lake
from records import envelope
from services.object_store import ObjectStore

from soundlake import stream
from soundlake.lake import Lake
from soundlake.settings import load_settings
from soundlake.storage import Storage
from soundlake.tables import EVENTS, TRACKS


def land(folder: Path, first: int, last: int) -> None:
    (folder / "tracks").mkdir(parents=True, exist_ok=True)
    tracks = [
        envelope("track", {"id": f"t{n}", "name": f"Song {n}", "popularity": n % 100}) for n in range(first, last)
    ]
    (folder / "tracks" / f"{first}.ndjson").write_text("\n".join(json.dumps(track) for track in tracks))


def test_the_stream_writes_the_same_lake_on_s3_as_on_a_disk(
    spark: SparkSession, object_store: ObjectStore, tmp_path: Path
) -> None:
    bucket = new_bucket(object_store)
    files = f"source.files.path={tmp_path / 'records'}"
    on_s3 = settings_on(spark, object_store.url, bucket, files)
    on_disk = load_settings(sets=(files,), lake=str(tmp_path / "lake"), env={})
    for first in (0, 40):
        land(tmp_path / "records", first, first + 50)
        for settings in (on_s3, on_disk):
            stream.run(spark, settings, once=True)
    rows = [
        DeltaTable(f"s3://{bucket}/lake/{TRACKS.path}", storage_options=object_store.storage_options)
        .to_pyarrow_table()
        .to_pylist()
    ]
    assert sorted(repr(row) for row in rows[0]) == silver_of_a_local_lake(tmp_path / "lake")[TRACKS.view]
    assert len(rows[0]) == 90
    events = DeltaTable(f"s3://{bucket}/lake/{EVENTS.path}", storage_options=object_store.storage_options)
    assert events.count() == 100


def test_a_new_file_is_whole_and_never_replaces_another(spark: SparkSession, object_store: ObjectStore) -> None:
    settings = settings_on(spark, object_store.url, new_bucket(object_store))
    storage, name = Storage(spark), f"{Lake(settings.lake.uri).root}/a/file"
    storage.write(name, "one")
    storage.write(name, "one")  # an answer that got lost makes the same write come twice
    with pytest.raises(FileExistsError):
        storage.write(name, "two")
    assert storage.read(name) == "one"
    assert storage.names(f"{Lake(settings.lake.uri).root}/a") == ["file"]
