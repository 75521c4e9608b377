"""What Kinesis adds to the contract of sources, in Spark: resharding, aggregates, throttling, expiry, starts."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from helpers.services.kinesis import REGION, Emulator, Stream
from helpers.streaming import forget_last_commit, run_once
from soundlake.errors import SoundlakeError
from soundlake.settings import load_settings
from soundlake.sources.kinesis import connector
from soundlake.sources.kinesis.source import KinesisSource, framed
from soundlake.sources.protocol import RECORD_COLUMNS

path = list(sys.path)
from aws_kinesis_agg.aggregator import RecordAggregator  # noqa: E402

sys.path[:] = path


def source(kinesis: Emulator, stream: str, *sets: str) -> KinesisSource:
    place = {"stream": stream, "region": REGION, "endpoint_url": kinesis.endpoint_url}
    named = [f"source.kinesis.{name}={value}" for name, value in place.items()]
    return KinesisSource(load_settings(sets=[*named, *sets], env={}, source="kinesis"))


def numbered(first: int, last: int) -> list[tuple[str, bytes]]:
    return [(f"key-{number}", str(number).encode()) for number in range(first, last)]


def rewritten(checkpoint: Path, **changes: object) -> None:
    """Change the first shard in the last offset of a checkpoint."""
    last = max(int(file.name) for file in (checkpoint / "offsets").iterdir() if file.name.isdigit())
    file = checkpoint / "offsets" / str(last)
    *head, line = file.read_text().splitlines()
    offset = json.loads(line)
    next(iter(offset["shards"].values())).update(changes)
    file.write_text("\n".join([*head, json.dumps(offset)]))
    (checkpoint / "offsets" / f".{last}.crc").unlink(missing_ok=True)


def test_splits_and_merges_lose_and_double_nothing(spark: SparkSession, kinesis: Emulator, tmp_path: Path) -> None:
    stream = kinesis.new_stream(shards=2)
    stream.put(numbered(0, 100))
    few = "source.kinesis.max_records_per_trigger=60"
    runs = [run_once(spark, source(kinesis, stream.name, few), tmp_path / "checkpoint")]
    first, second = stream.open_shards()
    stream.put(numbered(100, 150))
    left, right = [shard for shard in stream.split(first) if shard != second]
    stream.put(numbered(150, 250))
    stream.merge(left, right)
    stream.put(numbered(250, 300))
    runs.append(run_once(spark, source(kinesis, stream.name, few), tmp_path / "checkpoint"))
    assert sorted(int(value or b"") for run in runs for value in run.values) == list(range(300))
    assert len({row["partition"] for run in runs for row in run.rows}) == 5


def test_aggregates_are_unpacked_and_damaged_ones_kept(spark: SparkSession, kinesis: Emulator, tmp_path: Path) -> None:
    packer = RecordAggregator()
    for key, value in numbered(0, 3):
        packer.add_user_record(key, value)
    _, _, packed = packer.clear_and_get().get_contents()
    stream = kinesis.new_stream()
    ((_, whole), (_, plain), (_, broken)) = [
        *stream.put([("outer", packed)]),
        *stream.put([("plain", b"3")]),
        *stream.put([("broken", packed[:-1])]),
    ]
    rows = run_once(spark, source(kinesis, stream.name), tmp_path / "checkpoint").rows
    assert {row["position"]: (row["key"], bytes(row["value"])) for row in rows} == {
        f"{whole}.0000000": ("key-0", b"0"),
        f"{whole}.0000001": ("key-1", b"1"),
        f"{whole}.0000002": ("key-2", b"2"),
        plain: ("plain", b"3"),
        broken: ("broken", packed[:-1]),
    }


def test_throttling_while_a_query_runs_is_waited_out(spark: SparkSession, kinesis: Emulator, tmp_path: Path) -> None:
    stream = kinesis.new_stream()
    stream.put(numbered(0, 20))
    reader = source(kinesis, stream.name, "source.kinesis.carry_bytes=1b")
    kinesis.fail("GetRecords", "ProvisionedThroughputExceededException", times=3)
    assert len(run_once(spark, reader, tmp_path / "checkpoint").values) == 20


def test_latest_is_resolved_by_the_first_run_even_where_that_finds_nothing(
    spark: SparkSession, kinesis: Emulator, tmp_path: Path
) -> None:
    stream = kinesis.new_stream()
    latest = "source.kinesis.starting_position=LATEST"
    assert run_once(spark, source(kinesis, stream.name, latest), tmp_path / "checkpoint").values == []
    stream.put(numbered(0, 5))
    run = run_once(spark, source(kinesis, stream.name, latest), tmp_path / "checkpoint")
    assert run.values == [b"0", b"1", b"2", b"3", b"4"]


def test_a_stream_that_does_not_exist_is_named(spark: SparkSession, kinesis: Emulator) -> None:
    with pytest.raises(SoundlakeError, match=f"there is no stream no-such-stream in {REGION}"):
        source(kinesis, "no-such-stream").check_start(spark, None)


def test_what_the_platforms_connector_gives_becomes_records(spark: SparkSession, kinesis: Emulator) -> None:
    given = spark.createDataFrame(
        [(bytearray(b"{}"), "plays", "key", "4968", datetime(2026, 11, 1, tzinfo=UTC))],
        "data binary, streamName string, partitionKey string, sequenceNumber string, "
        "approximateArrivalTimestamp timestamp",
    )
    settings = source(kinesis, "plays", "source.topics.play=plays").settings
    records = framed(given.select(*[column.alias(name) for name, column in connector.columns().items()]), settings)
    assert records.dtypes == [(column.name, column.type) for column in RECORD_COLUMNS]
    (row,) = records.drop("arrived_at").collect()
    assert tuple(row) == ("play", "key", bytearray(b"{}"), "kinesis", "plays", "", "4968")


@pytest.fixture
def behind(spark: SparkSession, kinesis: Emulator, tmp_path: Path) -> Stream:
    """A stream of which a query had read a part long ago; the last record it read is gone."""
    stream = kinesis.new_stream()
    ((_, first), *_) = stream.put(numbered(0, 3))
    run_once(spark, source(kinesis, stream.name), tmp_path / "checkpoint")
    rewritten(tmp_path / "checkpoint", after=str(int(first) - 1), since=1, taken=1)
    return stream


def test_expired_records_stop_the_stream_before_it_starts(
    spark: SparkSession, kinesis: Emulator, behind: Stream, tmp_path: Path
) -> None:
    with pytest.raises(SoundlakeError) as raised:
        run_once(spark, source(kinesis, behind.name), tmp_path / "checkpoint")
    assert "shardId-000000000000: an unknown number of records" in str(raised.value)
    assert "source.kinesis.skip_expired=true" in str(raised.value)


def test_skipping_is_recorded_as_a_gap_and_goes_on_with_what_is_left(
    spark: SparkSession, kinesis: Emulator, behind: Stream, tmp_path: Path
) -> None:
    skipping = source(kinesis, behind.name, "source.kinesis.skip_expired=true")
    run = run_once(spark, skipping, tmp_path / "checkpoint")
    assert [(gap.stream, gap.partition) for gap in run.gaps] == [(behind.name, "shardId-000000000000")]
    assert run.values == [b"0", b"1", b"2"]
    behind.put(numbered(3, 5))
    later = run_once(spark, source(kinesis, behind.name), tmp_path / "checkpoint")
    assert (later.gaps, later.values) == ((), [b"3", b"4"])


def test_records_that_expire_before_their_batch_is_read_again_are_explained(
    spark: SparkSession, kinesis: Emulator, tmp_path: Path
) -> None:
    stream = kinesis.new_stream()
    stream.put(numbered(0, 3))
    run_once(spark, source(kinesis, stream.name), tmp_path / "checkpoint")
    forget_last_commit(tmp_path / "checkpoint")
    rewritten(tmp_path / "checkpoint", taken=5)
    reader = source(kinesis, stream.name)
    with pytest.raises(Exception, match="KINESIS_RECORDS_EXPIRED") as raised:
        run_once(spark, reader, tmp_path / "checkpoint")
    explained = str(reader.explain(str(raised.value)))
    assert "no longer has all 5 records of the batch" in explained
    assert "skip_expired" in explained
