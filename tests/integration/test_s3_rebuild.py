"""The lease, a rebuild and a replay on a real S3 server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from on_s3 import new_bucket, settings_on
from pyspark.sql import SparkSession
from records import envelope
from services.object_store import ObjectStore

from soundlake import stream
from soundlake.extract.landed.lock import TakenError
from soundlake.lake import Lake
from soundlake.ops.lease import lease
from soundlake.ops.rebuild import rebuild
from soundlake.ops.replay import replay
from soundlake.tables import BATCHES, EVENTS, REJECTED, TRACKS, Table


def left(store: ObjectStore, bucket: str, prefix: str) -> list[str]:
    """The objects below a prefix, but for those that stand for an empty folder."""
    return [key for key in store.keys(bucket, prefix) if not key.endswith("/")]


def test_a_lake_on_s3_is_leased_rebuilt_and_replayed(
    spark: SparkSession, object_store: ObjectStore, tmp_path: Path
) -> None:
    bucket, landed = new_bucket(object_store), tmp_path / "landed" / "tracks"
    landed.mkdir(parents=True)
    settings = settings_on(spark, object_store.url, bucket, f"source.files.path={landed.parent}")

    def land(name: str, *payloads: dict[str, Any]) -> None:
        (landed / name).write_text("\n".join(json.dumps(envelope("track", payload)) for payload in payloads))

    def found(table: Table) -> list[dict[str, Any]]:
        uri = f"s3://{bucket}/lake/{table.path}"
        rows = DeltaTable(uri, storage_options=object_store.storage_options).to_pyarrow_table().to_pylist()
        return sorted(rows, key=repr)

    land("1.ndjson", {"id": "t1", "name": "One"}, {"name": "no id"})
    stream.run(spark, settings, once=True)
    before = found(TRACKS)
    lake = Lake(settings.lake.uri)
    with lease(settings, "rebuild") as held:
        with pytest.raises(TakenError, match="already at work on this lake: rebuild on"):
            stream.run(spark, settings, once=True)
        rebuild(spark, lake, "1k", held.check, lambda _: None)
        assert found(TRACKS) == before
        assert left(object_store, bucket, "lake/_rebuild") == []
        assert replay(spark, lake, held.check)["rejected"] == 1
        assert left(object_store, bucket, "lake/_replay") == []
    land("2.ndjson", {"id": "t2", "name": "Two"})
    stream.run(spark, settings, once=True)
    assert [row["track_id"] for row in found(TRACKS)] == ["t1", "t2"]
    assert len(found(EVENTS)) == 3
    assert len(found(REJECTED)) == 1
    assert sum(row["read"] for row in found(BATCHES) if row["query"] == "refine") == 3
