"""The folders that files are moved between, and the outcomes of a move."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Protocol

from soundlake.errors import UsageError
from soundlake.settings import Settings
from soundlake.settings.checks import local_path

_DEFAULT = "_processed"


class MoveOutcome(StrEnum):
    """The outcome of moving a file."""

    MOVED = "moved"
    COMPLETED = "completed"
    CHANGED = "changed"
    TARGET_EXISTS = "target exists"


@dataclass(frozen=True)
class LandedFile:
    """A file below source.files.path: its path from there, its modification time (ms), and a tag of its content."""

    name: str
    modified: int
    size: int
    tag: str


class SourceFiles(Protocol):
    """The files below source.files.path, and moving them. Raises SoundlakeError."""

    workers: int
    """How many files are moved at once."""
    resolution: int
    """The resolution of modification times, in ms."""
    prefix: str
    """The prefix of its files in the stream's log."""

    def files(self) -> Iterator[LandedFile]:
        """The files that the stream sees."""

    def move(self, file: LandedFile) -> MoveOutcome:
        """Move a file that was read. A crash leaves it in one or both folders, and the next move completes it."""


def is_left_out(name: str) -> bool:
    """Whether Spark ignores a file or folder of this name."""
    if name.startswith(("_metadata", "_common_metadata")):
        return False
    return name.startswith(".") or (name.startswith("_") and "=" not in name) or name.endswith("._COPYING_")


def folders_of(settings: Settings) -> tuple[str, str]:
    """Return source.files.path and where its files are moved to, absolute and without a slash at the end.

    Raises UsageError where the first is not set or missing, or the stream would read the second.
    """
    path = settings.source.files.path
    if path is None:
        raise UsageError("source.files.path: required: the folder that the stream reads")
    root = _absolute(path)
    aside = _absolute(settings.source.files.processed_path or f"{root}/{_DEFAULT}")
    folder = local_path(root)
    if folder is not None and not folder.is_dir():
        raise UsageError(f"source.files.path: there is no folder {folder}")
    if (local_path(aside) is None) != (folder is None):
        raise UsageError(f"source.files.processed_path: {aside} should be local or on S3, as source.files.path is")
    source, target = _real(root), _real(aside)
    if source == target or source.is_relative_to(target):
        raise UsageError(f"source.files.processed_path: {aside} holds source.files.path {root}")
    if target.is_relative_to(source) and not is_left_out(target.relative_to(source).parts[0]):
        raise UsageError(
            f"source.files.processed_path: {aside} is below source.files.path, the stream would read its files again; "
            "begin the name of the folder with _ or choose another folder"
        )
    return root, aside


def _absolute(uri: str) -> str:
    folder = local_path(uri)
    if folder is not None:
        return os.path.abspath(folder)
    return "s3://" + uri.partition("://")[2].rstrip("/")


def _real(uri: str) -> PurePosixPath:
    return PurePosixPath(os.path.realpath(uri) if local_path(uri) is not None else uri.removeprefix("s3:/"))
