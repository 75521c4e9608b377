"""The records of files, cut out by a worker of Spark that reads each file itself.

Spark's own reader would hold a file several times over in the JVM's heap. Here the JVM never holds more than a batch
of records, and of a file that is too large not even the worker reads more than its beginning.
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
from soundlake.settings.types import in_bytes
from soundlake.sources.framing import frame
from soundlake.sources.protocol import KEPT_BYTES, RECORD_COLUMNS

# What is read of a file that Spark has listed, see `files.placed`.
PLACED = ("kind", "stream", "partition", "modificationTime", "path", "length")
SCHEMA = ", ".join([*(f"{column.name} {column.type}" for column in RECORD_COLUMNS), "record_bytes bigint"])
UNREADABLE = "a file that was found cannot be read"


@dataclass
class FileReader:
    """Reads files of this machine, and objects on S3 as the settings say."""

    settings: Settings
    _s3: Any = field(default=None, init=False)

    def read(self, path: str, first: int | None = None) -> bytes:
        """The bytes of a file, or its `first` ones; the path is written as Spark does: file:/… or s3a://….

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
    """Cut files (columns PLACED) into records (SCHEMA): bronze/events but for what ingest adds, and record_bytes.

    A file above source.files.max_file_bytes is one record of its first KEPT_BYTES, and so is a record above
    source.max_record_bytes; record_bytes is the whole length of either. Raises SoundlakeError for a file that cannot
    be read.
    """
    reader, most = FileReader(settings), in_bytes(settings.source.files.max_file_bytes)
    for batch in files:
        arrived_at = batch.schema.field("modificationTime").type
        for file in batch.to_pylist():
            if file["length"] > most:
                beginning = Part(0, [reader.read(file["path"], KEPT_BYTES)], [file["length"]])
                yield _rows(file, arrived_at, beginning)
                continue
            records = frame(reader.read(file["path"]), most)
            for part in parts(records, in_bytes(settings.source.max_record_bytes)):
                yield _rows(file, arrived_at, part)


class Part(NamedTuple):
    """Records of a file that follow each other: the position of the first, what is kept of each, its whole length."""

    position: int
    values: list[bytes]
    sizes: list[int]


def parts(records: Iterable[bytes], most: int, at_once: int = 16 * 1024 * 1024) -> Iterator[Part]:
    """Records in parts of about `at_once` bytes; of a record above `most` bytes only KEPT_BYTES are kept."""
    part, held = Part(0, [], []), 0
    for record in records:
        value = record if len(record) <= most else record[:KEPT_BYTES]
        part.values.append(value)
        part.sizes.append(len(record))
        held += len(value)
        if held >= at_once:
            yield part
            part, held = Part(part.position + len(part.values), [], []), 0
    if part.values:
        yield part


def _rows(file: dict[str, Any], arrived_at: pa.DataType, part: Part) -> pa.RecordBatch:
    count = len(part.values)
    positions = range(part.position, part.position + count)
    of_each = {"position": pa.array(map(str, positions), pa.string()), "value": pa.array(part.values, pa.binary())}
    of_file = {"kind": file["kind"], "key": None, "source": "files"}
    of_file |= {"stream": file["stream"], "partition": file["partition"]}
    columns = {name: pa.array([text] * count, pa.string()) for name, text in of_file.items()} | of_each
    columns["arrived_at"] = pa.array([file["modificationTime"]] * count, arrived_at)
    columns["record_bytes"] = pa.array(part.sizes, pa.int64())
    return pa.record_batch({name: columns[name] for name in (*(c.name for c in RECORD_COLUMNS), "record_bytes")})
