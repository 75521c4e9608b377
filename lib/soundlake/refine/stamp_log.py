"""The Delta log of silver/stamps, read without Spark: which files commits added, and whether they did anything else."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from soundlake.catalog.delta import files_of
from soundlake.core.judge import KNOWN
from soundlake.errors import SoundlakeError

# The userMetadata of a commit that removes only dominated stamps, so that the answers of an index stay right.
ONLY_DOMINATED = "soundlake: only dominated stamps removed"
# The columns that are read.
STAMPED = pa.schema([*KNOWN, ("batch", pa.string())])
_COLUMNS = ["key", "rank", "fields", "values_hash", "batch"]
_ROWS_AT_ONCE = 1 << 18


class RebuildError(Exception):
    """An index cannot catch up with the table and has to be rebuilt; the message says why."""


@dataclass(frozen=True)
class TablePosition:
    """A position in a table's history: the table's id, a version, and the checksum of that version's commit.

    The checksum reveals a table that was restored or recreated and reached the same version another way.
    """

    table: str
    version: int
    commit: int


class StampLog:
    """The log and the files of an opened table."""

    def __init__(self, table: DeltaTable) -> None:
        self._table = table
        self.table = str(table.metadata().id)
        self.version = table.version()
        self._files: Any = files_of(table)

    @property
    def position(self) -> TablePosition:
        """The position of the table when it was opened."""
        return TablePosition(self.table, self.version, self._checksum(self.version))

    def files(self) -> list[str]:
        """The files of the table when it was opened; raises SoundlakeError where they have deletion vectors."""
        if pa.table(self._table.deletion_vectors()).num_rows:
            raise SoundlakeError(
                f"{self._table.table_uri} has deletion vectors, which cannot be read here: "
                "apply them with REORG TABLE … APPLY (PURGE)"
            )
        return [str(path) for path in self._actions()["path"].to_pylist()]

    def rows(self) -> int | None:
        """How many rows the table had when it was opened; None where the log does not say."""
        actions = self._actions()
        numbers = actions["num_records"].to_pylist() if "num_records" in actions.column_names else [None]
        return None if None in numbers else sum(numbers)

    def _actions(self) -> pa.Table:
        return pa.table(self._table.get_add_actions(flatten=True))

    def since(self, position: TablePosition) -> Iterator[tuple[TablePosition, list[str]]]:
        """The commits after a position, each with the files that it added.

        Raises RebuildError where rows were removed or changed, or a commit is gone.
        """
        if position.table != self.table:
            raise RebuildError(f"it belongs to the table with the id {position.table}, this one has {self.table}")
        if self._checksum(position.version) != position.commit:
            raise RebuildError(f"commit {position.version} of the table is gone, or is not the one that was read")
        version = position.version
        while (data := self._commit(version + 1)) is not None:
            version += 1
            yield TablePosition(self.table, version, zlib.crc32(data)), self._added(data, version)
        if version < self.version:
            raise RebuildError(f"commit {version + 1} of the table is gone")

    def _added(self, commit: bytes, version: int) -> list[str]:
        actions = [orjson.loads(line) for line in commit.splitlines() if line.strip()]
        if any(action["metaData"]["id"] != self.table for action in actions if "metaData" in action):
            raise RebuildError(f"commit {version} recreated the table")
        if any(action.get("commitInfo", {}).get("userMetadata") == ONLY_DOMINATED for action in actions):
            return []
        if any(action["remove"].get("dataChange", True) for action in actions if "remove" in action):
            raise RebuildError(f"commit {version} removed rows")
        added = [action["add"] for action in actions if "add" in action]
        return [unquote(add["path"]) for add in added if add["dataChange"]]

    def _checksum(self, version: int) -> int:
        return zlib.crc32(self._commit(version) or b"")

    def _commit(self, version: int) -> bytes | None:
        try:
            with self._files.open_input_stream(f"_delta_log/{version:020}.json") as stream:
                data: bytes = stream.read()
                return data
        except FileNotFoundError:
            return None

    def read(self, file: str) -> Iterator[pa.Table]:
        """The rows of a file (STAMPED), some at once; raises FileNotFoundError where it is gone."""
        # Spark writes times in Parquet's old type, whose years pyarrow would cut at 2262.
        with (
            self._files.open_input_file(file) as data,
            pq.ParquetFile(data, coerce_int96_timestamp_unit="us", pre_buffer=True) as parquet,
        ):
            for rows in parquet.iter_batches(_ROWS_AT_ONCE, columns=_COLUMNS):
                yield _stamped(rows)


def _stamped(rows: pa.RecordBatch) -> pa.Table:
    rank = rows["rank"].flatten()
    columns = {rows["rank"].type.field(place).name: values for place, values in enumerate(rank)}
    columns |= {name: rows[name] for name in rows.schema.names}
    # A time without a zone means UTC, and is only read as such by way of a number.
    columns["fetched_at"] = (
        columns["fetched_at"].cast(pa.timestamp("us", columns["fetched_at"].type.tz)).cast(pa.int64())
    )
    return pa.table([columns[field.name].cast(field.type) for field in STAMPED], schema=STAMPED)
