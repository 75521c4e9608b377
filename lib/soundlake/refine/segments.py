"""Sorted segments of stamps, in memory or in a memory-mapped file.

A segment is a list of blocks (Arrow record batches) sorted by the first eight bytes of the key; no two blocks share
these eight bytes. So a look-up is a binary search, and segments of any size merge one key range at a time.
"""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from soundlake.core.judge import KNOWN

BLOCK_ROWS = 1 << 18
_FANOUT_BITS = 2
# How many segments of a size class are merged; sizes in a class differ by less than this factor.
FANOUT = 1 << _FANOUT_BITS
# A key is kept as two numbers, of which the first orders the rows: numpy searches numbers, not bytes.
_KEY = [("head", pa.uint64()), ("tail", pa.uint64())]
_SCHEMA = pa.schema([*_KEY, *[field for field in KNOWN if field.name != "key"]])
_READ_BYTES = 1 << 23
Numbers = np.ndarray[Any, np.dtype[np.uint64]]


class Keys(NamedTuple):
    """Distinct keys, in the order of segments."""

    heads: Numbers
    tails: Numbers


class DamagedError(Exception):
    """A file does not hold the segment that was written to it."""


@dataclass(frozen=True)
class SegmentFile:
    """The file of a segment, with what is needed to detect damage."""

    name: str
    rows: int
    bytes: int
    checksum: int


class Segment:
    """Sorted stamps; `file` is None for a segment in memory."""

    def __init__(self, blocks: Iterable[pa.RecordBatch], file: SegmentFile | None = None) -> None:
        self.file = file
        self._blocks = [block for block in blocks if len(block)]
        self._heads: list[Numbers] = [block.column(0).to_numpy() for block in self._blocks]
        self._firsts = np.array([heads[0] for heads in self._heads], np.uint64)
        self.rows = sum(len(block) for block in self._blocks)

    @classmethod
    def of(cls, stamps: pa.Table) -> Segment:
        """Sort stamps (KNOWN) into one block."""
        heads, tails = _split(stamps["key"])
        rest = [stamps[name].combine_chunks() for name in _SCHEMA.names[len(_KEY) :]]
        block = pa.RecordBatch.from_arrays([pa.array(heads), pa.array(tails), *rest], schema=_SCHEMA)
        return cls([block.take(pa.array(np.argsort(heads)))])

    def find(self, keys: Keys) -> Iterator[pa.RecordBatch]:
        """The rows of keys."""
        cuts = [*np.searchsorted(keys.heads, self._firsts).tolist(), len(keys.heads)]
        for place, (begin, end) in enumerate(pairwise(cuts)):
            if begin < end:
                rows = _matching(
                    self._blocks[place], self._heads[place], Keys(keys.heads[begin:end], keys.tails[begin:end])
                )
                if len(rows):
                    yield self._blocks[place].take(pa.array(rows))

    def between(self, first: int, end: int) -> Iterator[pa.RecordBatch]:
        """The rows whose heads lie in a range, its end excluded."""
        for block, heads in zip(self._blocks, self._heads, strict=True):
            low, high = (np.searchsorted(heads, np.uint64(x)) if x < 1 << 64 else len(heads) for x in (first, end))
            if low < high:
                yield block.slice(low, high - low)


