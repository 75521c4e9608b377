"""Six ways from a Kafka topic of plays to a table. Each takes all that is there into a new folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from confluent_kafka import Consumer, TopicPartition
from deltalake import write_deltalake
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from bench.ingest_backlog import PARTITIONS
from soundlake import stream
from soundlake.ingest import ingest_query
from soundlake.lake import Lake
from soundlake.settings import Settings, load_settings
from soundlake.sources import open_source
from soundlake.tables import EVENTS, PLAYS

TAKEN_AT_ONCE = 500_000  # the default of source.kafka.max_offsets_per_trigger, for all ways that are Spark's


@dataclass(frozen=True)
class Backlog:
    """Where the records are."""

    servers: str
    topic: str
    count: int


def settings(backlog: Backlog, lake: Path) -> Settings:
    sets = [
        f"source.kafka.bootstrap_servers={backlog.servers}",
        f"source.kafka.topic_pattern={backlog.topic}",
        f"source.topics.play={backlog.topic}",
    ]
    return load_settings(None, sets, lake=str(lake), source="kafka", env={})


def messages(spark: SparkSession, backlog: Backlog) -> DataFrame:
    reader = spark.readStream.format("kafka").option("kafka.bootstrap.servers", backlog.servers)
    return reader.options(
        subscribe=backlog.topic, startingOffsets="earliest", maxOffsetsPerTrigger=str(TAKEN_AT_ONCE)
    ).load()


def _run(frame: DataFrame, sink: str, folder: Path) -> None:
    writer = frame.writeStream.format(sink).option("checkpointLocation", f"{folder}/checkpoint")
    if sink != "noop":
        writer = writer.option("path", f"{folder}/table")
    writer.trigger(availableNow=True).start().awaitTermination()


def plain_copy(spark: SparkSession, backlog: Backlog, folder: Path) -> Path:
    """(a) Spark's plain copy from Kafka to Delta, with no parsing."""
    _run(messages(spark, backlog), "delta", folder)
    return folder / "table"


def make_bronze(spark: SparkSession, folder: Path) -> None:
    """The table that ingest writes to, which a lake has once and for all; Spark's copy makes its own as it writes."""
    Lake(str(folder)).create(spark, EVENTS)


def ingest_alone(spark: SparkSession, backlog: Backlog, folder: Path) -> Path:
    """(b) Our ingest alone."""
    lake = Lake(str(folder))
    told = settings(backlog, folder)
    source = open_source(told)
    source.check_start(spark, None)
    query = ingest_query(spark, lake, source.read_stream(spark), told.source.max_record_bytes)
    query.trigger(availableNow=True).start().awaitTermination()
    return Path(lake.path(EVENTS))


def ingest_and_refine(spark: SparkSession, backlog: Backlog, folder: Path) -> Path:
    """(c) The whole job: ingest, then refine to silver."""
    stream.run(spark, settings(backlog, folder), once=True)
    return Path(Lake(str(folder)).path(PLAYS))


def noop(spark: SparkSession, backlog: Backlog, folder: Path) -> None:
    """(d) Reading, into nothing."""
    _run(messages(spark, backlog), "noop", folder)


ENVELOPE = """
    fetched_at timestamp, source string,
    payload struct<
        user_id: string, played_at: timestamp, ts: timestamp, ms_played: bigint,
        track: struct<name: string, uri: string, artists: array<struct<name: string>>, album: struct<name: string>>,
        context: struct<uri: string>, spotify_track_uri: string, master_metadata_track_name: string,
        master_metadata_album_artist_name: string, master_metadata_album_album_name: string, reason_start: string,
        reason_end: string, shuffle: boolean, skipped: boolean, platform: string>
"""
PLAIN = ("ms_played", "reason_start", "reason_end", "shuffle", "skipped", "platform")


def _row() -> list[Column]:
    payload = F.col("record")["payload"]
    track = payload["track"]
    return [
        payload["user_id"].alias("user_id"),
        F.coalesce(track["uri"], payload["spotify_track_uri"]).alias("content_uri"),
        F.coalesce(payload["played_at"], payload["ts"]).alias("played_at"),
        F.coalesce(track["name"], payload["master_metadata_track_name"]).alias("track_name"),
        F.coalesce(track["artists"][0]["name"], payload["master_metadata_album_artist_name"]).alias("artist_name"),
        F.coalesce(track["album"]["name"], payload["master_metadata_album_album_name"]).alias("album_name"),
        *[payload[name].alias(name) for name in PLAIN],
        payload["context"]["uri"].alias("context_uri"),
        F.col("record")["source"].alias("source"),
        F.col("record")["fetched_at"].alias("fetched_at"),
    ]


