"""Moving files of this machine."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Iterator
from errno import EXDEV
from pathlib import Path

from soundlake.archive.places import Landed, Outcome, is_left_out
from soundlake.errors import SoundlakeError

_WORKING = "_moving-"


class LocalFiles:
    """See `places.Place`: from one folder to another, by renaming, by copying to another file system."""

    workers = 1
    resolution = 1

    def __init__(self, root: Path, aside: Path) -> None:
        self._root = root
        self._aside = aside
        self.prefix = f"{root}/"

    def files(self) -> Iterator[Landed]:
        """See `Place`. Links to folders are not followed."""

        def fail(error: OSError) -> None:
            raise SoundlakeError(f"cannot read {error.filename}: {error.strerror}")

        for folder, folders, names in os.walk(self._root, onerror=fail):
            folders[:] = sorted(name for name in folders if not is_left_out(name))
            for name in sorted(names):
                path = Path(folder, name)
                try:
                    stat = path.stat()
                except FileNotFoundError:
                    continue  # taken away since it was listed, or a link to nothing
                if not is_left_out(name) and path.is_file():
                    relative = path.relative_to(self._root).as_posix()
                    yield Landed(relative, stat.st_mtime_ns // 1_000_000, stat.st_size, _tag(stat))

    def move(self, file: Landed) -> Outcome:
        """See `Place`."""
        source, target = self._root / file.name, self._aside / file.name
        try:
            if source.is_symlink():
                raise SoundlakeError(f"{source}: is a link, what it leads to is not moved; remove it by hand")
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                return self._complete(source, target, file)
            try:
                source.rename(target)
            except OSError as error:
                if error.errno != EXDEV:
                    raise
                return self._copy(source, target, file)
            if _tag(target.stat()) != file.tag:  # written anew after it was listed, and not read: it goes back
                target.rename(source)
                return Outcome.ANEW
        except OSError as error:
            raise SoundlakeError(f"{source}: cannot be moved to {target}: {error.strerror}") from None
        return Outcome.MOVED

    def _complete(self, source: Path, target: Path, file: Landed) -> Outcome:
        """A run died between copying and removing; what else bears the name stays as it is."""
        if not filecmp.cmp(source, target, shallow=False):
            return Outcome.IN_THE_WAY
        return self._remove(source, file, Outcome.COMPLETED)

    def _copy(self, source: Path, target: Path, file: Landed) -> Outcome:
        working = target.with_name(_WORKING + target.name)
        with source.open("rb") as read, working.open("wb") as written:
            shutil.copyfileobj(read, written, 1 << 20)
            written.flush()
            os.fsync(written.fileno())
        shutil.copystat(source, working)
        working.rename(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the old name must not go before the new one is there for good
        finally:
            os.close(folder)
        outcome = self._remove(source, file, Outcome.MOVED)
        if outcome is Outcome.ANEW:
            target.unlink()
        return outcome

    def _remove(self, source: Path, file: Landed, outcome: Outcome) -> Outcome:
        if _tag(source.stat()) != file.tag:
            return Outcome.ANEW
        source.unlink()
        return outcome


def _tag(stat: os.stat_result) -> str:
    return f"{stat.st_ino} {stat.st_mtime_ns} {stat.st_size}"
