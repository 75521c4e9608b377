"""Tables as bytes, so that the shuffle of a large batch moves a few large values instead of millions of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from soundlake.core.decode import MARKS, Records
from soundlake.kinds.kind import Kind

_MARK = "mark."  # prefix of the metadata columns


def to_bytes(table: pa.Table) -> bytes:
    """A table as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    data: bytes = sink.getvalue().to_pybytes()
    return data


def from_bytes(data: bytes | pa.Buffer) -> pa.Table:
    """The table of an Arrow stream; its columns lie in the given bytes."""
    return pa.ipc.open_stream(pa.py_buffer(data)).read_all()


def pack(records: Records, buckets: int) -> Iterator[tuple[int, bytes]]:
    """The records of each bucket as bytes; records of one key are in one bucket."""
    columns = [*records.marks.columns, *records.rows.columns]
    names = [*[_MARK + name for name in records.marks.column_names], *records.rows.column_names]
    table = pa.table(columns, names=names)
    of_record = buckets_of(records.marks["key"], buckets)
    for bucket in np.unique(of_record).tolist():
        yield bucket, to_bytes(table.take(pa.array(np.flatnonzero(of_record == bucket))))


def unpack(kind: Kind, data: list[bytes]) -> Records:
    """The records of one kind from the bytes of `pack`."""
    table = pa.concat_tables([from_bytes(each) for each in data]).combine_chunks()
    marks = table.select([_MARK + name for name in MARKS.names]).rename_columns(MARKS.names)
    return Records(kind, marks, table.select([name for name in table.column_names if not name.startswith(_MARK)]))


def buckets_of(keys: pa.ChunkedArray | pa.Array, buckets: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The bucket of each key (16 bytes)."""
    flat = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
    heads = np.frombuffer(flat.cast(pa.binary(16)).buffers()[1], np.uint16)[flat.offset * 8 :: 8][: len(flat)]
    return (heads % buckets).astype(np.int64)
