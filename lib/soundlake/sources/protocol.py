"""What a source is to the rest of Soundlake."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from pyspark.sql import DataFrame, SparkSession

from soundlake.errors import UsageError
from soundlake.tables import EVENTS

ADDED_BY_INGEST = ("ingested_at", "ingest_date", "record_bytes")

KEPT_BYTES = 64 * 1024  # of a record that is too large

# What a source gives: bronze/events before ingest adds its own columns. A source that cannot give the whole of a record
# says how long it is, in a column record_bytes of its own.
RECORD_COLUMNS = tuple(column for column in EVENTS.columns if column.name not in ADDED_BY_INGEST)


class Once(Enum):
    """How a query takes all that is there, and ends."""

    AVAILABLE_NOW = "Spark's trigger availableNow does it"
    UNTIL_DRAINED = "batch after batch, until the source says that it is drained"
    IMPOSSIBLE = "the source cannot tell"


@dataclass(frozen=True)
class Gap:
    """Records that a broker deleted before they were read.

    They stood in a partition of a stream, after the position `after` (None: from its beginning) and before the position
    `before` (None: to where the partition ended). `records` is how many they were, None where the broker does not say.
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
    """Where a query without a checkpoint goes on: the offset as Spark writes it, and what was found, in words.

    `log` is what the source itself keeps in a checkpoint, as the text of its first entry.
    """

    offset: str
    found: str
    log: str | None = None


class Source(Protocol):
    """A place that records come from. It frames them and says where each stands; it never interprets them.

    `resume` and `reached` are offsets of Spark, as JSON: where a query that has run before goes on, and the end of its
    last batch (see `soundlake.sources.checkpoint`).
    """

    @property
    def once(self) -> Once:
        """How a query takes all that is there."""
        ...

    def check_start(self, spark: SparkSession, resume: str | None) -> tuple[Gap, ...]:
        """Look at the broker before the query is started; call it before read_stream, and with None for a new query.

        Returns the gaps that will be skipped, to be recorded. Raises SoundlakeError, with what to do, where the broker
        cannot be reached or lacks a topic or stream, or where records have expired and skipping is not allowed.
        """
        ...

    def read_stream(self, spark: SparkSession) -> DataFrame:
        """Return the stream of records: the columns of bronze/events but for those that ingest adds."""
        ...

    def is_drained(self, reached: str) -> bool:
        """Tell whether nothing that was there when this source was opened is left after an offset.

        Asked only where `once` is UNTIL_DRAINED.
        """
        ...

    def recover_checkpoint(self, spark: SparkSession, held: DataFrame, scratch: str) -> Recovered:
        """Return where a query with a lost checkpoint goes on, from `held`, the records of this kind of source.

        `scratch` is the path of a folder that may be made; it is removed afterwards. Raises SoundlakeError where the
        source does not deliver what bronze holds any more, so that going on would lose or double records.
        """
        ...

    def explain(self, error: str) -> str | None:
        """Say what a failure of the query means and what to do; None where it is not the source's."""
        ...


def check_once(source: Source, name: str) -> None:
    """Raise UsageError where `--once` cannot be kept."""
    if source.once is Once.IMPOSSIBLE:
        raise UsageError(f"--once: {name} cannot tell when all that is there is taken; run without it, or on Spark 4")
