"""Records in one Kinesis stream: their envelopes say the kind, the partition key is the thing's id."""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from typing import TYPE_CHECKING

from soundlake.aws import open_client, translate_errors
from soundlake.errors import SoundlakeError, UsageError
from soundlake.publishers.base import BasePublisher
from soundlake.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef

# The service's limits for one call and one record; data and partition key count.
MAX_RECORDS = 500
MAX_CALL_BYTES = 5 << 20
MAX_RECORD_BYTES = 1 << 20
_MAX_KEY = 256
_ATTEMPTS = 12
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 10.0


class KinesisPublisher(BasePublisher):
    """Batches of put_records; what a shard refuses is sent again."""

    def __init__(self, settings: Settings) -> None:
        """Raises UsageError without a stream, SoundlakeError where it is not there or not reached."""
        super().__init__()
        kinesis = settings.source.kinesis
        if kinesis.stream is None:
            raise UsageError("source.kinesis.stream: needed for --to kinesis")
        self._stream = kinesis.stream
        self._batch: list[PutRecordsRequestEntryTypeDef] = []
        self._batch_bytes = 0
        with translate_errors(f"cannot reach the Kinesis stream {self._stream}", "kinesis:DescribeStreamSummary"):
            self._client: KinesisClient = open_client(
                "kinesis", region=kinesis.region, endpoint_url=kinesis.endpoint_url, attempts=8
            )
            self._client.describe_stream_summary(StreamName=self._stream)

    def flush(self) -> None:
        """Send what is waiting, until the stream has it; see `Publisher`."""
        entries = self._batch
        refused: Counter[str] = Counter()
        for attempt in range(_ATTEMPTS):
            if not entries:
                break
            if attempt:
                time.sleep(min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (attempt - 1)) * random.uniform(0.5, 1))  # noqa: S311
            entries, refused = self._put(entries)
        if entries:
            self._batch = entries
            why = ", ".join(f"{count:,} × {code}" for code, count in refused.most_common())
            raise SoundlakeError(
                f"the Kinesis stream {self._stream} did not take {len(entries):,} records after {_ATTEMPTS} attempts: "
                f"{why}; run it again, or give the stream more shards"
            )
        self._batch, self._batch_bytes = [], 0

    def _put(
        self, entries: list[PutRecordsRequestEntryTypeDef]
    ) -> tuple[list[PutRecordsRequestEntryTypeDef], Counter[str]]:
        """Send entries; return those that were refused, and why."""
        with translate_errors(f"cannot write to the Kinesis stream {self._stream}", "kinesis:PutRecords"):
            answers = self._client.put_records(StreamName=self._stream, Records=entries)["Records"]
        refused = [(e, a["ErrorCode"]) for e, a in zip(entries, answers, strict=True) if a.get("ErrorCode")]
        return [entry for entry, _ in refused], Counter(code for _, code in refused)

    def _send(self, kind: str, key: str, value: bytes) -> None:
        partition_key = _partition_key(key)
        size = len(value) + len(partition_key.encode())
        if size > MAX_RECORD_BYTES:
            raise SoundlakeError(
                f"the {kind} {key} has {size:,} bytes; a Kinesis record holds at most {MAX_RECORD_BYTES:,} (1 MiB): "
                "send it to files or Kafka"
            )
        if len(self._batch) == MAX_RECORDS or self._batch_bytes + size > MAX_CALL_BYTES:
            self.flush()
        self._batch.append({"Data": value, "PartitionKey": partition_key})
        self._batch_bytes += size

    def _release(self) -> None:
        self._client.close()


def _partition_key(key: str) -> str:
    """The key itself; one that is empty or too long by its hash, for the service refuses it."""
    return key if 0 < len(key) <= _MAX_KEY else hashlib.sha256(key.encode()).hexdigest()
