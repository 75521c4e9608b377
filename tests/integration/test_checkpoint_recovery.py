"""A stream whose checkpoint is lost goes on where bronze ends, when the source still is what bronze was read from."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from helpers.landing import land, settings_of
from helpers.reading import rows
from helpers.records import envelope
from helpers.services.kafka import Broker
from soundlake import stream
from soundlake.errors import SoundlakeError
from soundlake.settings import Settings, load_settings
from soundlake.tables import EVENTS, TRACKS

pytestmark = pytest.mark.slow


def places(lake: Path) -> Counter[tuple[Any, ...]]:
    return Counter((row["stream"], row["partition"], row["position"]) for row in rows(lake, EVENTS))


@pytest.fixture
def landed(tmp_path: Path) -> Path:
    land(tmp_path / "landed", "a [1] é.ndjson", "t1", "t2")
    return tmp_path / "landed"


@pytest.fixture
def lake(spark: SparkSession, landed: Path, tmp_path: Path) -> Path:
    """A lake that was read into once; another file has come since."""
    stream.run(spark, settings_of(tmp_path / "lake", landed), once=True)
    land(landed, "b.ndjson", "t3")
    return tmp_path / "lake"


@pytest.mark.parametrize(
    "loss", ["deleted", *[pytest.param(other, marks=pytest.mark.faults) for other in ("foreign", "cut off")]]
)
def test_files_that_bronze_holds_are_not_read_again(
    spark: SparkSession, lake: Path, landed: Path, loss: str, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = lake / "_checkpoints" / "ingest"
    if loss == "deleted":
        shutil.rmtree(checkpoint)
    elif loss == "foreign":
        (checkpoint / "metadata").write_text('{"id": "another"}')
        (checkpoint / ".metadata.crc").unlink(missing_ok=True)
    else:
        for log in ("offsets", "commits"):
            shutil.rmtree(checkpoint / log)
    with pytest.raises(SoundlakeError, match="--recover-checkpoint"):
        stream.run(spark, settings_of(lake, landed), once=True)
    stream.run(spark, settings_of(lake, landed), once=True, recovers_checkpoint=True)
    assert "1 files were read, 1 others will be read" in caplog.text
    land(landed, "c.ndjson", "t4")
    stream.run(spark, settings_of(lake, landed), once=True)
    assert set(places(lake).values()) == {1}
    assert sorted(row["track_id"] for row in rows(lake, TRACKS)) == ["t1", "t2", "t3", "t4"]
    kept = list((lake / "_checkpoints").glob("ingest.before-*"))
    assert len(kept) == (0 if loss == "deleted" else 1)


def test_another_folder_is_refused(spark: SparkSession, lake: Path, landed: Path, tmp_path: Path) -> None:
    shutil.rmtree(lake / "_checkpoints" / "ingest")
    moved = tmp_path / "moved"
    landed.rename(moved)
    before = places(lake)
    with pytest.raises(SoundlakeError, match=r"source\.files\.path is .*moved"):
        stream.run(spark, settings_of(lake, moved), once=True, recovers_checkpoint=True)
    assert places(lake) == before


@pytest.mark.faults
def test_a_checkpoint_that_belongs_to_the_table_is_left_as_it_is(
    spark: SparkSession, lake: Path, landed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    metadata = (lake / "_checkpoints" / "ingest" / "metadata").read_text()
    stream.run(spark, settings_of(lake, landed), once=True, recovers_checkpoint=True)
    assert "there is nothing to recover" in caplog.text
    assert (lake / "_checkpoints" / "ingest" / "metadata").read_text() == metadata
    assert sum(places(lake).values()) == 3


@pytest.fixture
def topic(kafka: Broker) -> str:
    return kafka.create_topic(partitions=2)


def from_kafka(lake: Path, kafka: Broker, topic: str, *more: str) -> Settings:
    sets = [
        *more,
        "source.type=kafka",
        f"source.kafka.bootstrap_servers={kafka.bootstrap_servers}",
        f"source.kafka.topic_pattern={topic}",
    ]
    return load_settings(None, sets, lake=str(lake), env={})


def put(kafka: Broker, topic: str, partition: int, *ids: str) -> None:
    kafka.put(topic, [(id_.encode(), json.dumps(envelope("track", {"id": id_})).encode()) for id_ in ids], partition)


@pytest.fixture
def fed(spark: SparkSession, kafka: Broker, topic: str, tmp_path: Path) -> Settings:
    """A lake that was fed from one partition, and has lost its checkpoint; a record has come since into each."""
    settings = from_kafka(tmp_path / "lake", kafka, topic)
    put(kafka, topic, 0, "t1", "t2", "t3")
    stream.run(spark, settings, once=True)
    shutil.rmtree(tmp_path / "lake" / "_checkpoints" / "ingest")
    for partition in (0, 1):
        put(kafka, topic, partition, f"new {partition}")
    return settings


def test_a_kafka_stream_goes_on_after_what_bronze_holds(
    spark: SparkSession, kafka: Broker, topic: str, fed: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    kafka.expire(topic, 0, before=2)
    stream.run(spark, fed, once=True, recovers_checkpoint=True)
    assert "1 partitions are in bronze, at most 2 records are left to read" in caplog.text
    lake = Path(fed.lake.uri)
    assert places(lake) == Counter([(topic, "0", str(position)) for position in range(4)] + [(topic, "1", "0")])
    assert len(rows(lake, TRACKS)) == 5


def test_a_record_of_which_bronze_keeps_the_beginning_is_the_same(
    spark: SparkSession, kafka: Broker, topic: str, tmp_path: Path
) -> None:
    settings = from_kafka(tmp_path / "lake", kafka, topic, "source.max_record_bytes=64k")
    kafka.put(topic, [(b"long", json.dumps(envelope("track", {"id": "t1", "name": "x" * 100_000})).encode())], 0)
    stream.run(spark, settings, once=True)
    shutil.rmtree(tmp_path / "lake" / "_checkpoints" / "ingest")
    put(kafka, topic, 0, "t2")
    stream.run(spark, settings, once=True, recovers_checkpoint=True)
    assert places(tmp_path / "lake") == Counter((topic, "0", str(position)) for position in range(2))


@pytest.mark.faults
def test_a_topic_that_was_made_anew_is_refused(spark: SparkSession, kafka: Broker, topic: str, fed: Settings) -> None:
    spark.sql(f"UPDATE delta.`{fed.lake.uri}/{EVENTS.path}` SET value = X'00' WHERE position = '1'")
    with pytest.raises(SoundlakeError, match="1 records at the broker differ"):
        stream.run(spark, fed, once=True, recovers_checkpoint=True)
    assert len(rows(fed.lake.uri, EVENTS)) == 3


def test_a_hole_in_bronze_is_refused(spark: SparkSession, kafka: Broker, topic: str, fed: Settings) -> None:
    spark.sql(f"DELETE FROM delta.`{fed.lake.uri}/{EVENTS.path}` WHERE position = '1'")
    with pytest.raises(SoundlakeError, match="bronze lacks 1 records that the broker has"):
        stream.run(spark, fed, once=True, recovers_checkpoint=True)


@pytest.mark.faults
def test_a_broker_that_holds_less_than_bronze_is_refused(
    spark: SparkSession, kafka: Broker, topic: str, fed: Settings
) -> None:
    spark.sql(f"UPDATE delta.`{fed.lake.uri}/{EVENTS.path}` SET position = '17' WHERE position = '2'")
    with pytest.raises(SoundlakeError, match="partition 0: bronze holds more than the broker"):
        stream.run(spark, fed, once=True, recovers_checkpoint=True)
