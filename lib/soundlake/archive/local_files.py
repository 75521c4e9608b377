"""Moving files of this machine."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Iterator
from errno import EXDEV
from pathlib import Path

from soundlake.archive.files import LandedFile, MoveOutcome, is_left_out
from soundlake.errors import SoundlakeError

_WORKING = "_moving-"


class LocalFiles:
    """See `files.SourceFiles`: from one folder to another, by renaming, by copying to another file system."""

    workers = 1
    resolution = 1

    def __init__(self, root: Path, aside: Path) -> None:
        self._root = root
        self._aside = aside
        self.prefix = f"{root}/"

    def files(self) -> Iterator[LandedFile]:
        """See `SourceFiles`. Links to folders are not followed."""

        def fail(error: OSError) -> None:
            raise SoundlakeError(f"cannot read {error.filename}: {error.strerror}")

        for folder, folders, names in os.walk(self._root, onerror=fail):
            folders[:] = sorted(name for name in folders if not is_left_out(name))
            for name in sorted(names):
                path = Path(folder, name)
                try:
                    stat = path.stat()
                except FileNotFoundError:
                    continue  # removed since it was listed, or a dangling link
                if not is_left_out(name) and path.is_file():
                    relative = path.relative_to(self._root).as_posix()
                    yield LandedFile(relative, stat.st_mtime_ns // 1_000_000, stat.st_size, _tag(stat))

    def move(self, file: LandedFile) -> MoveOutcome:
        """See `SourceFiles`."""
        source, target = self._root / file.name, self._aside / file.name
        try:
            if source.is_symlink():
                raise SoundlakeError(f"{source}: is a link and is not moved; remove it by hand")
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                return self._complete(source, target, file)
            try:
                source.rename(target)
            except OSError as error:
                if error.errno != EXDEV:
                    raise
                return self._copy(source, target, file)
            if _tag(target.stat()) != file.tag:  # changed after it was listed, and not read: move it back
                target.rename(source)
                return MoveOutcome.CHANGED
        except OSError as error:
            raise SoundlakeError(f"{source}: cannot be moved to {target}: {error.strerror}") from None
        return MoveOutcome.MOVED

    def _complete(self, source: Path, target: Path, file: LandedFile) -> MoveOutcome:
        """Finish a run that died between copying and removing; another file of that name is left alone."""
        if not filecmp.cmp(source, target, shallow=False):
            return MoveOutcome.TARGET_EXISTS
        return self._remove(source, file, MoveOutcome.COMPLETED)

    def _copy(self, source: Path, target: Path, file: LandedFile) -> MoveOutcome:
        working = target.with_name(_WORKING + target.name)
        with source.open("rb") as read, working.open("wb") as written:
            shutil.copyfileobj(read, written, 1 << 20)
            written.flush()
            os.fsync(written.fileno())
        shutil.copystat(source, working)
        working.rename(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name must be durable before the old one is removed
        finally:
            os.close(folder)
        outcome = self._remove(source, file, MoveOutcome.MOVED)
        if outcome is MoveOutcome.CHANGED:
            target.unlink()
        return outcome

    def _remove(self, source: Path, file: LandedFile, outcome: MoveOutcome) -> MoveOutcome:
        if _tag(source.stat()) != file.tag:
            return MoveOutcome.CHANGED
        source.unlink()
        return outcome


def _tag(stat: os.stat_result) -> str:
    return f"{stat.st_ino} {stat.st_mtime_ns} {stat.st_size}"
