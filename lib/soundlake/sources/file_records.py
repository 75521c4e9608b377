"""Files are read and cut into records by Spark's Python workers.

Spark's own reader would hold several copies of a file in the JVM's heap. Here the JVM holds one batch of records at a
time, and of a file that is too large the worker reads only the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from soundlake.aws import translate_errors
from soundlake.errors import SoundlakeError
from soundlake.s3 import is_on_s3
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3, split_uri
from soundlake.settings.types import KEPT_BYTES, in_bytes
from soundlake.sources.framing import frame
from soundlake.sources.protocol import RECORD_COLUMNS

# The columns of a listed file, see `files.placed`.
PLACED = ("kind", "stream", "partition", "modificationTime", "path", "length")
SCHEMA = ", ".join([*(f"{column.name} {column.type}" for column in RECORD_COLUMNS), "record_bytes bigint"])
UNREADABLE = "cannot read a file that was listed"


@dataclass
class FileReader:
    """Reads local files, and objects on S3 with the settings' client."""

    settings: Settings
    _s3: Any = field(default=None, init=False)

    def read(self, path: str, first: int | None = None) -> bytes:
        """Return the bytes of a file, or its `first` ones; `path` is written as Spark does, file:/… or s3a://….

        Raises SoundlakeError where the file cannot be read.
        """
        if is_on_s3(path):
            return self._from_s3(path, first)
        try:
            with Path(path.removeprefix("file:")).open("rb") as file:
                return file.read(-1 if first is None else first)
        except OSError as error:
            raise SoundlakeError(f"{UNREADABLE}: {path}: {error.strerror}") from None

    def _from_s3(self, path: str, first: int | None) -> bytes:
        self._s3 = self._s3 or open_s3(self.settings)
        bucket, key = split_uri(path)
        more = {"RequestPayer": "requester"} if self.settings.s3.requester_pays else {}
        if first is not None:
            more["Range"] = f"bytes=0-{first - 1}"
        with translate_errors(f"{UNREADABLE}: {path}"):
            content: bytes = self._s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()
        return content


def cut(files: Iterator[pa.RecordBatch], settings: Settings) -> Iterator[pa.RecordBatch]:
    """Cut files (columns PLACED) into records (SCHEMA: bronze/events without what ingest adds, and record_bytes).

    A file above source.files.max_file_bytes becomes one record. Of this record, and of any above
    source.max_record_bytes, the value keeps the first KEPT_BYTES; record_bytes has the full length. Raises
    SoundlakeError for a file that cannot be read.
    """
    reader, most = FileReader(settings), in_bytes(settings.source.files.max_file_bytes)
    for batch in files:
        arrived_at = batch.schema.field("modificationTime").type
        for file in batch.to_pylist():
            if file["length"] > most:
                beginning = Chunk(0, [reader.read(file["path"], KEPT_BYTES)], [file["length"]])
                yield _rows(file, arrived_at, beginning)
                continue
            records = frame(reader.read(file["path"]), most)
            for chunk in chunks(records, in_bytes(settings.source.max_record_bytes)):
                yield _rows(file, arrived_at, chunk)


class Chunk(NamedTuple):
    """Consecutive records of a file: the position of the first, the kept bytes and the full length of each."""

    position: int
    values: list[bytes]
    sizes: list[int]


def chunks(records: Iterable[bytes], most: int, at_once: int = 16 * 1024 * 1024) -> Iterator[Chunk]:
    """Group records into chunks of about `at_once` bytes; a record above `most` bytes keeps its first KEPT_BYTES."""
    chunk, held = Chunk(0, [], []), 0
    for record in records:
        value = record if len(record) <= most else record[:KEPT_BYTES]
        chunk.values.append(value)
        chunk.sizes.append(len(record))
        held += len(value)
        if held >= at_once:
            yield chunk
            chunk, held = Chunk(chunk.position + len(chunk.values), [], []), 0
    if chunk.values:
        yield chunk


def _rows(file: dict[str, Any], arrived_at: pa.DataType, chunk: Chunk) -> pa.RecordBatch:
    count = len(chunk.values)
    positions = range(chunk.position, chunk.position + count)
    of_each = {"position": pa.array(map(str, positions), pa.string()), "value": pa.array(chunk.values, pa.binary())}
    of_file = {"kind": file["kind"], "key": None, "source": "files"}
    of_file |= {"stream": file["stream"], "partition": file["partition"]}
    columns = {name: pa.array([text] * count, pa.string()) for name, text in of_file.items()} | of_each
    columns["arrived_at"] = pa.array([file["modificationTime"]] * count, arrived_at)
    columns["record_bytes"] = pa.array(chunk.sizes, pa.int64())
    return pa.record_batch({name: columns[name] for name in (*(c.name for c in RECORD_COLUMNS), "record_bytes")})
