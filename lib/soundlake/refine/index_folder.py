"""The folder of an index: segment files, and a manifest that lists them and the position of the table."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

import orjson
import pyarrow as pa

from soundlake.refine.segments import DamagedError, Segment, SegmentFile, open_segment, write
from soundlake.refine.stamp_log import RebuildError, TablePosition

_FORMAT = 2
_SUFFIX = ".segment"
_OPENED_AT_ONCE = 4  # opening is mostly a checksum, which releases the GIL


class NoIndexError(RebuildError):
    """There is no index in the folder."""


@dataclass(frozen=True)
class Saved:
    """A saved index: the table's position that it has, and the last batch of each query in it."""

    position: TablePosition
    last_batches: Mapping[str, int]
    segments: Sequence[Segment]


@dataclass(frozen=True)
class IndexFolder:
    """The folder of one index. A failed write raises OSError and leaves the saved index as it was."""

    path: Path

    def write(self, blocks: Iterable[pa.RecordBatch]) -> Segment:
        """Write blocks as a segment; it becomes part of the index with the next manifest."""
        self.path.mkdir(parents=True, exist_ok=True)
        return write(self.path / f"{uuid4().hex}{_SUFFIX}", blocks)

    def save(self, saved: Saved) -> None:
        """Save the manifest and remove all other segments."""
        self.path.mkdir(parents=True, exist_ok=True)
        files = [segment.file for segment in saved.segments if segment.file is not None]
        content = {
            "format": _FORMAT,
            "position": asdict(saved.position),
            "last_batches": dict(saved.last_batches),
            "segments": [asdict(file) for file in files],
        }
        unfinished = self._manifest.with_suffix(".unfinished")
        unfinished.write_bytes(orjson.dumps({"checksum": _checksum(content), "content": content}))
        unfinished.replace(self._manifest)
        self._clear({file.name for file in files})

    def load(self) -> Saved:
        """The saved index. Raises RebuildError where it is missing, damaged or of another format."""
        try:
            document = orjson.loads(self._manifest.read_bytes())
            content = document["content"]
            if document["checksum"] != _checksum(content):
                raise DamagedError(f"{self._manifest.name} is damaged")
            if content["format"] != _FORMAT:
                raise RebuildError(f"its format is {content['format']}, this version writes {_FORMAT}")
            files = [SegmentFile(**each) for each in content["segments"]]
            with ThreadPoolExecutor(_OPENED_AT_ONCE) as pool:
                segments = list(pool.map(lambda file: open_segment(self.path, file), files))
            self._clear({file.name for file in files})
            return Saved(TablePosition(**content["position"]), content["last_batches"], segments)
        except FileNotFoundError as error:
            if not self._manifest.exists():
                raise NoIndexError("there is none yet") from None
            raise RebuildError(f"{error.filename} is gone") from None
        except (DamagedError, OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
            raise RebuildError(f"it cannot be read: {error}") from None

    def clear(self) -> None:
        """Remove the index, the manifest first."""
        self._manifest.unlink(missing_ok=True)
        self._clear(set())

    def _clear(self, keep: set[str]) -> None:
        for file in self.path.glob(f"*{_SUFFIX}"):
            if file.name not in keep:
                file.unlink(missing_ok=True)

    @property
    def _manifest(self) -> Path:
        return self.path / "manifest.json"


def _checksum(content: object) -> int:
    return zlib.crc32(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))
