"""Moving aside what the stream has read: every file once, and nothing that it may still need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from soundlake.archive.bucket_files import BucketFiles
from soundlake.archive.committed import committed_files
from soundlake.archive.local_files import LocalFiles
from soundlake.archive.places import Landed, Outcome, Place, places_of
from soundlake.archive.texts import open_texts
from soundlake.errors import SoundlakeError
from soundlake.lock import mover_lock
from soundlake.s3 import put_options
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3
from soundlake.settings.checks import check_lake_exists, local_path

_CHUNK = 64


@dataclass
class Summary:
    """What became of the files that are there: names by outcome, and how many the stream has not read yet."""

    root: str
    aside: str
    is_dry: bool
    batch: int | None = None
    read: int = 0
    """Files below the folder that the stream has read, ever."""
    waiting: int = 0
    moved: list[Landed] = field(default_factory=list)
    completed: list[Landed] = field(default_factory=list)
    anew: list[Landed] = field(default_factory=list)
    in_the_way: list[Landed] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    left: int = 0
    """Files that were not tried any more, since all failed."""

    @property
    def is_well(self) -> bool:
        """Whether nothing that was read is left where it was."""
        return not (self.anew or self.in_the_way or self.failed)

    def add(self, file: Landed, outcome: Outcome) -> None:
        """Note what became of a file."""
        lists = {
            Outcome.MOVED: self.moved,
            Outcome.COMPLETED: self.completed,
            Outcome.ANEW: self.anew,
            Outcome.IN_THE_WAY: self.in_the_way,
        }
        lists[outcome].append(file)


def move_read(settings: Settings, *, dry_run: bool = False) -> Summary:
    """Move the files that the last committed batch of the stream has left behind; only say so where `dry_run`.

    Raises UsageError before anything is moved, SoundlakeError where the lake, its checkpoint or the files cannot be
    read, and where another mover is at work. What goes wrong with one file is in the summary.
    """
    root, aside = places_of(settings)
    check_lake_exists(settings)
    place = _open(settings, root, aside)
    with mover_lock(settings) as keep:
        # What is committed is read before the files are listed: a file cannot come to be read in between.
        committed = committed_files(open_texts(f"{settings.lake.uri.rstrip('/')}/_checkpoints/ingest", settings))
        read = _below(committed.times, place.prefix)
        summary = Summary(root, aside, dry_run, committed.batch, len(read))
        wanted = list(_wanted(place, read, summary))
        if dry_run:
            summary.moved = wanted
            return summary
        with ThreadPoolExecutor(place.workers) as pool:
            for done, chunk in enumerate(_chunks(wanted)):
                keep()
                failed = len(summary.failed)
                for file, outcome in zip(chunk, pool.map(lambda file: _moved(place, file), chunk), strict=True):
                    if isinstance(outcome, SoundlakeError):
                        summary.failed.append(str(outcome))
                    else:
                        summary.add(file, outcome)
                if len(summary.failed) - failed == _CHUNK:
                    summary.left = len(wanted) - (done + 1) * _CHUNK
                    break
    return summary


def _open(settings: Settings, root: str, aside: str) -> Place:
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
    """A path of the log as `Place.prefix` begins: Spark writes file:///… and, as told, s3:// or s3a://."""
    return re.sub(r"^file:(//)?(?=/)", "", re.sub(r"^s3[an]://", "s3://", written))


def _wanted(place: Place, read: Mapping[str, int], summary: Summary) -> Iterator[Landed]:
    for file in place.files():
        time = read.get(file.name)
        if time is None:
            summary.waiting += 1
        elif time // place.resolution != file.modified // place.resolution:
            summary.anew.append(file)
        else:
            yield file


def _moved(place: Place, file: Landed) -> Outcome | SoundlakeError:
    try:
        return place.move(file)
    except SoundlakeError as error:
        return error


def _chunks(files: Sequence[Landed]) -> Iterator[Sequence[Landed]]:
    for start in range(0, len(files), _CHUNK):
        yield files[start : start + _CHUNK]
