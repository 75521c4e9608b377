"""The stamp index: the rows of silver/stamps by key, on the driver's disk.

It is a cache of the table, and the table always wins: the index records its table and the last commit that it has read,
reads the commits since, and is rebuilt from the table's files where a commit did more than add rows, or where its own
files are damaged. The newest stamps are in memory, older ones in memory-mapped files; both are a small number of sorted
segments (soundlake.refine.segments).

Dominated stamps that maintenance removes stay in the index, since they change no answer; it is rebuilt when they are
most of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from soundlake.core.judge import KNOWN
from soundlake.errors import SoundlakeError
from soundlake.logs import get_log
from soundlake.refine.index_folder import IndexFolder, NoIndexError, Saved
from soundlake.refine.segments import BLOCK_ROWS, Segment, keys_of, look_up, merge, to_merge
from soundlake.refine.stamp_log import RebuildError, StampLog, TablePosition

_log = get_log(__name__)
_UNREADABLE = (DeltaError, OSError, pa.ArrowException)


@dataclass(frozen=True)
class IndexLimits:
    """How much is kept in memory, and how segments grow.

    Attributes:
        memory_rows: With more rows in memory, they are written to a file.
        commits: After so many commits, too: the next start reads them again from the table's log, which is trimmed.
        built_rows: memory_rows during a rebuild; larger, so that fewer segments are merged.
        segment_rows: The most rows of a merged segment.
        block_rows: The rows of a block; this many are in memory when segments are merged.
    """

    memory_rows: int = 500_000
    commits: int = 200
    built_rows: int = 2_000_000
    segment_rows: int = 8_000_000
    block_rows: int = BLOCK_ROWS


class StampIndex:
    """The index of one table, in a folder that no other process uses at the same time.

    Args:
        open_table: Opens the table; returns None where there is none.
        folder: Where the index is kept. It may be deleted while no index is open. Where it cannot be written, a warning
            is logged and all stamps stay in memory (about 100 bytes each); the write is retried each time that their
            number has doubled, from `limits.memory_rows` on.
        limits: How much is kept in memory, and how segments grow.
    """

    def __init__(
        self, open_table: Callable[[], DeltaTable | None], folder: Path, limits: IndexLimits | None = None
    ) -> None:
        self._open_table = open_table
        self._folder = IndexFolder(folder)
        self._limits = limits or IndexLimits()
        self._log: StampLog | None = None
        self._batch: str | None = None
        self._forget()

    def _forget(self) -> None:
        self._position: TablePosition | None = None  # how far the table has been read
        self._saved: TablePosition | None = None  # how far the index is on disk
        self._files: list[Segment] = []
        self._memory: list[Segment] = []
        self._own: list[Segment] = []  # written by an earlier attempt of the current batch
        self._last_batches: dict[str, int] = {}  # of each query, except for `_own`
        self._tried_rows = 0  # the rows in memory at the last failed write

    def catch_up(self, batch: str) -> None:
        """Catch up with the table's newest version, before the batch of this name is judged.

        Raises SoundlakeError where the table cannot be read.
        """
        if batch != self._batch:
            if self._batch is not None and self._own:
                self._note([self._batch])
            self._memory += self._own
            self._own = []
            self._batch = batch
        try:
            self._come_up(batch)
        except _UNREADABLE:
            # The open table may be outdated: expired credentials, or files that were compacted.
            self._log = None
            try:
                self._come_up(batch)
            except _UNREADABLE as error:
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                raise SoundlakeError(f"silver/stamps cannot be read: {reason}; start again when it can") from error

    def known(self, keys: pa.Array | pa.ChunkedArray, batch: str) -> pa.Table:
        """The stamps (KNOWN) of keys (16 bytes each), without those that the batch of this name wrote.

        The index must have been caught up for this batch; else ValueError is raised.
        """
        if batch != self._batch:
            raise ValueError(f"the index was caught up for the batch {self._batch}, not for {batch}")
        return look_up([*self._files, *self._memory], keys_of(keys))

    def close(self) -> None:
        """Write what is only in memory, so that the next start need not read it from the table, and close all files."""
        if self._position != self._saved and not self._own:
            self._save()
        self._forget()
        self._log = self._batch = None

    def _come_up(self, batch: str) -> None:
        try:
            log = self._opened()
            if log is None:
                self._forget()
            else:
                self._load(log)
                query, number = _numbered(batch)
                if self._last_batches.get(query, -1) >= number:
                    raise RebuildError(f"batch {batch} is judged again after others have been")
                self._follow(log)
                if self._is_due():
                    self._log = None  # an open table does not say how many rows it has now
                    self._refuse_bloat(self._opened())
        except RebuildError as reason:
            report = _log.info if isinstance(reason, NoIndexError) else _log.warning
            report("the stamp index is rebuilt", folder=self._folder.path, reason=reason)
            self._build()
        self._condense()
        if self._is_due():
            self._save()

    def _is_due(self) -> bool:
        """Whether it is time to write what is in memory."""
        return (not self._own and self._may_write()) and (
            self._saved is None
            or _rows(self._memory) > self._limits.memory_rows
            or (self._position is not None and self._position.version - self._saved.version >= self._limits.commits)
        )

    def _refuse_bloat(self, log: StampLog | None) -> None:
        """Raise RebuildError where more than half of the stamps are not in the table: maintenance has deleted them."""
        table_rows, rows = log.rows() if log else None, _rows([*self._files, *self._memory])
        if table_rows is not None and rows > 2 * table_rows + self._limits.memory_rows:
            raise RebuildError(f"it has {rows} stamps, the table has {table_rows}")

    def _opened(self) -> StampLog | None:
        if self._log is None:
            table = self._open_table()
            self._log = None if table is None else StampLog(table)
        return self._log

    def _load(self, log: StampLog) -> None:
        if self._position is not None:
            return
        saved = self._folder.load()
        self._position = self._saved = saved.position
        self._files = list(saved.segments)
        self._last_batches = dict(saved.last_batches)
        self._refuse_bloat(log)

    def _follow(self, log: StampLog) -> None:
        assert self._position is not None
        for position, files in log.since(self._position):
            try:
                read = [rows for file in files for rows in log.read(file)]
            except FileNotFoundError as error:
                raise RebuildError(f"a file of commit {position.version} is gone: {error}") from None
            for rows in read:
                self._absorb(rows)
            self._position = position

    def _build(self) -> None:
        self._forget()
        self._log = None
        log = self._opened()
        try:
            self._folder.clear()
        except OSError as error:
            self._warn(error)
        if log is not None:
            position = log.position
            for file in log.files():
                for rows in log.read(file):
                    self._absorb(rows)
            self._position = position

    def _absorb(self, rows: pa.Table) -> None:
        """Add rows of the table (STAMPED)."""
        is_own = pc.fill_null(pc.equal(rows["batch"], self._batch), False)
        own, others = rows.filter(is_own), rows.filter(pc.invert(is_own))
        if len(own):
            self._own.append(Segment.of(own.select(KNOWN.names)))
        if len(others):
            self._note(others["batch"].drop_null().unique().to_pylist())
            self._memory.append(Segment.of(others.select(KNOWN.names)))
        if self._may_write() and _rows(self._memory) > self._limits.built_rows:
            try:
                self._write_memory()
            except OSError as error:
                self._warn(error)

    def _note(self, batches: Iterable[str]) -> None:
        for query, number in map(_numbered, batches):
            self._last_batches[query] = max(number, self._last_batches.get(query, -1))

    def _condense(self) -> None:
        while places := to_merge([segment.rows for segment in self._memory], self._limits.segment_rows):
            merged = Segment(merge([self._memory[place] for place in places], self._limits.block_rows))
            self._memory = [*_without(self._memory, places), merged]

    def _may_write(self) -> bool:
        least = max(2 * self._tried_rows, self._limits.memory_rows) if self._tried_rows else 0
        return _rows(self._memory) >= least

    def _save(self) -> None:
        """Write everything in memory, and the manifest; where that fails, it stays in memory."""
        if self._position is None or not self._may_write():
            return
        try:
            self._write_memory()
            while places := to_merge([segment.rows for segment in self._files], self._limits.segment_rows):
                blocks = merge([self._files[place] for place in places], self._limits.block_rows)
                self._files = [*_without(self._files, places), self._folder.write(blocks)]
            self._folder.save(Saved(self._position, self._last_batches, self._files))
            self._saved = self._position
            pa.default_memory_pool().release_unused()  # the memory of sorting and merging
        except OSError as error:
            self._warn(error)

    def _write_memory(self) -> None:
        if self._memory:
            self._files.append(self._folder.write(merge(self._memory, self._limits.block_rows)))
            self._memory = []
        self._tried_rows = 0

    def _warn(self, error: OSError) -> None:
        self._tried_rows = max(1, _rows(self._memory))
        _log.warning("the stamp index cannot be written and stays in memory", reason=error)


def _rows(segments: Iterable[Segment]) -> int:
    return sum(segment.rows for segment in segments)


def _without(segments: list[Segment], places: list[int]) -> list[Segment]:
    return [segment for place, segment in enumerate(segments) if place not in places]


def _numbered(batch: str) -> tuple[str, int]:
    """The query and the number of a batch; a name without a number is a query of one batch."""
    query, _, number = batch.rpartition("/")
    return (query, int(number)) if number.isdecimal() else (batch, 0)
