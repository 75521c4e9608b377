"""Which reader of Kinesis is used, what it is told, and what its failures mean. No stream, no Spark session."""

from __future__ import annotations

import pytest

from soundlake.errors import UsageError
from soundlake.launch.versions import read_lines
from soundlake.settings import load_settings
from soundlake.settings.types import in_bytes
from soundlake.sources import Once, check_once
from soundlake.sources.kinesis import connector
from soundlake.sources.kinesis.shard_reader import EXPIRED
from soundlake.sources.kinesis.source import KinesisSource, reads_with_python, spark_options

STREAM = ("source.kinesis.stream=plays", "source.kinesis.region=eu-west-1")


def source(*sets: str) -> KinesisSource:
    return KinesisSource(load_settings(sets=[*STREAM, *sets], env={}, source="kinesis"))


def test_each_line_says_how_it_reads_kinesis() -> None:
    assert {name: line.kinesis for name, line in read_lines().items()} == {"4.1": "python", "3.5": "connector"}


def test_a_setting_overrides_the_line() -> None:
    assert (reads_with_python("connector"), reads_with_python("python"), reads_with_python("auto")) == (
        False,
        True,
        True,
    )


def test_the_own_reader_is_refused_where_spark_has_no_place_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundlake.sources.kinesis.source.find_spec", lambda name: None)
    assert not reads_with_python("auto")
    with pytest.raises(UsageError, match=r"source\.kinesis\.reader: python needs Spark 4"):
        reads_with_python("python")


def test_the_own_reader_is_told_where_and_how_much() -> None:
    settings = source("source.kinesis.carry_bytes=1k", "source.kinesis.endpoint_url=http://127.0.0.1:4567").settings
    assert spark_options(settings, ("shard-1", "shard-2")) == {
        "stream": "plays",
        "region": "eu-west-1",
        "endpoint_url": "http://127.0.0.1:4567",
        "start": "TRIM_HORIZON",
        "max_records": "100000",
        "carry_bytes": "1024",
        "skip_expired_of": "shard-1,shard-2",
    }


@pytest.mark.parametrize(
    ("position", "start", "connectors"),
    [
        ("trim_horizon", "TRIM_HORIZON", "TRIM_HORIZON"),
        ("LATEST", "LATEST", "LATEST"),
        ("2026-11-01T09:00:00+09:00", "1793491200000", "AT_TIMESTAMP 2026-11-01T09:00:00+09:00"),
    ],
)
def test_a_new_stream_starts_by_name_or_at_a_time(position: str, start: str, connectors: str) -> None:
    settings = source(f"source.kinesis.starting_position={position}").settings
    assert spark_options(settings)["start"] == start
    assert connector.options(settings.source.kinesis)["kinesis.startingPosition"] == connectors


@pytest.mark.parametrize("position", ["EARLIEST", "2026-11-01", "2026-11-01T00:00:00"])
def test_other_starts_are_refused(position: str) -> None:
    with pytest.raises(UsageError, match="should be TRIM_HORIZON, LATEST, or a time such as"):
        source(f"source.kinesis.starting_position={position}")


def test_the_connector_never_passes_over_lost_records_and_always_has_a_start() -> None:
    assert connector.options(source().settings.source.kinesis) == {
        "kinesis.streamName": "plays",
        "kinesis.region": "eu-west-1",
        "kinesis.endpointUrl": "https://kinesis.eu-west-1.amazonaws.com",
        "kinesis.consumerType": "GetRecords",
        "kinesis.startingPosition": "TRIM_HORIZON",
        "kinesis.failOnDataLoss": "true",
        "kinesis.maxFetchRecordsPerShard": "100000",
    }


def test_once_goes_on_until_the_stream_is_drained_and_is_refused_with_the_connector() -> None:
    assert source().once is Once.UNTIL_DRAINED
    with pytest.raises(UsageError, match="--once: the aws-kinesis connector cannot tell"):
        check_once(source("source.kinesis.reader=connector"), "the aws-kinesis connector")


@pytest.mark.parametrize(("size", "count"), [("5", 5), ("5b", 5), ("2K", 2048), ("3mb", 3 << 20), ("1g", 1 << 30)])
def test_sizes_are_in_bytes(size: str, count: int) -> None:
    assert in_bytes(size) == count


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (f"SoundlakeError: {EXPIRED}: plays, partition 7: gone\nat x", "plays, partition 7: gone\nTo go on"),
        ("botocore.errorfactory.ResourceNotFoundException: not found", "there is no stream plays in eu-west-1"),
        ("ClientError: An error occurred (AccessDeniedException)", "refused access to the stream plays"),
        ("NoCredentialsError: Unable to locate credentials", "the credentials of this process"),
        ("ProvisionedThroughputExceededException (reached max retries: 9)", "throttled for too long"),
        ("EndpointConnectionError: Could not connect to the endpoint URL", "did not answer"),
        ("the stream plays was deleted and recreated since the checkpoint was written", "read it under another name"),
    ],
)
def test_failures_of_the_stream_are_explained(error: str, said: str) -> None:
    assert said in str(source().explain(f"Traceback\n{error}"))
