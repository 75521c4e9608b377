"""What every source promises, whatever it reads: files, a real Kafka, an emulated Kinesis, and one that is added."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from helpers.added_source import NAME, TableSource
from helpers.services.kafka import Broker
from helpers.services.kinesis import REGION, Emulator
from helpers.streaming import forget_last_commit, run_once
from soundlake.ops.row_ages import RowAges
from soundlake.settings import Settings, load_settings
from soundlake.sources import Once, Source, check_once, open_source
from soundlake.sources.protocol import RECORD_COLUMNS

pytestmark = pytest.mark.xdist_group("spark")  # which a fixture asks for by its parameter

Records = list[tuple[str, bytes]]


class Feed(Protocol):
    """A place that takes records of one kind, and the source that reads them, three in a batch at most."""

    kind: str

    @property
    def name(self) -> str: ...

    def put(self, records: Records) -> None: ...

    def open(self) -> Source: ...


class ConfiguredFeed:
    """A feed whose source is the one that `settings` name."""

    kind = "play"
    settings: Settings

    @property
    def name(self) -> str:
        return self.settings.source.type

    def open(self) -> Source:
        return open_source(self.settings)


class FilesFeed(ConfiguredFeed):
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "plays"
        self.folder.mkdir(parents=True)
        sets = [f"source.files.path={folder}", "source.files.max_files_per_trigger=3"]
        self.settings = load_settings(sets=sets, env={})

    def put(self, records: Records) -> None:
        for _, value in records:
            (self.folder / uuid4().hex).write_bytes(value)


class KafkaFeed(ConfiguredFeed):
    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.topic = broker.create_topic(partitions=2)
        servers = f"source.kafka.bootstrap_servers={broker.bootstrap_servers}"
        sets = [servers, f"source.topics.play={self.topic}", f"source.kafka.topic_pattern={self.topic}"]
        self.settings = load_settings(sets=[*sets, "source.kafka.max_offsets_per_trigger=3"], env={}, source="kafka")

    def put(self, records: Records) -> None:
        self.broker.put(self.topic, [(key.encode(), value) for key, value in records])


class KinesisFeed(ConfiguredFeed):
    def __init__(self, emulator: Emulator, carry: str) -> None:
        self.stream = emulator.new_stream(shards=2)
        values = {
            "stream": self.stream.name,
            "region": REGION,
            "endpoint_url": emulator.endpoint_url,
            "max_records_per_trigger": 4,
            "carry_bytes": carry,
        }
        sets = [f"source.kinesis.{name}={value}" for name, value in values.items()]
        topic = f"source.topics.play={self.stream.name}"
        self.settings = load_settings(sets=[*sets, topic], env={}, source="kinesis")

    def put(self, records: Records) -> None:
        self.stream.put(records)


class TableFeed:
    name = NAME
    kind = "play"

    def __init__(self, folder: Path) -> None:
        self.table = str(folder)
        self.written = 0
        self._append([])

    def put(self, records: Records) -> None:
        for key, value in records:
            self._append([{"number": self.written, "key": key, "value": value, "written_at": datetime.now(UTC)}])
            self.written += 1

    def open(self) -> Source:
        return TableSource(self.table, self.kind)

    def _append(self, rows: list[dict[str, object]]) -> None:
        schema = pa.schema(
            {"number": pa.int64(), "key": pa.string(), "value": pa.binary(), "written_at": pa.timestamp("us", "UTC")}
        )
        write_deltalake(self.table, pa.Table.from_pylist(rows, schema), mode="append")


@pytest.fixture(params=["files", "kafka", "kinesis", "kinesis-read-by-executors", "added"])
def feed(request: pytest.FixtureRequest, tmp_path: Path) -> Feed:
    if request.param == "files":
        return FilesFeed(tmp_path / "landed")
    if request.param == "added":
        return TableFeed(tmp_path / "table")
    if request.param == "kafka":
        return KafkaFeed(request.getfixturevalue("kafka"))
    carry = "16m" if request.param == "kinesis" else "1b"
    return KinesisFeed(request.getfixturevalue("kinesis"), carry)


@pytest.fixture
def source(feed: Feed) -> Source:
    return feed.open()


def plays(*numbers: int) -> Records:
    return [(f"user-{number}", f'{{"n":{number},"text":"ö \\u0000 {number}"}}'.encode()) for number in numbers]


def values(records: Records) -> list[bytes]:
    return sorted(value for _, value in records)


def test_every_record_is_read_once_with_its_bytes_in_bounded_batches(
    spark: SparkSession, feed: Feed, source: Source, tmp_path: Path
) -> None:
    feed.put(plays(*range(10)))
    run = run_once(spark, source, tmp_path / "checkpoint")
    assert run.values == values(plays(*range(10)))
    assert max(Counter(run.places).values()) == 1
    assert max(len(rows) for rows in run.batches.values()) <= 4


def test_its_columns_are_those_of_bronze_before_ingest_adds_its_own(
    spark: SparkSession, feed: Feed, source: Source, tmp_path: Path
) -> None:
    feed.put(plays(1))
    before = datetime.now(UTC) - timedelta(minutes=1)
    assert source.check_start(spark, None) == ()
    expected = [(one.name, one.type) for one in RECORD_COLUMNS]
    assert source.read_stream(spark).dtypes[: len(expected)] == expected
    (row,) = run_once(spark, source, tmp_path / "checkpoint").rows
    assert (row["kind"], row["source"]) == (feed.kind, feed.name)
    assert row["key"] in ("user-1", None)
    assert before < row["arrived_at"].astimezone(UTC) < datetime.now(UTC) + timedelta(minutes=1)


def test_a_later_run_takes_what_is_new_and_nothing_else(
    spark: SparkSession, feed: Feed, source: Source, tmp_path: Path
) -> None:
    feed.put(plays(1, 2, 3, 4, 5))
    run_once(spark, source, tmp_path / "checkpoint")
    feed.put(plays(6, 7))
    second = run_once(spark, feed.open(), tmp_path / "checkpoint")
    third = run_once(spark, feed.open(), tmp_path / "checkpoint")
    assert (second.values, third.values) == (values(plays(6, 7)), [])


def test_what_spark_tells_of_batches_says_when_the_newest_rows_came(
    spark: SparkSession, feed: Feed, source: Source, tmp_path: Path
) -> None:
    def bronze_age() -> float:
        run = run_once(spark, source, tmp_path / "checkpoint")
        ages = RowAges(datetime.now(UTC) - timedelta(hours=1))
        ages.see({**batch, "name": "ingest"} for batch in run.progress)
        age: float = json.loads(ages.line(datetime.now(UTC)))["bronze_age_seconds"]
        return age

    feed.put(plays(1, 2))
    assert bronze_age() < 600
    assert bronze_age() >= 3600  # nothing came


def test_a_batch_that_was_not_committed_is_read_again_as_it_was(
    spark: SparkSession, feed: Feed, source: Source, tmp_path: Path
) -> None:
    feed.put(plays(*range(7)))
    first = run_once(spark, source, tmp_path / "checkpoint")
    last = forget_last_commit(tmp_path / "checkpoint")
    feed.put(plays(8))
    again = run_once(spark, feed.open(), tmp_path / "checkpoint")
    assert sorted(again.batches.pop(last)) == sorted(first.batches[last])
    assert again.values == values(plays(8))


def test_a_run_with_nothing_to_read_ends(spark: SparkSession, source: Source, tmp_path: Path) -> None:
    assert run_once(spark, source, tmp_path / "checkpoint").values == []


def test_once_can_be_kept(source: Source) -> None:
    assert source.once is not Once.IMPOSSIBLE
    check_once(source, "it")


def test_failures_that_are_not_its_own_are_not_explained(source: Source) -> None:
    assert source.explain("java.io.IOException: No space left on device") is None
