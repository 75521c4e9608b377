"""Records as gzipped NDJSON: a folder per topic, in it one per day; files appear complete."""

from __future__ import annotations

import os
import uuid
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from soundlake.errors import SoundlakeError
from soundlake.publishers.base import BasePublisher
from soundlake.publishers.file_sink import PendingFile, open_sink
from soundlake.settings import Settings

# Compressed in steps of this size: a call per record would cost more than the compression.
_STEP = 1 << 20
# Before compression. Readers hold a whole file in memory.
_MAX_FILE = 64 << 20
# Level 1 is four times as fast as the default and its files a tenth larger.
_LEVEL = 1


class FilesPublisher(BasePublisher):
    """Files below one folder: `<out>/<topic>/<date>/<time>-<random>.ndjson.gz`, local or on S3."""

    is_seen_early = False

    def __init__(self, settings: Settings, out: str | None = None) -> None:
        """Raises SoundlakeError where the folder cannot be made."""
        super().__init__()
        self._topics = settings.source.topics.model_dump()
        self._open: dict[str, _OpenFile] = {}
        self.out = out or settings.publish.out or settings.source.files.path or "./records"
        self._sink = open_sink(self.out, settings)

    def publish_all(self, kind: str, keys: Sequence[str], values: Sequence[bytes]) -> None:
        """Take many encoded records of a kind; see `Publisher`. Files have no use for the keys."""
        if not values:
            return
        self._part(kind).write(b"\n".join(values) + b"\n")
        self._counts[kind] += len(values)
        self._roll(kind)

    def flush(self) -> None:
        """Finish all open files; see `Publisher`."""
        for kind in list(self._open):
            self._finish(kind)

    def _send(self, kind: str, key: str, value: bytes) -> None:
        self._part(kind).write(value + b"\n")
        self._roll(kind)

    def _part(self, kind: str) -> _OpenFile:
        if kind not in self._open:
            now = datetime.now(UTC)
            name = f"{now:%H%M%S%f}-{uuid.uuid4().hex[:8]}.ndjson.gz"
            target = self._sink.begin(f"{self._topics[kind]}/{now:%Y-%m-%d}", name)
            try:
                self._open[kind] = _OpenFile(target)
            except OSError as error:
                raise SoundlakeError(f"cannot write {target.shown}: {error.strerror}") from None
        return self._open[kind]

    def _roll(self, kind: str) -> None:
        part = self._open[kind]
        if part.size >= _MAX_FILE or part.is_broken:
            self._finish(kind)

    def _finish(self, kind: str) -> None:
        part = self._open[kind]
        try:
            part.finish()
            self._sink.finish(part.target)
        except OSError as error:
            raise SoundlakeError(f"cannot write {part.target.shown}: {error.strerror or error}") from None
        del self._open[kind]

    def _release(self) -> None:
        self._sink.release()


@dataclass
class _OpenFile:
    """One open file."""

    target: PendingFile
    size: int = 0
    _pending: list[bytes] = field(default_factory=list)
    _pending_size: int = 0
    _trouble: OSError | None = None

    def __post_init__(self) -> None:
        self._gzip = zlib.compressobj(_LEVEL, wbits=31)
        self._file = self.target.working.open("wb")

    @property
    def is_broken(self) -> bool:
        """Whether a write failed; `finish` raises the error."""
        return self._trouble is not None

    def write(self, data: bytes) -> None:
        self._pending.append(data)
        self._pending_size += len(data)
        self.size += len(data)
        if self._pending_size >= _STEP:
            self._compress()

    def finish(self) -> None:
        """Complete the file, or raise the error of an earlier write; may be called again."""
        if not self._file.closed:
            with self._file:
                self._compress()
                self._guarded(self._end)
        if self._trouble is not None:
            raise self._trouble

    def _end(self) -> None:
        self._file.write(self._gzip.flush())
        self._file.flush()
        os.fsync(self._file.fileno())  # the bytes must be durable before the new name is

    def _compress(self) -> None:
        data = self._gzip.compress(b"".join(self._pending))
        self._pending.clear()
        self._pending_size = 0
        self._guarded(lambda: self._file.write(data))

    def _guarded(self, write: Callable[[], object]) -> None:
        """Write, unless an earlier write failed: then the file is lost as a whole."""
        if self._trouble is not None:
            return
        try:
            write()
        except OSError as error:
            self._trouble = error
