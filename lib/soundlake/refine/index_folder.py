"""The folder of an index: segments in files, and a manifest that says which of them are the index, and of what."""

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
from soundlake.refine.stamp_log import Place, RebuildError

_FORMAT = 1
_SUFFIX = ".segment"
_OPENED_AT_ONCE = 4  # most of opening is a checksum, which is computed beside others


class MissingError(RebuildError):
    """There is no index in the folder."""


@dataclass(frozen=True)
class Saved:
    """An index as it was saved: up to which place of the table, and the last batch of each query in it."""

    place: Place
    last_batches: Mapping[str, int]
    segments: Sequence[Segment]


@dataclass(frozen=True)
class IndexFolder:
    """A folder for one index. Whatever fails when it is written raises OSError and leaves what was saved before."""

    path: Path

    def write(self, blocks: Iterable[pa.RecordBatch]) -> Segment:
        """Write blocks as a segment; it is part of the index when the next manifest names it."""
        self.path.mkdir(parents=True, exist_ok=True)
        return write(self.path / f"{uuid4().hex}{_SUFFIX}", blocks)

    def save(self, saved: Saved) -> None:
        """Make segments the index, all others go."""
        self.path.mkdir(parents=True, exist_ok=True)
        files = [segment.file for segment in saved.segments if segment.file is not None]
        content = {
            "format": _FORMAT,
            "place": asdict(saved.place),
            "last_batches": dict(saved.last_batches),
            "segments": [asdict(file) for file in files],
        }
        unfinished = self._manifest.with_suffix(".unfinished")
        unfinished.write_bytes(orjson.dumps({"checksum": _checksum(content), "content": content}))
        unfinished.replace(self._manifest)
        self._clear({file.name for file in files})

    def load(self) -> Saved:
        """What was saved last. Raises RebuildError where it is missing, of another format or not as it was written."""
        try:
            document = orjson.loads(self._manifest.read_bytes())
            content = document["content"]
            if document["checksum"] != _checksum(content):
                raise DamagedError(f"{self._manifest.name} is not as it was written")
            if content["format"] != _FORMAT:
                raise RebuildError(f"it has the format {content['format']}, this version writes {_FORMAT}")
            files = [SegmentFile(**each) for each in content["segments"]]
            with ThreadPoolExecutor(_OPENED_AT_ONCE) as pool:
                segments = list(pool.map(lambda file: open_segment(self.path, file), files))
            self._clear({file.name for file in files})
            return Saved(Place(**content["place"]), content["last_batches"], segments)
        except FileNotFoundError as error:
            if not self._manifest.exists():
                raise MissingError("there is none yet") from None
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
