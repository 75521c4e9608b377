"""Publishing to a real broker and to an emulated stream: every record is there, under its key, and trouble is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer

from helpers.services.catalog import Catalog, an_id
from helpers.services.extracting import Extracting
from helpers.services.kafka import Broker
from helpers.services.kinesis import REGION, Emulator
from helpers.services.spotify import FakeSpotify
from soundlake.errors import SoundlakeError
from soundlake.publishers.kafka import KafkaPublisher
from soundlake.publishers.publisher import open_publisher
from soundlake.settings import load_settings

KINDS = ("playlist", "playlist_item", "track", "album", "artist", "audio_features")


@pytest.fixture
def fake() -> Iterator[FakeSpotify]:
    with FakeSpotify(Catalog.of(60)) as server:
        yield server


def in_topic(broker: Broker, topic: str, total: int) -> list[tuple[bytes, dict[str, Any]]]:
    """The first records of a topic (key, value), as a consumer of its own reads them."""
    consumer = Consumer(
        {"bootstrap.servers": broker.bootstrap_servers, "group.id": f"of-{topic}", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    found: list[tuple[bytes, dict[str, Any]]] = []
    try:
        while len(found) < total:
            message = consumer.poll(30)
            assert message is not None, f"only {len(found)} of {total} records in {topic}"
            assert message.error() is None
            key, value = message.key(), message.value()
            assert key is not None
            assert value is not None
            found.append((key, json.loads(value)))
    finally:
        consumer.close()
    return found


def test_a_crawl_into_kafka_puts_every_record_into_the_topic_of_its_kind(
    kafka: Broker, fake: FakeSpotify, tmp_path: Path
) -> None:
    topics = {kind: kafka.create_topic(partitions=2) for kind in KINDS}
    sets = [f"source.topics.{kind}={topic}" for kind, topic in topics.items()]
    servers = f"source.kafka.bootstrap_servers={kafka.bootstrap_servers}"
    extracting = Extracting(fake, tmp_path, "publish.to=kafka", servers, *sets)
    playlist = fake.catalog.add_playlist(1, list(fake.catalog.tracks.values()))
    report = extracting.run("playlists", playlist, with_="tracks,albums,artists,features")
    assert report.is_well
    tracks = in_topic(kafka, topics["track"], 60)
    assert sorted(key.decode() for key, _ in tracks) == sorted(fake.catalog.tracks)
    assert all(record["payload"]["id"] == key.decode() for key, record in tracks)
    items = in_topic(kafka, topics["playlist_item"], 60)
    assert sorted(record["payload"]["position"] for _, record in items) == list(range(60))
    for kind in ("playlist", "album", "artist", "audio_features"):
        assert len(in_topic(kafka, topics[kind], report.published[kind])) == report.published[kind]


def test_a_topic_that_is_not_there_is_an_error_and_not_silence(kafka: Broker) -> None:
    settings = load_settings(None, (f"source.kafka.bootstrap_servers={kafka.bootstrap_servers}",), env={})
    publisher = KafkaPublisher(settings, **{"delivery.timeout.ms": 3000, "topic.metadata.propagation.max.ms": 500})
    publisher.publish("track", "t", {"kind": "track", "payload": {"id": "t"}})
    with pytest.raises(SoundlakeError, match=r"did not take 1 records[\s\S]*spotify.tracks, key t: "):
        publisher.flush()


def test_a_message_that_is_too_big_is_named(kafka: Broker) -> None:
    topic = kafka.create_topic()
    sets = (f"source.kafka.bootstrap_servers={kafka.bootstrap_servers}", f"source.topics.track={topic}")
    publisher = open_publisher(load_settings(None, sets, env={}), "kafka")
    with pytest.raises(SoundlakeError, match=rf"{topic} does not take the track t: .*too large.*bytes\)"):
        publisher.publish_all("track", ["t"], [b"x" * 2_000_000])


def test_a_crawl_into_kinesis_puts_every_record_into_the_stream(
    kinesis: Emulator, fake: FakeSpotify, tmp_path: Path
) -> None:
    stream = kinesis.new_stream(shards=2)
    sets = (
        "publish.to=kinesis",
        f"source.kinesis.stream={stream.name}",
        f"source.kinesis.region={REGION}",
        f"source.kinesis.endpoint_url={kinesis.endpoint_url}",
    )
    report = Extracting(fake, tmp_path, *sets).run("tracks", *fake.catalog.tracks, with_="albums,artists")
    assert report.is_well
    found: list[tuple[str, dict[str, Any]]] = []
    for shard in stream.open_shards():
        place = stream.client.get_shard_iterator(
            StreamName=stream.name, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        answer = stream.client.get_records(ShardIterator=place, Limit=10_000)["Records"]
        found += [(record["PartitionKey"], json.loads(record["Data"])) for record in answer]
    tracks = [record["payload"]["id"] for _, record in found if record["kind"] == "track"]
    assert sorted(tracks) == sorted(fake.catalog.tracks)
    assert (an_id("album", 1), "album") in {(key, record["kind"]) for key, record in found}
    assert len(found) == sum(report.published.values())
