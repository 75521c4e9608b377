"""The protocol of sources."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from pyspark.sql import DataFrame, SparkSession

from soundlake.errors import UsageError
from soundlake.tables import EVENTS

ADDED_BY_INGEST = ("ingested_at", "ingest_date", "record_bytes")


# The columns of a source: bronze/events before ingest adds its own. A source that cannot return all bytes of a record
# adds its length as record_bytes.
RECORD_COLUMNS = tuple(column for column in EVENTS.columns if column.name not in ADDED_BY_INGEST)


class Once(Enum):
    """How a query processes everything that is there, and ends."""

    AVAILABLE_NOW = "by Spark's trigger availableNow"
    UNTIL_DRAINED = "batch after batch, until the source is drained"
    IMPOSSIBLE = "the source cannot tell"


@dataclass(frozen=True)
class Gap:
    """Records that a broker deleted before they were read.

    They were in a partition of a stream, after the position `after` (None: from its beginning) and before the position
    `before` (None: to its end). `records` is their number, None where the broker does not say.
    """

    stream: str
    partition: str
    after: str | None
    before: str | None
    records: int | None

    def __str__(self) -> str:
        count = "an unknown number of" if self.records is None else f"{self.records:,}"
        begin = "the beginning" if self.after is None else f"position {self.after}"
        end = "its end" if self.before is None else f"position {self.before}"
        return f"{self.stream}, partition {self.partition}: {count} records after {begin}, before {end}"


@dataclass(frozen=True)
class Recovered:
    """Where a query without a checkpoint resumes: the offset as Spark writes it, and a summary for people.

    `log` is the first entry of the source's own log in a checkpoint, where it keeps one.
    """

    offset: str
    found: str
    log: str | None = None


class Source(Protocol):
    """Where records come from. It frames them and gives each its position; it never interprets them.

    `resume` and `reached` are Spark offsets as JSON: where a query that ran before resumes, and the end of its last
    batch (see `soundlake.sources.checkpoint`).
    """

    @property
    def once(self) -> Once:
        """How a query takes all that is there."""
        ...

    def check_start(self, spark: SparkSession, resume: str | None) -> tuple[Gap, ...]:
        """Check the broker before the query is started, and before read_stream; pass None for a new query.

        Returns the gaps that will be skipped, to be recorded. Raises SoundlakeError, with what to do, where the broker
        cannot be reached, lacks a topic or stream, or has expired records that may not be skipped.
        """
        ...

    def read_stream(self, spark: SparkSession) -> DataFrame:
        """Return the stream of records: the columns of bronze/events without those that ingest adds."""
        ...

    def is_drained(self, reached: str) -> bool:
        """Whether nothing that existed when this source was opened is left after an offset.

        Asked only where `once` is UNTIL_DRAINED.
        """
        ...

    def recover_checkpoint(self, spark: SparkSession, held: DataFrame, scratch: str) -> Recovered:
        """Return where a query with a lost checkpoint goes on, from `held`, the records of this kind of source.

        `scratch` is the path of a temporary folder. Raises SoundlakeError where the source no longer has what bronze
        holds, so that going on would lose or duplicate records.
        """
        ...

    def explain(self, error: str) -> str | None:
        """Explain a failure of the query and what to do; None where the source is not the cause."""
        ...


def check_once(source: Source, name: str) -> None:
    """Raise UsageError where `--once` is impossible."""
    if source.once is Once.IMPOSSIBLE:
        raise UsageError(f"--once: {name} cannot tell when everything has been read; run without it, or on Spark 4")
