"""Kinesis behind the protocol of sources."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.errors import SoundlakeError, UsageError
from soundlake.settings import Settings
from soundlake.settings.types import in_bytes
from soundlake.sources.kinds import kinds_of_topics
from soundlake.sources.kinesis import connector
from soundlake.sources.kinesis.client import Description, StreamAddress, connect, describe, list_shards, milliseconds
from soundlake.sources.kinesis.expiry import find_gaps
from soundlake.sources.kinesis.offsets import StreamOffset, from_json
from soundlake.sources.kinesis.remaining import has_unread
from soundlake.sources.kinesis.shard_reader import EXPIRED
from soundlake.sources.protocol import RECORD_COLUMNS, Gap, Once, Recovered

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

_REFUSED = re.compile(
    r"AccessDenied|UnrecognizedClient|InvalidSignature|ExpiredToken|NoCredentials|Unable to locate cred"
)
_NO_STREAM = re.compile(r"ResourceNotFoundException")
_THROTTLED = re.compile(r"ProvisionedThroughputExceeded|LimitExceededException|Throttling")
_UNREACHABLE = re.compile(r"EndpointConnectionError|ConnectTimeoutError|Could not connect to the endpoint")

HOW_TO_SKIP = (
    "To go on with what is left set source.kinesis.skip_expired=true for the next start; the gap is then recorded. To "
    "lose none the next time, raise the stream's retention or read more often"
)


@dataclass
class KinesisSource:
    """The stream of source.kinesis.stream."""

    settings: Settings
    _skips: tuple[str, ...] = field(default=(), init=False)
    _opened: Description | None = field(default=None, init=False)

    @property
    def once(self) -> Once:
        """Spark's trigger availableNow works neither with our own reader nor with the connector."""
        return Once.UNTIL_DRAINED if self._is_ours else Once.IMPOSSIBLE

    def check_start(self, spark: SparkSession, resume: str | None) -> tuple[Gap, ...]:
        """See Source: the stream exists, is the one that was read before, and nothing unread has expired."""
        if not self._is_ours:
            return ()
        client, place = self._connect(), self._address
        try:
            self._opened = describe(client, place.stream)
            begun = _read_offset(resume)
            if begun.created is None:
                return ()
            if begun.created != self._opened.created:
                raise SoundlakeError(_swapped(place.stream))
            listed = list_shards(client, place.stream)
            gaps = find_gaps(client, place.stream, begun, listed, self._opened, self._opened.now)
        except Exception as error:
            explained = self.explain(f"{type(error).__name__}: {error}")
            if explained is None or isinstance(error, SoundlakeError):
                raise
            raise SoundlakeError(explained) from error
        if gaps and not self.settings.source.kinesis.skip_expired:
            raise SoundlakeError(_expired("\n".join(f"  {gap}" for gap in gaps)))
        self._skips = tuple(gap.partition for gap in gaps)
        return gaps

    def read_stream(self, spark: SparkSession) -> DataFrame:
        """See Source."""
        kinesis = self.settings.source.kinesis
        if not self._is_ours:
            stream = spark.readStream.format(connector.FORMAT).options(**connector.options(kinesis)).load()
            return framed(stream.select(*[c.alias(name) for name, c in connector.columns().items()]), self.settings)
        from soundlake.sources.kinesis.datasource import FORMAT, KinesisDataSource

        spark.dataSource.register(KinesisDataSource)
        reader = spark.readStream.format(FORMAT).options(**spark_options(self.settings, self._skips))
        return framed(reader.load(), self.settings)

    def is_drained(self, reached: str) -> bool:
        """See Source."""
        client = self._connect()
        opened = self._opened or describe(client, self._address.stream)
        self._opened = opened
        return not has_unread(client, self._address.stream, _read_offset(reached), opened.now)

    def recover_checkpoint(self, spark: SparkSession, held: DataFrame, scratch: str) -> Recovered:
        """See Source."""
        raise SoundlakeError(
            "--recover-checkpoint: Kinesis does not tell which closed shards were read to their end. "
            "Put the checkpoint back, or read the stream into a new lake"
        )

    def explain(self, error: str) -> str | None:
        """See Source."""
        kinesis = self.settings.source.kinesis
        where = f"the stream {kinesis.stream} in {kinesis.region}" + (
            f" at {kinesis.endpoint_url}" if kinesis.endpoint_url else ""
        )
        if EXPIRED in error:
            return _expired(error.partition(f"{EXPIRED}: ")[2].partition("\n")[0])
        if "recreated since the checkpoint" in error:
            return _swapped(str(kinesis.stream))
        if _NO_STREAM.search(error):
            return f"there is no {where[4:]}: see source.kinesis.stream and source.kinesis.region"
        if _REFUSED.search(error):
            return f"AWS refused access to {where}: see the credentials of this process and what its role may do"
        if _THROTTLED.search(error):
            return f"{where} was throttled for too long: other readers share its limits, or it needs more shards"
        if _UNREACHABLE.search(error):
            return f"Kinesis did not answer: see source.kinesis.endpoint_url and the network ({where})"
        return None

    @property
    def _is_ours(self) -> bool:
        return reads_with_python(self.settings.source.kinesis.reader)

    @property
    def _address(self) -> StreamAddress:
        kinesis = self.settings.source.kinesis
        if kinesis.stream is None or kinesis.region is None:
            raise UsageError("source.kinesis.stream, source.kinesis.region: needed when source.type is kinesis")
        return StreamAddress(kinesis.stream, kinesis.region, kinesis.endpoint_url)

    def _connect(self) -> KinesisClient:
        return connect(self._address)


