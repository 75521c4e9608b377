"""What Spark's Kafka connector is told, and what its failures mean. No broker, no Spark session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from soundlake.errors import SoundlakeError, UsageError
from soundlake.kinds import KINDS
from soundlake.settings import load_settings
from soundlake.settings.document import as_toml
from soundlake.sources import Gap, Once, open_source
from soundlake.sources.kafka import KafkaSource, spark_options
from soundlake.sources.kafka_offsets import expired, read_offsets

SERVERS = "source.kafka.bootstrap_servers=127.0.0.1:9092"
HIDDEN = "not-to-be-seen"


def source(*sets: str, env: dict[str, str] | None = None) -> KafkaSource:
    return KafkaSource(load_settings(sets=[SERVERS, *sets], env=env or {}, source="kafka"))


def options(*sets: str, env: dict[str, str] | None = None, **more: Any) -> dict[str, str]:
    return spark_options(source(*sets, env=env).settings, **more)


def test_the_topics_of_all_kinds_are_read_each_once() -> None:
    told = options("source.topics.album=everything", "source.topics.artist=everything")
    others = KINDS.keys() - {"album", "artist"}
    topics = load_settings(env={}).source.topics.model_dump()
    assert told["subscribe"].split(",") == sorted({"everything", *(topics[kind] for kind in others)})


def test_a_pattern_takes_the_place_of_the_topics() -> None:
    told = options(r"source.kafka.topic_pattern=spotify\..*")
    assert (told["subscribePattern"], "subscribe" in told) == (r"spotify\..*", False)


@pytest.mark.parametrize(
    ("offsets", "told"),
    [
        ("earliest", {"startingOffsets": "earliest"}),
        ("latest", {"startingOffsets": "latest"}),
        ('{"t":{"0":5}}', {"startingOffsets": '{"t":{"0":5}}'}),
        (
            "2026-11-01T00:00:00Z",
            {"startingTimestamp": "1793491200000", "startingOffsetsByTimestampStrategy": "latest"},
        ),
        (
            "2026-11-01T09:00:00+09:00",
            {"startingTimestamp": "1793491200000", "startingOffsetsByTimestampStrategy": "latest"},
        ),
    ],
)
def test_a_new_stream_starts_by_name_by_offsets_or_at_a_time(offsets: str, told: dict[str, str]) -> None:
    found = {
        name: value for name, value in options(f"source.kafka.starting_offsets={offsets}").items() if "start" in name
    }
    assert found == told


@pytest.mark.parametrize("offsets", ["newest", "2026-11-01", "2026-11-01T00:00:00", "{cut"])
def test_other_starts_are_refused(offsets: str) -> None:
    with pytest.raises(UsageError, match="should be earliest, latest, a time such as"):
        options(f"source.kafka.starting_offsets={offsets}")


def test_batches_are_bounded_and_lost_records_never_passed_over() -> None:
    told = options("source.kafka.max_offsets_per_trigger=7", "source.kafka.min_partitions=3")
    assert (told["maxOffsetsPerTrigger"], told["minPartitions"], told["failOnDataLoss"]) == ("7", "3", "true")


def test_allowing_to_skip_changes_nothing_unless_something_expired() -> None:
    assert options("source.kafka.skip_expired=true")["failOnDataLoss"] == "true"
    assert options("source.kafka.skip_expired=true", skips=True)["failOnDataLoss"] == "false"


def test_what_aborted_transactions_wrote_is_not_read() -> None:
    assert options()["kafka.isolation.level"] == "read_committed"


def test_a_broker_that_has_nothing_more_is_not_waited_for_unless_one_wants_to() -> None:
    assert int(options()["kafka.fetch.max.wait.ms"]) < 100
    assert options("source.kafka.options.fetch.max.wait.ms=200")["kafka.fetch.max.wait.ms"] == "200"


def test_client_options_come_from_settings_and_from_the_environment() -> None:
    env = {
        "SOUNDLAKE_SOURCE__KAFKA__OPTIONS__SECURITY_PROTOCOL": "SASL_SSL",
        "SOUNDLAKE_SOURCE__KAFKA__OPTIONS__SASL_JAAS_CONFIG": f'module required password="{HIDDEN}";',
    }
    told = options("source.kafka.options.sasl.mechanism=SCRAM-SHA-512", env=env)
    assert {name: value for name, value in told.items() if name.startswith(("kafka.s",))} == {
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.mechanism": "SCRAM-SHA-512",
        "kafka.sasl.jaas.config": f'module required password="{HIDDEN}";',
    }


def test_client_options_stand_in_a_file_with_or_without_quotes(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[source.kafka.options]\n"ssl.truststore.type" = "PEM"\nreceive.buffer.bytes = 65536\n')
    settings = load_settings(config=file, sets=[SERVERS, "source.kafka.options.receive.buffer.bytes=1"], env={})
    told = spark_options(settings)
    assert (told["kafka.ssl.truststore.type"], told["kafka.receive.buffer.bytes"]) == ("PEM", "1")


def test_options_that_reading_once_depends_on_are_refused() -> None:
    with pytest.raises(UsageError, match=r"source\.kafka\.options\.enable\.auto\.commit: Soundlake and Spark set it"):
        open_source(source("source.kafka.options.enable.auto.commit=true").settings)


def test_client_options_are_shown_nowhere() -> None:
    env = {"SOUNDLAKE_SOURCE__KAFKA__OPTIONS__SASL_JAAS_CONFIG": HIDDEN}
    settings = source(f"source.kafka.options.ssl.keystore.password={HIDDEN}", env=env).settings
    printed = "\n".join(as_toml(settings))
    assert HIDDEN not in printed + repr(settings) + str(settings)
    assert '"sasl.jaas.config" = …' in printed


def test_a_wrong_client_option_is_named_without_its_value() -> None:
    with pytest.raises(UsageError) as raised:
        source(f'source.kafka.options.ssl.key=["{HIDDEN}"]')
    assert raised.value.problems == ("--set source.kafka.options.ssl.key=…: should be a text or a number",)


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"source\.kafka\.topic_pattern=\(: should be a regular expression"):
        source("source.kafka.topic_pattern=(")


def test_a_missing_broker_is_said_before_anything_starts() -> None:
    with pytest.raises(UsageError, match=r"source\.kafka\.bootstrap_servers: needed"):
        open_source(load_settings(env={}, source="kafka"))


def test_once_is_sparks_own() -> None:
    assert source().once is Once.AVAILABLE_NOW


def test_offsets_of_the_checkpoint_are_the_next_to_read() -> None:
    assert read_offsets('{"b":{"1":7},"a":{"0":0}}') == {("b", 1): 7, ("a", 0): 0}


@pytest.mark.parametrize("text", ["{cut", '{"version":1}', "[]", '{"a":{"x":1}}'])
def test_an_offset_of_another_source_is_refused(text: str) -> None:
    with pytest.raises(SoundlakeError, match="not of a query that reads Kafka"):
        read_offsets(text)


def test_gaps_lie_between_the_next_offset_and_the_first_that_is_left() -> None:
    begun = {("t", 0): 5, ("t", 1): 5, ("u", 0): 0}
    first = {("t", 0): 9, ("t", 1): 5, ("u", 0): 2}
    gaps = expired(begun, first)
    assert gaps == (Gap("t", "0", "4", "9", 4), Gap("u", "0", None, "2", 2))
    assert str(gaps[0]) == "t, partition 0: 4 records after position 4, before position 9"
    assert str(gaps[1]) == "u, partition 0: 2 records after the beginning, before position 2"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("[KAFKA_DATA_LOSS.START_OFFSET_RESET] Some data may have been lost", "source.kafka.skip_expired=true"),
        ("org.apache.kafka.clients.consumer.OffsetOutOfRangeException: Offsets out of range", "deleted records"),
        ("org.apache.kafka.common.errors.UnknownTopicOrPartitionException: This server", "no longer at 127.0.0.1:9092"),
        ("org.apache.kafka.common.errors.SaslAuthenticationException: failed", "refused the login"),
        ("org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized", "ACLs"),
        ("org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node", "did not answer"),
    ],
)
def test_failures_of_the_broker_are_explained(error: str, said: str) -> None:
    assert said in str(source().explain(f"at java.lang.Thread.run\nCaused by: {error}"))
