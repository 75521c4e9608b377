"""Which files the stream has read and committed, by the checkpoint of ingest.

Spark's file source logs every file it hands out, empty ones too: `sources/0/<n>` holds those of its n-th offset,
`sources/0/<n>.compact` all up to there. `offsets/<batch>` says which offset a batch of the query reaches, and
`commits/<batch>` that its records are in bronze. The two numbers differ: after a crash between the two logs the source
is ahead of the query. So a file counts as read when the last committed batch reaches its offset.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from soundlake.errors import SoundlakeError, UsageError
from soundlake.small_files import SmallFiles

_LOG = "sources/0"
_COMPACT = ".compact"
# A running stream compacts its log and removes old parts meanwhile.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Committed:
    """The last committed batch (None before the first), and each file's modification time in ms when it was read."""

    batch: int | None
    times: Mapping[str, int]


class _IncompleteError(Exception):
    """A part of the log is not there."""


def committed_files(checkpoint: SmallFiles) -> Committed:
    """Return the files that are in bronze, by their percent-decoded paths.

    Raises UsageError where the query does not read files, SoundlakeError for a checkpoint that is damaged.
    """
    batch = max(_numbers(checkpoint.names("commits")), default=None)
    if batch is None:
        return Committed(None, {})
    reached = _offset_of(checkpoint, batch)
    missing = ""
    for _ in range(_ATTEMPTS):
        try:
            return Committed(batch, dict(_entries(checkpoint, reached)))
        except _IncompleteError as error:
            missing = str(error)
    raise SoundlakeError(
        f"{checkpoint.shown}/{_LOG}/{missing} is missing: the checkpoint is damaged, nothing was moved"
    )


def _offset_of(checkpoint: SmallFiles, batch: int) -> int:
    """The offset of the file source that a batch reaches; -1 before its first file."""
    name = f"offsets/{batch}"
    lines = (_text(checkpoint, name) or "").splitlines()
    try:
        _, _, text = lines  # a version, the batch's metadata, a line for each source
        offset = None if text == "-" else json.loads(text)
    except ValueError:
        raise SoundlakeError(
            f"{checkpoint.shown}/{name} is not what Spark writes for a query of one source; nothing was moved"
        ) from None
    if offset is None:
        return -1
    if not isinstance(offset, dict) or not isinstance(offset.get("logOffset"), int):
        raise UsageError(f"lake.uri: the stream into this lake does not read files, see {checkpoint.shown}/{name}")
    return int(offset["logOffset"])


def _entries(checkpoint: SmallFiles, reached: int) -> Iterator[tuple[str, int]]:
    names = checkpoint.names(_LOG)
    compacted = max(_numbers(n.removesuffix(_COMPACT) for n in names if n.endswith(_COMPACT)), default=-1)
    parts = [f"{number}" for number in range(compacted + 1, reached + 1)]
    for part in [f"{compacted}{_COMPACT}", *parts] if compacted >= 0 else parts:
        text = _text(checkpoint, f"{_LOG}/{part}")
        if text is None:
            raise _IncompleteError(part)
        yield from _read_part(text, reached, f"{checkpoint.shown}/{_LOG}/{part}")


def _read_part(text: str, reached: int, shown: str) -> Iterator[tuple[str, int]]:
    version, *lines = text.split("\n")  # not splitlines: names may hold other ends of lines
    try:
        if not version.startswith("v"):
            raise ValueError(version)
        for line in filter(None, lines):
            entry = json.loads(line)
            if int(entry["batchId"]) <= reached:
                yield unquote(entry["path"], errors="strict"), int(entry["timestamp"])
    except (ValueError, KeyError, TypeError):
        raise SoundlakeError(f"{shown} is not what Spark's file source writes; nothing was moved") from None


def _text(checkpoint: SmallFiles, name: str) -> str | None:
    content = checkpoint.read(name)
    try:
        return None if content is None else content.decode()
    except UnicodeDecodeError:
        raise SoundlakeError(f"{checkpoint.shown}/{name} is no text: the checkpoint is damaged") from None


def _numbers(names: Iterator[str] | list[str]) -> list[int]:
    return [int(name) for name in names if name.isdecimal()]
