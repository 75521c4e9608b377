"""The state between runs: small JSON documents in a folder or below an s3:// prefix, replaced as a whole."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundlake.errors import SoundlakeError, UsageError
from soundlake.settings import Settings
from soundlake.settings.checks import local_path
from soundlake.small_files import SmallFiles, open_files


@dataclass(frozen=True)
class StateStore:
    """Documents by name. `folder` is one for other local files; None where the state is on S3."""

    files: SmallFiles
    folder: Path | None

    def read(self, name: str) -> dict[str, Any] | None:
        """Return a document, None where there is none. Raises SoundlakeError where it cannot be read."""
        content = self.files.read(f"{name}.json")
        if content is None:
            return None
        try:
            document = json.loads(content)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise SoundlakeError(f"{self.files.shown}/{name}.json is damaged: remove it to start again")
        return document

    def write(self, name: str, document: dict[str, Any]) -> None:
        """Replace a document as a whole. Raises SoundlakeError where that fails."""
        self.files.write(f"{name}.json", json.dumps(document, ensure_ascii=False).encode())

    def remove(self, name: str) -> None:
        """Remove a document."""
        self.files.remove(f"{name}.json")


@contextmanager
def open_state(settings: Settings) -> Iterator[StateStore]:
    """Open extract.state. A local one is held by one process at a time: raises UsageError where another has it.

    On S3 there is no lock: start one run at a time.
    """
    folder = local_path(settings.extract.state)
    state = StateStore(open_files(settings.extract.state, settings), folder)
    if folder is None:
        yield state
        return
    _make_private(folder)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(
                f"extract.state: another extract uses {folder}; wait for it, or give this one its own state"
            ) from None
        yield state


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = folder / ".gitignore"  # it holds tokens: never to be committed
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"extract.state: cannot write to {folder}: {error.strerror}") from None
