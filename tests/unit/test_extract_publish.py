"""Publishing: what is reported as published is there, and what is not is said."""

from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from soundlake.errors import SoundlakeError, UsageError
from soundlake.extract.state import open_state
from soundlake.publishers import files, kinesis
from soundlake.publishers.envelope import encode, envelope
from soundlake.publishers.kafka import KafkaPublisher
from soundlake.publishers.kafka_options import log_in
from soundlake.publishers.publisher import open_publisher
from soundlake.settings import load_settings

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ServerSideEncryptionConfigurationTypeDef

RECORD = envelope("track", {"id": "t", "name": "曲"}, fetched_at="2026-11-20T00:00:00Z", source="test", market=None)


def settings(*sets: str) -> Any:
    return load_settings(None, sets, env={})


def whole_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*.ndjson.gz")) if not path.name.startswith(("_", "."))]


def lines(paths: list[Path]) -> list[Any]:
    return [json.loads(line) for path in paths for line in gzip.decompress(path.read_bytes()).splitlines()]


# Records.


def test_a_record_is_compact_and_begins_with_its_kind() -> None:
    assert (
        encode("track", {"payload": {"id": "曲"}, "kind": "track"}) == '{"kind":"track","payload":{"id":"曲"}}'.encode()
    )


def test_half_of_a_surrogate_pair_is_escaped() -> None:
    assert json.loads(encode("track", {"kind": "track", "payload": {"name": "\ud83d"}})) == {
        "kind": "track",
        "payload": {"name": "\ud83d"},
    }


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(SoundlakeError, match="cannot be written as JSON"):
        encode("track", {"kind": "track", "payload": {"tempo": float("nan")}})


# Files.


def test_a_folder_for_each_topic_holds_the_records(tmp_path: Path) -> None:
    with open_publisher(settings(), "files", str(tmp_path)) as publisher:
        publisher.publish("track", "t", RECORD)
        publisher.publish_all("album", ["a", "b"], [b'{"n":1}', b'{"n":2}'])
    assert lines(whole_files(tmp_path / "spotify.tracks")) == [RECORD]
    assert lines(whole_files(tmp_path / "spotify.albums")) == [{"n": 1}, {"n": 2}]
    assert publisher.close() == {"track": 1, "album": 2}


def test_no_file_appears_before_it_is_whole(tmp_path: Path) -> None:
    with open_publisher(settings(), "files", str(tmp_path)) as publisher:
        publisher.publish("track", "t", RECORD)
        assert whole_files(tmp_path) == []
        publisher.flush()
        assert lines(whole_files(tmp_path)) == [RECORD]


def test_big_files_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_MAX_FILE", 1000)
    with open_publisher(settings(), "files", str(tmp_path)) as publisher:
        for _ in range(30):
            publisher.publish("track", "t", RECORD)
    assert len(whole_files(tmp_path)) > 1
    assert len(lines(whole_files(tmp_path))) == 30


def test_nothing_published_leaves_nothing(tmp_path: Path) -> None:
    with open_publisher(settings(), "files", str(tmp_path)) as publisher:
        publisher.publish_all("track", [], [])
    assert whole_files(tmp_path) == []


def test_what_a_crash_left_is_swept_up_when_it_is_old(tmp_path: Path) -> None:
    folder = tmp_path / "spotify.tracks" / "2026-11-20"
    folder.mkdir(parents=True)
    old, young = folder / "_writing-old.ndjson.gz", folder / "_writing-young.ndjson.gz"
    for path in (old, young):
        path.touch()
    os.utime(old, (time.time() - 100_000,) * 2)
    open_publisher(settings(), "files", str(tmp_path)).close()
    assert [path.name for path in folder.iterdir()] == [young.name]


def test_a_disk_that_is_full_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    publisher = open_publisher(settings(), "files", str(tmp_path))
    publisher.publish("track", "t", RECORD)
    with pytest.raises(SoundlakeError, match=r"cannot write .*No space left on device"):
        publisher.flush()


def test_a_file_that_could_not_be_written_once_never_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_STEP", 1)
    publisher = open_publisher(settings(), "files", str(tmp_path))
    publisher.publish("track", "t", RECORD)
    part = publisher._open["track"]  # type: ignore[attr-defined]
    file, part._file = part._file, Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    with pytest.raises(SoundlakeError, match="No space left on device"):
        publisher.publish("track", "t", RECORD)
    part._file = file
    with pytest.raises(SoundlakeError, match="No space left on device"):
        publisher.close()
    assert whole_files(tmp_path) == []


