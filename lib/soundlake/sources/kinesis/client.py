"""Kinesis as Soundlake sees it: a stream and its shards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from soundlake.aws import open_client
from soundlake.sources.kinesis.shards import Shard

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

ATTEMPTS = 10


@dataclass(frozen=True)
class StreamAddress:
    """A stream's name, region and endpoint; credentials come from AWS's default chain."""

    stream: str
    region: str
    endpoint_url: str | None = None


@cache
def connect(address: StreamAddress) -> KinesisClient:
    """Return this process' client, which all its threads may use. Throttled calls are retried with growing waits."""
    client: KinesisClient = open_client(
        "kinesis",
        region=address.region,
        endpoint_url=address.endpoint_url,
        attempts=ATTEMPTS,
        connect_timeout=10,
        max_pool_connections=32,
    )
    return client


@dataclass(frozen=True)
class Description:
    """A stream: when it was created, its retention, and the time by Kinesis' clock (all in ms)."""

    created: int
    retention: int
    now: int


def describe(client: KinesisClient, stream: str) -> Description:
    """Ask for a stream; raises botocore's ClientError where there is none."""
    answer = client.describe_stream_summary(StreamName=stream)
    summary = answer["StreamDescriptionSummary"]
    return Description(
        created=milliseconds(summary["StreamCreationTimestamp"]),
        retention=summary["RetentionPeriodHours"] * 3600 * 1000,
        now=milliseconds(_date(answer["ResponseMetadata"])),
    )


def list_shards(client: KinesisClient, stream: str) -> list[Shard]:
    """List all shards that are open, or closed and not expired."""
    shards: list[Shard] = []
    more: dict[str, Any] = {"StreamName": stream}
    while more:
        answer = client.list_shards(**more)
        shards += [_shard(one) for one in answer["Shards"]]
        more = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}
    return shards


def milliseconds(moment: datetime) -> int:
    """A moment as milliseconds since 1970; exact, as Kinesis' own times are."""
    return round((moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


def _shard(listed: Mapping[str, Any]) -> Shard:
    parents = (listed.get("ParentShardId"), listed.get("AdjacentParentShardId"))
    return Shard(
        name=listed["ShardId"],
        parents=tuple(parent for parent in parents if parent),
        is_closed="EndingSequenceNumber" in listed["SequenceNumberRange"],
    )


def _date(metadata: Mapping[str, Any]) -> datetime:
    date = metadata.get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) if date else datetime.now(UTC)
