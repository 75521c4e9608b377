"""A file to import, and what the names of files say: which are tables, archives, or hidden."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

from soundlake.imports.opening import Counted
from soundlake.imports.packages import original_name

_PACKED = (".gz", ".bz2", ".xz")
_TABLES = (".csv", ".tsv", ".tab", ".txt", ".json", ".ndjson", ".jsonl", ".parquet")


@dataclass(frozen=True)
class Input:
    """One file. `identity` changes when its content does; `modified` is when it was last written."""

    shown: str
    name: str
    size: int
    modified: datetime
    identity: tuple[str, ...]
    opener: Callable[[], IO[bytes]]
    path: Path | None = None

    @property
    def original(self) -> str:
        """The name without what marks a copy."""
        return original_name(self.name)

    @property
    def ending(self) -> str:
        """`.csv` of `songs.csv.gz`."""
        path = PurePosixPath(self.name.lower())
        return PurePosixPath(path.stem).suffix if path.suffix in _PACKED else path.suffix

    @property
    def stem(self) -> str:
        """`songs` of `songs.csv.gz`."""
        path = PurePosixPath(self.name)
        return PurePosixPath(path.stem).stem if path.suffix.lower() in _PACKED else path.stem

    def open(self, seen: Callable[[int], None]) -> io.BufferedReader:
        """Open the bytes; `seen` is told how many were read."""
        return io.BufferedReader(Counted(self.opener(), seen), 1 << 18)


def is_archive(path: Sequence[str]) -> bool:
    """Whether the last part of a path is the name of a zip."""
    return path[-1].lower().endswith(".zip")


def is_wanted(parts: Sequence[str]) -> bool:
    """Whether a file of a folder or zip is data: by its ending, and not hidden (`__MACOSX` and `._` are a Mac's)."""
    name = parts[-1].lower()
    ending = PurePosixPath(name.removesuffix(PurePosixPath(name).suffix)) if name.endswith(_PACKED) else name
    return str(ending).endswith((*_TABLES, ".zip")) and not is_hidden(parts)


def is_hidden(parts: Sequence[str]) -> bool:
    """Whether a file lies in something hidden, or is so itself."""
    return any(part.startswith((".", "_")) for part in parts)