def test_an_error_on_its_way_is_not_hidden_by_one_of_closing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def work() -> None:
        with open_publisher(settings(), "files", str(tmp_path)) as publisher:
            publisher.publish("track", "t", RECORD)
            monkeypatch.setattr(os, "fsync", full)
            raise ValueError("first")

    with pytest.raises(ValueError, match="first") as caught:
        work()
    assert "No space left" in caught.value.__notes__[0]


# S3 and Kinesis.


@pytest.mark.usefixtures("emulated_aws")
def test_files_can_be_on_s3() -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with open_publisher(settings("publish.out=s3://a-bucket/raw/")) as publisher:
        publisher.publish("track", "t", RECORD)
    (found,) = client.list_objects_v2(Bucket="a-bucket")["Contents"]
    assert found["Key"].startswith("raw/spotify.tracks/")
    body = client.get_object(Bucket="a-bucket", Key=found["Key"])["Body"].read()
    assert json.loads(gzip.decompress(body)) == RECORD


@pytest.mark.usefixtures("emulated_aws")
def test_files_and_what_is_remembered_are_encrypted_with_the_key_of_the_settings() -> None:
    client, key = boto3.client("s3"), "arn:aws:kms:eu-west-1:123456789012:key/of-a-test"
    client.create_bucket(Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    chosen = settings("publish.out=s3://a-bucket/raw", "extract.state=s3://a-bucket/state", f"s3.kms_key_id={key}")
    with open_publisher(chosen) as publisher, open_state(chosen) as state:
        publisher.publish("track", "t", RECORD)
        state.write("crawl", {"done": 1})
    written = [found["Key"] for found in client.list_objects_v2(Bucket="a-bucket")["Contents"]]
    told = [client.head_object(Bucket="a-bucket", Key=name) for name in written]
    assert [(answer["ServerSideEncryption"], answer["SSEKMSKeyId"]) for answer in told] == [("aws:kms", key)] * 2


@pytest.mark.usefixtures("emulated_aws")
def test_tokens_are_encrypted_with_the_key_of_their_bucket_where_the_settings_name_none() -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    by_default: ServerSideEncryptionConfigurationTypeDef = {
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]
    }
    client.put_bucket_encryption(Bucket="a-bucket", ServerSideEncryptionConfiguration=by_default)
    with open_state(settings("extract.state=s3://a-bucket/state")) as state:
        state.write("token", {"refresh_token": "of a test"})
    told = client.head_object(Bucket="a-bucket", Key="state/token.json")
    assert (told["ServerSideEncryption"], told["SSEKMSKeyId"]) == ("aws:kms", key)


@pytest.mark.usefixtures("emulated_aws")
def test_a_bucket_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(SoundlakeError, match="cannot reach the bucket of s3://no-bucket/raw"):
        open_publisher(settings(), "files", "s3://no-bucket/raw")


@pytest.fixture
def stream(emulated_aws: None) -> Any:
    client = boto3.client("kinesis")
    client.create_stream(StreamName="records", ShardCount=1)
    return client


KINESIS = ("source.kinesis.stream=records", "source.kinesis.region=eu-west-1")


