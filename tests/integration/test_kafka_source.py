"""What a real Kafka broker adds to the contract of sources."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time

import pytest
from confluent_kafka import Producer
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from helpers.services.kafka import Broker
from helpers.services.kafka_login import PASSWORD, client_options
from helpers.streaming import forget_last_commit, run_once
from soundlake.errors import SoundlakeError
from soundlake.kinds import KINDS
from soundlake.settings import load_settings
from soundlake.sources.kafka import KafkaSource
from soundlake.sources.protocol import Gap


def source(broker: Broker, topic: str, *sets: str) -> KafkaSource:
    servers = f"source.kafka.bootstrap_servers={broker.bootstrap_servers}"
    topics = [f"source.topics.{kind}={topic}" for kind in KINDS]
    return KafkaSource(load_settings(sets=[servers, *topics, *sets], env={}, source="kafka"))


def test_tombstones_odd_keys_and_headers(spark: SparkSession, kafka: Broker, tmp_path: Path) -> None:
    topic = kafka.create_topic()
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    producer.produce(topic, key="ключ".encode(), value=b"1", headers={"trace": b"x"})
    producer.produce(topic, key=b"\xff\xfe", value=b"\xff")
    producer.produce(topic, key=b"gone", value=None)
    producer.produce(topic, key=None, value=b"")
    producer.flush()
    rows = run_once(spark, source(kafka, topic), tmp_path / "checkpoint").rows
    found = sorted(
        (row["position"], row["key"], row["value"] if row["value"] is None else bytes(row["value"])) for row in rows
    )
    assert found == [("0", "ключ", b"1"), ("1", None, b"\xff"), ("2", "gone", None), ("3", None, b"")]
    assert {(row["kind"], row["stream"], row["partition"]) for row in rows} == {(None, topic, "0")}


def test_a_pattern_reads_topics_that_appear_later_and_names_their_kinds(
    spark: SparkSession, kafka: Broker, tmp_path: Path
) -> None:
    name = kafka.create_topic()
    sets = [f"source.topics.track={name}.tracks", f"source.kafka.topic_pattern={name}\\..*"]
    reader = KafkaSource(
        load_settings(sets=[f"source.kafka.bootstrap_servers={kafka.bootstrap_servers}", *sets], env={}, source="kafka")
    )
    for topic, value in ((f"{name}.tracks", b"1"), (f"{name}.other", b"2")):
        kafka.put(kafka.create_topic(topic), [(b"k", value)])
        run = run_once(spark, reader, tmp_path / "checkpoint")
        assert [(row["stream"], row["kind"]) for row in run.rows] == [(topic, "track" if value == b"1" else None)]


def test_missing_topics_are_named_before_the_query_starts(spark: SparkSession, kafka: Broker) -> None:
    topic = kafka.create_topic()
    with pytest.raises(SoundlakeError, match=r"has no topic no\.such\.albums, no\.such\.plays: create what is missing"):
        source(kafka, topic, "source.topics.play=no.such.plays", "source.topics.album=no.such.albums").check_start(
            spark, None
        )
    with pytest.raises(SoundlakeError, match=r"source\.kafka\.topic_pattern: no topic at 127\.0\.0\.1:\d+ matches"):
        source(kafka, topic, r"source.kafka.topic_pattern=no\.such\..*").check_start(spark, None)


def test_partitions_that_are_added_are_read_whole(spark: SparkSession, kafka: Broker, tmp_path: Path) -> None:
    topic = kafka.create_topic(partitions=1)
    kafka.put(topic, [(b"k", b"1")])
    run_once(spark, source(kafka, topic, "source.kafka.starting_offsets=latest"), tmp_path / "checkpoint")
    kafka.add_partitions(topic, 3)
    kafka.put(topic, [(b"k", b"2")], partition=2)
    run = run_once(spark, source(kafka, topic), tmp_path / "checkpoint")
    assert run.places == [(topic, "2", "0")]


def test_a_start_in_time_takes_what_arrived_since(spark: SparkSession, kafka: Broker, tmp_path: Path) -> None:
    topic = kafka.create_topic(partitions=2)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    now = int(time() * 1000)
    for number, age in enumerate((7200, 1800, 600)):
        producer.produce(topic, value=str(number).encode(), partition=0, timestamp=now - age * 1000)
    producer.flush()
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    run = run_once(spark, source(kafka, topic, f"source.kafka.starting_offsets={since}"), tmp_path / "checkpoint")
    assert run.values == [b"1", b"2"]


def test_what_an_aborted_transaction_wrote_is_left_out(spark: SparkSession, kafka: Broker, tmp_path: Path) -> None:
    topic = kafka.create_topic()
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "transactional.id": topic})
    producer.init_transactions()
    for value, end in ((b"kept", producer.commit_transaction), (b"aborted", producer.abort_transaction)):
        producer.begin_transaction()
        producer.produce(topic, value=value)
        producer.flush()
        end()
    assert run_once(spark, source(kafka, topic), tmp_path / "checkpoint").values == [b"kept"]


@pytest.fixture
def behind(spark: SparkSession, kafka: Broker, tmp_path: Path) -> str:
    """A topic of which a query has read the first of two parts, and the second has begun to expire."""
    topic = kafka.create_topic()
    kafka.put(topic, [(None, str(number).encode()) for number in range(10)])
    run_once(spark, source(kafka, topic), tmp_path / "checkpoint")
    kafka.put(topic, [(None, str(number).encode()) for number in range(10, 20)])
    kafka.expire(topic, 0, before=15)
    return topic


def test_expired_records_stop_the_stream_before_it_starts(
    spark: SparkSession, kafka: Broker, behind: str, tmp_path: Path
) -> None:
    with pytest.raises(SoundlakeError) as raised:
        run_once(spark, source(kafka, behind), tmp_path / "checkpoint")
    said = str(raised.value)
    assert f"{behind}, partition 0: 5 records after position 9, before position 15" in said
    assert "source.kafka.skip_expired=true" in said


def test_skipping_is_recorded_as_a_gap_and_loses_nothing_else(
    spark: SparkSession, kafka: Broker, behind: str, tmp_path: Path
) -> None:
    run = run_once(spark, source(kafka, behind, "source.kafka.skip_expired=true"), tmp_path / "checkpoint")
    assert run.gaps == (Gap(behind, "0", "9", "15", 5),)
    assert run.values == [str(number).encode() for number in range(15, 20)]
    later = source(kafka, behind, "source.kafka.skip_expired=true")
    assert run_once(spark, later, tmp_path / "checkpoint").gaps == ()
    assert later.read_stream(spark).isStreaming


def test_records_that_expire_before_their_batch_is_read_again_are_explained(
    spark: SparkSession, kafka: Broker, tmp_path: Path
) -> None:
    topic = kafka.create_topic()
    kafka.put(topic, [(None, b"1"), (None, b"2")])
    run_once(spark, source(kafka, topic), tmp_path / "checkpoint")
    forget_last_commit(tmp_path / "checkpoint")
    kafka.expire(topic, 0, before=2)
    reader = source(kafka, topic)
    reader.check_start = lambda *_: ()  # type: ignore[method-assign]
    with pytest.raises(StreamingQueryException) as raised:
        run_once(spark, reader, tmp_path / "checkpoint")
    assert "skip_expired" in str(reader.explain(str(raised.value)))


def test_a_topic_that_was_made_anew_is_refused(spark: SparkSession, kafka: Broker, tmp_path: Path) -> None:
    topic = kafka.create_topic()
    kafka.put(topic, [(None, b"1"), (None, b"2")])
    run_once(spark, source(kafka, topic), tmp_path / "checkpoint")
    kafka.delete_topics(topic)
    with pytest.raises(SoundlakeError, match="has no topic"):
        run_once(spark, source(kafka, topic), tmp_path / "checkpoint")
    kafka.put(kafka.create_topic(topic), [(None, b"3")])
    with pytest.raises(SoundlakeError, match="the broker holds less than was read already"):
        run_once(spark, source(kafka, topic), tmp_path / "checkpoint")


def test_a_broker_that_is_killed_and_comes_back_loses_and_doubles_nothing(
    spark: SparkSession, kafka: Broker, tmp_path: Path
) -> None:
    topic = kafka.create_topic(partitions=2)
    kafka.put(topic, [(None, str(number).encode()) for number in range(50)])
    first = run_once(spark, source(kafka, topic), tmp_path / "checkpoint")
    kafka.put(topic, [(None, str(number).encode()) for number in range(50, 100)])
    kafka.kill()
    kafka.start()
    second = run_once(spark, source(kafka, topic), tmp_path / "checkpoint")
    assert sorted(int(value or b"") for value in first.values + second.values) == list(range(100))


def logged_in(broker: Broker, topic: str, password: str) -> KafkaSource:
    options = client_options(broker.certificate, password) | {"default.api.timeout.ms": "30000"}
    servers = f"source.kafka.bootstrap_servers={broker.login_servers}"
    return source(broker, topic, servers, *[f"source.kafka.options.{name}={text}" for name, text in options.items()])


def test_a_log_in_over_tls_reads_what_is_there(spark: SparkSession, kafka: Broker, tmp_path: Path) -> None:
    topic = kafka.create_topic()
    kafka.put(topic, [(None, b"1")])
    assert run_once(spark, logged_in(kafka, topic, PASSWORD), tmp_path / "checkpoint").values == [b"1"]


def test_a_wrong_password_is_refused_and_not_repeated(spark: SparkSession, kafka: Broker) -> None:
    with pytest.raises(SoundlakeError, match=f"Kafka at {kafka.login_servers}: ") as raised:
        logged_in(kafka, kafka.create_topic(), "not-to-be-seen").check_start(spark, None)
    assert "not-to-be-seen" not in str(raised.value)


def test_a_broker_that_cannot_be_asked_is_named_without_the_secrets(spark: SparkSession, kafka: Broker) -> None:
    hidden = "not-to-be-seen"
    sets = [
        "source.kafka.options.security.protocol=SASL_PLAINTEXT",
        "source.kafka.options.sasl.mechanism=PLAIN",
        "source.kafka.options.sasl.jaas.config="
        f'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="{hidden}";',
        "source.kafka.options.default.api.timeout.ms=1500",
    ]
    with pytest.raises(SoundlakeError) as raised:
        source(kafka, "any", *sets).check_start(spark, None)
    assert f"Kafka at {kafka.bootstrap_servers}: " in str(raised.value)
    assert hidden not in str(raised.value)