def reads_with_python(reader: str) -> bool:
    """Whether our own reader is used; raises UsageError where Spark does not support it."""
    can = find_spec("pyspark.sql.datasource") is not None
    if reader == "python" and not can:
        raise UsageError("source.kinesis.reader: python needs Spark 4; this Spark reads Kinesis with its connector")
    return can if reader == "auto" else reader == "python"


def spark_options(settings: Settings, skips: tuple[str, ...] = ()) -> dict[str, str]:
    """The options of Soundlake's own data source."""
    kinesis = settings.source.kinesis
    assert kinesis.stream is not None
    assert kinesis.region is not None
    start = kinesis.starting_position
    if start not in ("TRIM_HORIZON", "LATEST"):
        start = str(milliseconds(datetime.fromisoformat(start)))
    options = {
        "stream": kinesis.stream,
        "region": kinesis.region,
        "start": start,
        "max_records": str(kinesis.max_records_per_trigger),
        "carry_bytes": str(in_bytes(kinesis.carry_bytes)),
        "skip_expired_of": ",".join(skips),
    }
    return options | ({"endpoint_url": kinesis.endpoint_url} if kinesis.endpoint_url else {})


def framed(records: DataFrame, settings: Settings) -> DataFrame:
    """Add what all records of the stream share: the columns of bronze/events without those that ingest adds."""
    stream = settings.source.kinesis.stream
    kind = kinds_of_topics(settings.source.topics.model_dump()).get(str(stream))
    shared: Mapping[str, Column] = {"kind": F.lit(kind), "source": F.lit("kinesis"), "stream": F.lit(stream)}
    return records.select(
        *[shared.get(one.name, F.col(one.name)).cast(one.type).alias(one.name) for one in RECORD_COLUMNS]
    )


def _read_offset(text: str | None) -> StreamOffset:
    try:
        return from_json(json.loads(text or "{}"))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise SoundlakeError(
            "the checkpoint is not of a query that reads Kinesis with Soundlake's own reader"
        ) from None


def _expired(what: str) -> str:
    return f"Kinesis has probably deleted records that were not read yet:\n{what}\n{HOW_TO_SKIP}"


def _swapped(stream: str) -> str:
    return (
        f"the stream {stream} was deleted and recreated since the checkpoint was written: read it under another name, "
        "or into a new lake"
    )
