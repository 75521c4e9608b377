"""How far each file was imported, so that an import that was stopped can resume."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from soundlake.errors import SoundlakeError


class ImportState:
    """Rows done by task; a task is one file by its identity, its mapping and where its records go.

    Each task has a file of its own, so that imports may run side by side. A finished task is forgotten: importing the
    file again then imports all of it again.
    """

    def __init__(self, folder: Path, anew: bool = False) -> None:
        """With `anew`, earlier progress is ignored."""
        self._folder, self._anew = folder, anew

    def rows_of(self, task: str) -> int:
        """How many rows of a task are done. Raises SoundlakeError where its file cannot be read."""
        path = self._path(task)
        if self._anew:
            return 0
        try:
            return int(json.loads(path.read_text(encoding="utf-8"))["rows"])
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SoundlakeError(f"{path}: cannot be read: {error}; remove it to start anew") from None

    def save(self, task: str, file: str, rows: int) -> None:
        """Remember that the records of so many rows are safe: whole or not at all. Raises SoundlakeError."""
        path = self._path(task)
        working = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            working.write_text(json.dumps({"file": file, "rows": rows}), encoding="utf-8")
            working.replace(path)
        except OSError as error:
            raise SoundlakeError(f"{path}: cannot be written: {error.strerror}") from None

    def forget(self, task: str) -> None:
        """Forget a finished task."""
        self._path(task).unlink(missing_ok=True)

    def _path(self, task: str) -> Path:
        return self._folder / f"{task}.json"


def task_id(*parts: object) -> str:
    """A short hash of the parts."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:32]