def one_hop(spark: SparkSession, backlog: Backlog, folder: Path) -> Path:
    """(e) A plain Spark job that parses and appends in one hop; it knows no duplicates and no errors."""
    parsed = messages(spark, backlog).select(F.from_json(F.col("value").cast("string"), ENVELOPE).alias("record"))
    _run(parsed.select(*_row()), "delta", folder)
    return folder / "table"


_TEXT, _TIME = pa.string(), pa.timestamp("us", tz="UTC")
_NAMED = pa.struct([("name", _TEXT)])
SCHEMA = pa.schema(
    [
        ("fetched_at", _TIME),
        ("source", _TEXT),
        (
            "payload",
            pa.struct(
                [
                    ("user_id", _TEXT),
                    ("played_at", _TIME),
                    ("ts", _TIME),
                    ("ms_played", pa.int64()),
                    (
                        "track",
                        pa.struct([("name", _TEXT), ("uri", _TEXT), ("artists", pa.list_(_NAMED)), ("album", _NAMED)]),
                    ),
                    ("context", pa.struct([("uri", _TEXT)])),
                    ("spotify_track_uri", _TEXT),
                    ("master_metadata_track_name", _TEXT),
                    ("master_metadata_album_artist_name", _TEXT),
                    ("master_metadata_album_album_name", _TEXT),
                    ("reason_start", _TEXT),
                    ("reason_end", _TEXT),
                    ("shuffle", pa.bool_()),
                    ("skipped", pa.bool_()),
                    ("platform", _TEXT),
                ]
            ),
        ),
    ]
)
_READ = pj.ParseOptions(explicit_schema=SCHEMA, unexpected_field_behavior="ignore")


def _parsed(lines: list[bytes]) -> pa.Table:
    table = pj.read_json(pa.BufferReader(b"\n".join(lines)), pj.ReadOptions(block_size=1 << 24), _READ)

    def get(*path: str) -> pa.ChunkedArray:
        return pc.struct_field(table["payload"], list(path))

    first_artist = pc.list_element(pc.struct_field(table["payload"], ["track", "artists"]), 0)
    rows = {
        "user_id": get("user_id"),
        "content_uri": pc.coalesce(get("track", "uri"), get("spotify_track_uri")),
        "played_at": pc.coalesce(get("played_at"), get("ts")),
        "track_name": pc.coalesce(get("track", "name"), get("master_metadata_track_name")),
        "artist_name": pc.coalesce(pc.struct_field(first_artist, "name"), get("master_metadata_album_artist_name")),
        "album_name": pc.coalesce(get("track", "album", "name"), get("master_metadata_album_album_name")),
        **{name: get(name) for name in PLAIN},
        "context_uri": get("context", "uri"),
        "source": table["source"],
        "fetched_at": table["fetched_at"],
    }
    return pa.table(rows)


def one_process(spark: SparkSession, backlog: Backlog, folder: Path) -> Path:
    """(f) One process of confluent-kafka, pyarrow and deltalake, that remembers the plays it has seen."""
    consumer = Consumer({"bootstrap.servers": backlog.servers, "group.id": folder.name, "enable.auto.commit": False})
    consumer.assign([TopicPartition(backlog.topic, number, 0) for number in range(PARTITIONS)])
    seen: set[tuple[str, str, int]] = set()
    left = backlog.count
    while left:
        lines: list[bytes] = []
        while len(lines) < min(left, 100_000):
            lines += [
                message.value() or b"" for message in consumer.consume(min(10_000, left - len(lines)), timeout=1.0)
            ]
        left -= len(lines)
        rows = _parsed(lines)
        seconds = pc.cast(pc.floor_temporal(rows["played_at"], unit="second"), pa.int64())
        keys = zip(rows["user_id"].to_pylist(), rows["content_uri"].to_pylist(), seconds.to_pylist(), strict=True)
        fresh = []
        for key in keys:
            fresh.append(key not in seen)
            seen.add(key)
        write_deltalake(folder / "table", rows.filter(pa.array(fresh)), mode="append")
    consumer.close()
    return folder / "table"


PREPARED = {"b": make_bronze}
WAYS: dict[str, Callable[[SparkSession, Backlog, Path], Path | None]] = {
    "a": plain_copy,
    "b": ingest_alone,
    "c": ingest_and_refine,
    "d": noop,
    "e": one_hop,
    "f": one_process,
}
