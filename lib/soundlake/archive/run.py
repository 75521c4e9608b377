"""Archiving files that the stream has read: each file once, and none that the stream may still need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from soundlake.archive.bucket_files import BucketFiles
from soundlake.archive.committed import committed_files
from soundlake.archive.files import LandedFile, MoveOutcome, SourceFiles, folders_of
from soundlake.archive.local_files import LocalFiles
from soundlake.errors import SoundlakeError
from soundlake.lease import lease
from soundlake.s3 import put_options
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3
from soundlake.settings.checks import check_lake_exists, local_path
from soundlake.small_files import open_files

_JOB = "archive-processed"
_CHUNK = 64


@dataclass
class ArchiveSummary:
    """The files by outcome, and how many the stream has not read yet."""

    root: str
    aside: str
    is_dry: bool
    batch: int | None = None
    read: int = 0
    """All files below the folder that the stream has ever read."""
    waiting: int = 0
    moved: list[LandedFile] = field(default_factory=list)
    completed: list[LandedFile] = field(default_factory=list)
    changed: list[LandedFile] = field(default_factory=list)
    target_exists: list[LandedFile] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    left: int = 0
    """Files that were not tried, as all before them failed."""

    @property
    def is_well(self) -> bool:
        """Whether all files that were read have been moved."""
        return not (self.changed or self.target_exists or self.failed)

    def add(self, file: LandedFile, outcome: MoveOutcome) -> None:
        """Record the outcome of a file."""
        lists = {
            MoveOutcome.MOVED: self.moved,
            MoveOutcome.COMPLETED: self.completed,
            MoveOutcome.CHANGED: self.changed,
            MoveOutcome.TARGET_EXISTS: self.target_exists,
        }
        lists[outcome].append(file)


def archive_processed(settings: Settings, *, dry_run: bool = False) -> ArchiveSummary:
    """Move the files up to the last committed batch of the stream; with `dry_run` only list them.

    Raises UsageError before anything is moved, SoundlakeError where the lake, its checkpoint or the files cannot be
    read, or another process archives. Failures of single files are in the summary.
    """
    root, aside = folders_of(settings)
    check_lake_exists(settings)
    source = _open(settings, root, aside)
    with lease(settings, _JOB, _JOB, waits=False) as held:
        # The commits are read before the files are listed, so that no file is committed in between.
        committed = committed_files(open_files(f"{settings.lake.uri.rstrip('/')}/_checkpoints/ingest", settings))
        read = _below(committed.times, source.prefix)
        summary = ArchiveSummary(root, aside, dry_run, committed.batch, len(read))
        wanted = list(_wanted(source, read, summary))
        if dry_run:
            summary.moved = wanted
            return summary
        with ThreadPoolExecutor(source.workers) as pool:
            for done, chunk in enumerate(_chunks(wanted)):
                held.check()
                failed = len(summary.failed)
                for file, outcome in zip(chunk, pool.map(lambda file: _moved(source, file), chunk), strict=True):
                    if isinstance(outcome, SoundlakeError):
                        summary.failed.append(str(outcome))
                    else:
                        summary.add(file, outcome)
                if len(summary.failed) - failed == _CHUNK:
                    summary.left = len(wanted) - (done + 1) * _CHUNK
                    break
    return summary


def _open(settings: Settings, root: str, aside: str) -> SourceFiles:
    if local_path(root) is not None:
        return LocalFiles(Path(root), Path(aside))
    return BucketFiles(root, aside, open_s3(settings), put_options(settings))


def _below(times: Mapping[str, int], prefix: str) -> dict[str, int]:
    """The files of the log that are below the folder, by their paths from there."""
    return {
        path.removeprefix(prefix): time
        for written, time in times.items()
        if (path := _plain(written)).startswith(prefix)
    }


def _plain(written: str) -> str:
    """A path of the log in the form of `SourceFiles.prefix`: Spark writes file:///…, s3:// or s3a://."""
    return re.sub(r"^file:(//)?(?=/)", "", re.sub(r"^s3[an]://", "s3://", written))


def _wanted(source: SourceFiles, read: Mapping[str, int], summary: ArchiveSummary) -> Iterator[LandedFile]:
    for file in source.files():
        time = read.get(file.name)
        if time is None:
            summary.waiting += 1
        elif time // source.resolution != file.modified // source.resolution:
            summary.changed.append(file)
        else:
            yield file


def _moved(source: SourceFiles, file: LandedFile) -> MoveOutcome | SoundlakeError:
    try:
        return source.move(file)
    except SoundlakeError as error:
        return error


def _chunks(files: Sequence[LandedFile]) -> Iterator[Sequence[LandedFile]]:
    for start in range(0, len(files), _CHUNK):
        yield files[start : start + _CHUNK]