def in_stream(client: Any) -> list[tuple[str, bytes]]:
    shard = client.list_shards(StreamName="records")["Shards"][0]["ShardId"]
    start = client.get_shard_iterator(StreamName="records", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    found = client.get_records(ShardIterator=start["ShardIterator"], Limit=10_000)["Records"]
    return [(record["PartitionKey"], record["Data"]) for record in found]


def test_records_reach_the_stream_with_their_keys(stream: Any) -> None:
    with open_publisher(settings(*KINESIS), "kinesis") as publisher:
        for number in range(1200):
            publisher.publish("track", f"key-{number}", {"kind": "track", "payload": {"n": number}})
    found = in_stream(stream)
    assert sorted(key for key, _ in found) == sorted(f"key-{number}" for number in range(1200))
    assert {json.loads(data)["payload"]["n"] for _, data in found} == set(range(1200))


def test_no_call_is_bigger_than_the_service_takes(stream: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    put = kinesis.KinesisPublisher._put

    def watched(self: Any, entries: Any) -> Any:
        sizes.append((len(entries), sum(len(entry["Data"]) + len(entry["PartitionKey"]) for entry in entries)))
        return put(self, entries)

    monkeypatch.setattr(kinesis.KinesisPublisher, "_put", watched)
    with open_publisher(settings(*KINESIS), "kinesis") as publisher:
        for number in range(12):
            publisher.publish_all("track", [f"big-{number}"], [b"x" * 900_000])
        publisher.publish_all("track", [f"small-{number}" for number in range(501)], [b"{}"] * 501)
    assert max(count for count, _ in sizes) <= 500
    assert max(size for _, size in sizes) <= 5 << 20
    assert sum(count for count, _ in sizes) == 513


class Refusing:
    """A client that refuses every second record, `times` times."""

    def __init__(self, client: Any, times: int) -> None:
        self._client = client
        self.times = times

    def put_records(self, StreamName: str, Records: list[Any]) -> Any:  # noqa: N803
        if not self.times:
            return self._client.put_records(StreamName=StreamName, Records=Records)
        self.times -= 1
        taken = Records[:-1:2]
        if taken:
            self._client.put_records(StreamName=StreamName, Records=taken)
        refused = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow down"}
        return {
            "Records": [{} if number in range(0, len(Records) - 1, 2) else refused for number in range(len(Records))]
        }

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinesis, "_FIRST_WAIT", 0.001)
    monkeypatch.setattr(kinesis, "_LONGEST_WAIT", 0.001)


@pytest.mark.usefixtures("impatient")
def test_records_that_are_refused_are_sent_again_and_only_these(stream: Any) -> None:
    with kinesis.KinesisPublisher(settings(*KINESIS)) as publisher:
        publisher._client = Refusing(publisher._client, times=3)  # type: ignore[assignment]
        publisher.publish_all("track", [f"k{number}" for number in range(20)], [b"{}"] * 20)
    assert sorted(key for key, _ in in_stream(stream)) == sorted(f"k{number}" for number in range(20))


@pytest.mark.usefixtures("impatient")
def test_records_that_are_refused_to_the_end_are_said(stream: Any) -> None:
    publisher = kinesis.KinesisPublisher(settings(*KINESIS))
    publisher._client = Refusing(publisher._client, times=99)  # type: ignore[assignment]
    publisher.publish_all("track", ["a", "b"], [b"{}"] * 2)
    with pytest.raises(SoundlakeError, match=r"did not take 1 records.*1 × ProvisionedThroughputExceededException"):
        publisher.flush()


@pytest.mark.usefixtures("stream")
def test_a_record_that_is_too_big_is_named() -> None:
    publisher = open_publisher(settings(*KINESIS), "kinesis")
    with pytest.raises(SoundlakeError, match=r"the playlist p1 has 1,2\d\d,\d\d\d bytes"):
        publisher.publish("playlist", "p1", {"kind": "playlist", "payload": {"x": "y" * 1_200_000}})


@pytest.mark.usefixtures("emulated_aws")
def test_a_stream_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(SoundlakeError, match="cannot reach the Kinesis stream records"):
        open_publisher(settings(*KINESIS), "kinesis")


# Kafka; with a broker in tests/integration.


def test_a_broker_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundlake.publishers.kafka._REACH_SECONDS", 0.2)
    with pytest.raises(SoundlakeError, match="no Kafka broker answers at 127.0.0.1:9"):
        KafkaPublisher(settings("source.kafka.bootstrap_servers=127.0.0.1:9"))


def test_the_log_in_of_the_stream_is_that_of_the_publisher() -> None:
    java = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": 'org.apache.kafka.X required username="a user" password="with \\"quotes\\"";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "/certificates.pem",
        "max.poll.records": "7",
    }
    assert log_in(java) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "a user",
        "sasl.password": 'with "quotes"',
        "ssl.ca.location": "/certificates.pem",
    }


@pytest.mark.parametrize(
    "java",
    [
        {"sasl.mechanism": "AWS_MSK_IAM"},
        {"sasl.mechanism": "PLAIN", "sasl.jaas.config": "a-secret"},
        {"ssl.keystore.location": "/store.jks", "ssl.keystore.password": "a-secret"},
    ],
)
def test_a_log_in_that_only_java_knows_is_refused_without_showing_it(java: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="set publish.kafka_options") as caught:
        log_in(java)
    assert "a-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("to", "out", "problem"),
    [
        ("nowhere", None, "--to nowhere: should be one of files, kafka, kinesis"),
        ("kafka", None, "source.kafka.bootstrap_servers: needed"),
        ("kinesis", None, "source.kinesis.stream: needed"),
        ("kafka", "x", "--out x: only with --to files"),
    ],
)
def test_what_is_lacking_is_said(to: str, out: str | None, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        open_publisher(settings(), to, out)
