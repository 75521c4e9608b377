"""The data source that Spark 4 loads: planning on the driver, reading on the executors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceStreamReader, InputPartition

from soundlake.sources.kinesis.client import StreamAddress, connect
from soundlake.sources.kinesis.deaggregate import user_records
from soundlake.sources.kinesis.offsets import NOTHING, ShardRange, StreamOffset, as_json, from_json, ranges
from soundlake.sources.kinesis.planner import BatchLimits, Planner
from soundlake.sources.kinesis.shard_reader import read_range, read_remains
from soundlake.tables import EVENTS

if TYPE_CHECKING:
    from mypy_boto3_kinesis.type_defs import RecordTypeDef

FORMAT = "soundlake-kinesis"
COLUMNS = ("key", "value", "partition", "position", "arrived_at")
SCHEMA = ", ".join(f"`{name}` {EVENTS.type_of(name)}" for name in COLUMNS)
ARROW_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("value", pa.binary()),
        ("partition", pa.string()),
        ("position", pa.string()),
        ("arrived_at", pa.timestamp("us", tz="UTC")),
    ]
)


class KinesisDataSource(DataSource):
    """Format soundlake-kinesis; its options come from `source.spark_options`."""

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return FORMAT

    def schema(self) -> str:
        """Return the columns that every stream has."""
        return SCHEMA

    def streamReader(self, schema: Any) -> DataSourceStreamReader:  # noqa: N802
        """Return the reader of a query."""
        return KinesisStreamReader(dict(self.options))


@dataclass(frozen=True)
class ShardPartition(InputPartition):
    """What one task reads: a range of a shard, with its records where the plan kept them.

    `may_be_less`: some of them have expired, and skipping is allowed.
    """

    wanted: ShardRange
    records: Sequence[RecordTypeDef] | None = None
    may_be_less: bool = False


class KinesisStreamReader(DataSourceStreamReader):
    """Plans the batches of one query in a process beside the driver, and reads them in those of the executors."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = dict(options)
        self._address = StreamAddress(options["stream"], options["region"], options.get("endpoint_url"))
        self._planner: Planner | None = None
        self._planned: StreamOffset = NOTHING

    def initialOffset(self) -> dict[str, Any]:  # noqa: N802
        """Return where every query begins: before all records."""
        return as_json(NOTHING)

    def latestOffset(self) -> dict[str, Any]:  # noqa: N802
        """Plan the next batch; return where it ends."""
        if self._planner is None:
            limits = BatchLimits(int(self._options["max_records"]), int(self._options["carry_bytes"]))
            client = connect(self._address)
            self._planner = Planner(client, self._address.stream, self._options["start"], limits, self._skips)
        self._planned = self._planner.plan(self._planned)
        return as_json(self._planned)

    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> Sequence[InputPartition]:
        """Return what the tasks of a batch read.

        Spark calls this with the last offset of the checkpoint, twice the same, when a query goes on.
        """
        wanted = ranges(from_json(start), from_json(end))
        if self._planner is not None:
            return [ShardPartition(one, self._planner.carried(one)) for one in wanted]
        # An unfinished batch of an earlier run.
        self._planned = from_json(end)
        return [ShardPartition(one, may_be_less=one.shard in self._skips) for one in wanted]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Read the records of a task, page by page."""
        assert isinstance(partition, ShardPartition)
        for page in self._pages(partition):
            if page:
                yield _batch(partition.wanted.shard, page)

    def _pages(self, partition: ShardPartition) -> Iterable[Sequence[RecordTypeDef]]:
        if partition.records is not None:
            return [partition.records]
        read = read_remains if partition.may_be_less else read_range
        return read(connect(self._address), self._address.stream, partition.wanted)

    @property
    def _skips(self) -> list[str]:
        return [name for name in self._options.get("skip_expired_of", "").split(",") if name]

    def commit(self, end: dict[str, Any]) -> None:
        """Do nothing: the checkpoint is Spark's."""


def _batch(shard: str, page: Sequence[RecordTypeDef]) -> pa.RecordBatch:
    records = list(user_records(page))
    columns = [
        [record.key for record in records],
        [record.value for record in records],
        [shard] * len(records),
        [record.position for record in records],
        [record.arrived_at for record in records],
    ]
    arrays = [pa.array(values, one.type) for values, one in zip(columns, ARROW_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=ARROW_SCHEMA)