def _matching(block: pa.RecordBatch, heads: Numbers, keys: Keys) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The places in a block of the rows of keys."""
    low = np.searchsorted(heads, keys.heads)
    there = np.flatnonzero(heads[np.minimum(low, len(heads) - 1)] == keys.heads)
    low = low[there]
    many = np.searchsorted(heads, keys.heads[there], side="right") - low
    rows = np.repeat(low - (np.cumsum(many) - many), many) + np.arange(many.sum())
    tails: Numbers = block.column(1).to_numpy()
    same: np.ndarray[Any, np.dtype[np.int64]] = rows[tails[rows] == np.repeat(keys.tails[there], many)]
    return same


def keys_of(keys: pa.Array | pa.ChunkedArray) -> Keys:
    """Keys of 16 bytes, distinct and in the order of segments."""
    heads, tails = _split(keys)
    order = np.lexsort((tails, heads))
    heads, tails = heads[order], tails[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (heads[1:] != heads[:-1]) | (tails[1:] != tails[:-1])
    return Keys(heads[is_new], tails[is_new])


def look_up(segments: Sequence[Segment], keys: Keys) -> pa.Table:
    """The stamps (KNOWN) of keys in segments."""
    found = pa.Table.from_batches([rows for segment in segments for rows in segment.find(keys)], _SCHEMA)
    both = np.empty((len(found), 2), ">u8")
    both[:, 0], both[:, 1] = found["head"].to_numpy(), found["tail"].to_numpy()
    key = pa.Array.from_buffers(pa.binary(16), len(found), [None, pa.py_buffer(both)]).cast(pa.binary())
    return pa.Table.from_arrays([key, *found.columns[len(_KEY) :]], schema=KNOWN)


def _split(keys: pa.Array | pa.ChunkedArray) -> tuple[Numbers, Numbers]:
    flat = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
    fixed = flat.cast(pa.binary(16))
    if fixed.null_count:
        raise ValueError("a key is null")
    both = np.frombuffer(fixed.buffers()[1] or b"", ">u8").reshape(-1, 2)[fixed.offset : fixed.offset + len(fixed)]
    return both[:, 0].astype(np.uint64), both[:, 1].astype(np.uint64)


def merge(segments: Sequence[Segment], block_rows: int = BLOCK_ROWS) -> Iterator[pa.RecordBatch]:
    """The rows of several segments as the blocks of one, of about `block_rows` rows each.

    Keys are digests, so equal ranges hold about equally many rows.
    """
    parts = -(-sum(segment.rows for segment in segments) // block_rows)
    bounds = [(1 << 64) * part // parts for part in range(parts + 1)] if parts else []
    for first, end in pairwise(bounds):
        rows = pa.Table.from_batches([b for s in segments for b in s.between(first, end)], _SCHEMA).combine_chunks()
        # A stable sort is fast for sorted runs.
        order = np.argsort(rows["head"].to_numpy(), kind="stable")
        yield from rows.take(pa.array(order)).combine_chunks().to_batches()


def to_merge(sizes: Sequence[int], bound: int) -> list[int]:
    """The places of segments to merge now, to keep their number low; empty where there is nothing to merge.

    Merges FANOUT segments of one size class, or as many of them as do not exceed the bound.
    """
    classes: dict[int, list[int]] = {}
    for place in sorted(range(len(sizes)), key=sizes.__getitem__):
        if sizes[place] <= bound // 2:
            classes.setdefault((sizes[place].bit_length() - 1) // _FANOUT_BITS, []).append(place)
    for places in classes.values():
        if len(places) >= FANOUT:
            total = np.cumsum([sizes[place] for place in places])
            return places[: int(np.searchsorted(total, bound, side="right"))]
    return []


class _Summed:
    """Writes to a file, and keeps the checksum and size."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self.checksum = self.bytes = 0

    @property
    def closed(self) -> bool:
        return self._file.closed

    def write(self, data: bytes) -> int:
        self.checksum = zlib.crc32(data, self.checksum)
        self.bytes += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def write(path: Path, blocks: Iterable[pa.RecordBatch]) -> Segment:
    """Write blocks to a new file and return it as a segment; raises OSError, leaving no file."""
    rows = 0
    sink = _Summed(path)
    try:
        with pa.PythonFile(sink, "w") as stream, pa.ipc.new_file(stream, _SCHEMA) as writer:
            for block in blocks:
                writer.write_batch(block)
                rows += len(block)
        return Segment(_mapped(path), SegmentFile(path.name, rows, sink.bytes, sink.checksum))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        sink.close()


def open_segment(folder: Path, file: SegmentFile) -> Segment:
    """Open the file of a segment; raises DamagedError where it is damaged, OSError where it is missing."""
    checksum = 0
    with (folder / file.name).open("rb") as data:
        while part := data.read(_READ_BYTES):
            checksum = zlib.crc32(part, checksum)
        if data.tell() != file.bytes or checksum != file.checksum:
            raise DamagedError(f"{file.name} is damaged")
    segment = Segment(_mapped(folder / file.name), file)
    if segment.rows != file.rows:
        raise DamagedError(f"{file.name} has {segment.rows} rows instead of {file.rows}")
    return segment


def _mapped(path: Path) -> Iterator[pa.RecordBatch]:
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    reader = pa.ipc.open_file(pa.py_buffer(data))
    return (reader.get_batch(place) for place in range(reader.num_record_batches))
