"""An emulator of Kinesis that reshards truthfully: parents close, children fill."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from botocore.config import Config

from helpers.services.installed import kinesalite, node
from helpers.services.process import ServiceProcess

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

REGION = "eu-west-1"
# The emulator takes any: it only checks that a request is signed.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "emulated", "AWS_SECRET_ACCESS_KEY": "emulated"}
HASH_KEYS = 2**128
_PATIENCE_SECONDS = 30


class Emulator:
    """A running emulator: streams are made, filled, split and merged through it."""

    def __init__(self, process: ServiceProcess) -> None:
        assert process.popen.stdout is not None
        self._process = process
        self.endpoint_url = f"http://127.0.0.1:{json.loads(process.popen.stdout.readline())['port']}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def client(self) -> KinesisClient:
        return boto3.client(
            "kinesis",
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
        )

    def new_stream(self, shards: int = 1, name: str | None = None) -> Stream:
        """Make a stream, ready for use, under a name of its own."""
        stream = Stream(self.client(), name or f"soundlake-{uuid4().hex[:12]}")
        stream.client.create_stream(StreamName=stream.name, ShardCount=shards)
        stream.await_active()
        return stream

    def fail(self, operation: str, error: str, times: int) -> None:
        """Let the next calls of an operation (GetRecords, GetShardIterator, ListShards) fail."""
        self._order({"fail": operation, "with": error, "times": times})

    def calls(self) -> dict[str, int]:
        """How often each operation was called since the start."""
        return self._order({"count": True})

    def _order(self, order: dict[str, Any]) -> dict[str, int]:
        pipes = self._process.popen
        assert pipes.stdin is not None
        assert pipes.stdout is not None
        pipes.stdin.write(json.dumps(order) + "\n")
        pipes.stdin.flush()
        answer: dict[str, int] = json.loads(pipes.stdout.readline())
        return answer


class Stream:
    """One stream of the emulator."""

    def __init__(self, client: KinesisClient, name: str) -> None:
        self.client = client
        self.name = name

    def put(self, records: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
        """Put records (key, value); returns where each came to stand: shard and sequence number."""
        entries = [{"PartitionKey": key, "Data": value} for key, value in records]
        places = []
        for start in range(0, len(entries), 500):
            answer = self.client.put_records(StreamName=self.name, Records=entries[start : start + 500])  # type: ignore[arg-type]
            assert answer["FailedRecordCount"] == 0
            places += [(record["ShardId"], record["SequenceNumber"]) for record in answer["Records"]]
        return places

    def open_shards(self) -> list[str]:
        shards = self.client.list_shards(StreamName=self.name)["Shards"]
        return [one["ShardId"] for one in shards if "EndingSequenceNumber" not in one["SequenceNumberRange"]]

    def split(self, shard: str) -> list[str]:
        """Split a shard in the middle; returns the open shards."""
        (one,) = [s for s in self.client.list_shards(StreamName=self.name)["Shards"] if s["ShardId"] == shard]
        first, last = (int(one["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
        middle = str((first + last) // 2 + 1)
        self.client.split_shard(StreamName=self.name, ShardToSplit=shard, NewStartingHashKey=middle)
        return self.await_active()

    def merge(self, shard: str, neighbour: str) -> list[str]:
        """Merge two neighbouring shards; returns the open shards."""
        self.client.merge_shards(StreamName=self.name, ShardToMerge=shard, AdjacentShardToMerge=neighbour)
        return self.await_active()

    def await_active(self) -> list[str]:
        """Wait until a change is done; returns the open shards."""
        deadline = monotonic() + _PATIENCE_SECONDS
        while True:
            summary = self.client.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]
            if summary["StreamStatus"] == "ACTIVE":
                return self.open_shards()
            assert monotonic() < deadline, f"{self.name} is still {summary['StreamStatus']}"
            Event().wait(0.02)


@contextmanager
def kinesis_emulator() -> Iterator[Emulator]:
    """A running emulator; its memory is gone when it ends."""
    with tempfile.TemporaryDirectory(prefix="kinesalite-") as folder:
        script = Path(__file__).with_name("kinesalite.js")
        command = [str(node()), str(script), str(kinesalite())]
        process = ServiceProcess(command, Path(folder) / "log", os.environ, pipes=True)
        try:
            yield Emulator(process)
        finally:
            process.stop()
