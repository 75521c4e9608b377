"""The files to import: single ones, and those of folders and zips, on this machine or on S3."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, cast

from soundlake.aws import error_code
from soundlake.errors import SoundlakeError, UsageError
from soundlake.imports.input_file import Input, is_archive, is_hidden, is_wanted
from soundlake.imports.opening import LEAST_BOUND, MOST_RATIO
from soundlake.imports.packages import Packages, is_left_out
from soundlake.imports.zip_member import ZipMember, written
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3

_OTHER_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
_DEEPEST = 3
_NAMED = 6  # the most files that a note names
LEFT_OUT = "files of Spotify's package that hold nothing for the lake are left out unread"


@dataclass
class Found:
    """The files that were found, and notes on others."""

    files: list[Input] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def inputs_of(paths: Sequence[str], settings: Settings, scratch: Path) -> Found:
    """All files at the paths, folders and archives opened, in the order of their names.

    What is on S3, and archives within archives, are put into `scratch`. Raises UsageError with a line for each path
    where there is nothing to read.
    """
    found = Found()
    problems: list[str] = []
    unread = _unread_by_name(paths)
    if unread:
        found.notes.append(f"{LEFT_OUT}: {_listed(Path(path).name for path in unread)}")
        problems += [f"{path}: there is no file to import: {LEFT_OUT}" for path in paths if unread.issuperset(paths)]
    for path in paths:
        if path in unread:
            continue
        walk = _Walk(settings, scratch)
        try:
            new = list(walk.at(path))
        except UsageError as error:
            problems += error.problems
            continue
        found.notes += walk.notes
        if not new:
            why = "no CSV, TSV, JSON, NDJSON, Parquet or zip"
            problems.append(f"{path}: there is no file to import: {walk.unread or why}")
        found.files += new
    if problems:
        raise UsageError(*problems)
    return found


def _unread_by_name(paths: Sequence[str]) -> set[str]:
    """The files among the paths that are never opened: `MyData/*.json` names a package's files one by one.

    Which files belong to one is told by those that are named with them, and by the name of their folder.
    """
    named = {path: local for path in paths if _is_file(local := _local(path)) and not is_archive(local.parts)}
    by_folder: dict[Path, list[str]] = {}
    for path, local in named.items():
        by_folder.setdefault(local.resolve().parent, []).append(path)
    unread = set()
    for folder, together in by_folder.items():
        parts = {path: (folder.name, named[path].name) for path in together}
        packages = Packages(list(parts.values()), is_archive=False)
        # A table that is named beside a history is meant.
        hidden = {path for path in together if named[path].suffix.lower() == ".json" and packages.hides(parts[path])}
        unread |= hidden | {path for path in together if is_left_out(named[path].name)}
    return unread


def _listed(names: Iterable[str]) -> str:
    found = sorted(names)
    return ", ".join(found[:_NAMED]) + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")


class _Walk:
    """The way through one path: `notes` are for people; `unread` is the last that tells of files left out."""

    def __init__(self, settings: Settings, scratch: Path) -> None:
        self.unread, self.notes = "", list[str]()
        self._settings, self._scratch = settings, scratch

    def at(self, path: str) -> Iterator[Input]:
        """The files at a path: a file, a folder, an archive, a file within one (`my.zip!songs.csv`), or of S3."""
        if path.startswith(("s3://", "s3a://")):
            yield from self._on_s3(path)
            return
        local = _local(path)
        archive, _, member = path.removeprefix("file://").partition("!")
        if _is_file(local):
            yield from self._file(local, path)
        elif member and _is_file(_local(archive)):
            yield from (file for file in self._file(_local(archive), archive) if _is_at(file.shown, path))
        elif os.access(local, os.F_OK) and local.is_dir():
            yield from self._in_folder(local)
        else:
            raise UsageError(f"{path}: there is no such file or folder")

    def _in_folder(self, folder: Path) -> Iterator[Input]:
        home = folder.resolve()
        self._name_archives(str(folder), (file.relative_to(folder).parts for file in folder.rglob("*")))
        files = {
            (home.name, *file.relative_to(folder).parts): file
            for file in sorted(folder.rglob("*"))
            if is_wanted(file.relative_to(folder).parts) and file.is_file()
        }
        elsewhere = {path for path, file in files.items() if not file.resolve().is_relative_to(home)}
        if elsewhere:
            self._note(f"{folder}: links that lead out of the folder are not followed", elsewhere)
        inside = [path for path in files if path not in elsewhere]
        packages = Packages(inside, is_archive=False)
        for path in self._read_of(inside, packages, str(folder)):
            shown = str(files[path])
            yield from _or_unread(self._file(files[path], shown, within=packages.holds(path)), shown)

    def _read_of(self, paths: Sequence[tuple[str, ...]], packages: Packages, shown: str) -> list[tuple[str, ...]]:
        """The files that may be opened; the others are listed in one line."""
        unread = {path for path in paths if not is_archive(path) and packages.hides(path)}
        if unread:
            self.unread = LEFT_OUT
            self._note(f"{shown}: {LEFT_OUT}", unread)
        return [path for path in paths if path not in unread]

    def _name_archives(self, shown: str, paths: Iterable[tuple[str, ...]]) -> None:
        """Report archives that are not opened, except those in hidden folders."""
        others = {p for p in paths if p and p[-1].lower().endswith(_OTHER_ARCHIVES) and not is_hidden(p)}
        if others:
            self._note(f"{shown}: archives other than zip are not opened: unpack them first", others)

    def _note(self, what: str, paths: set[tuple[str, ...]]) -> None:
        self.notes.append(f"{what}: {_listed(path[-1] for path in paths)}")

    def _file(
        self,
        file: Path,
        shown: str,
        identity: tuple[str, ...] | None = None,
        modified: datetime | None = None,
        depth: int = 0,
        within: bool = False,
    ) -> Iterator[Input]:
        """The file, or the files of the archive that it is; `within` says that it lies in a package of Spotify's."""
        try:
            stat = file.stat()
            with file.open("rb") as opened:
                is_zip = opened.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
        except OSError as error:
            raise UsageError(f"{shown}: cannot be read: {error.strerror}") from None
        modified = modified or datetime.fromtimestamp(int(stat.st_mtime), UTC)
        identity = identity or (str(file.resolve()), str(stat.st_size), str(stat.st_mtime_ns))
        if is_zip:
            yield from self._in_zip(file, shown, identity, modified, depth, within)
            return
        name = PurePosixPath(shown).name
        yield Input(shown, name, stat.st_size, modified, identity, lambda: file.open("rb"), file)

    def _in_zip(
        self, file: Path, shown: str, identity: tuple[str, ...], modified: datetime, depth: int, within: bool
    ) -> Iterator[Input]:
        try:
            with zipfile.ZipFile(file) as archive:
                # Windows' own archives have backslashes in their names.
                parts_of = {m: PurePosixPath(m.filename.replace("\\", "/")).parts for m in archive.infolist()}
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise UsageError(f"{shown}: the zip is damaged: {error}") from None
        if any(parts[:1] == ("xl",) or parts == ("content.xml",) for parts in parts_of.values()):
            raise UsageError(f"{shown}: a workbook of a spreadsheet: save the sheet as CSV")
        self._name_archives(shown, parts_of.values())
        wanted = {m: parts for m, parts in parts_of.items() if parts and not m.is_dir() and is_wanted(parts)}
        size, most = sum(member.file_size for member in wanted), max(LEAST_BOUND, MOST_RATIO * file.stat().st_size)
        if size > most:
            raise UsageError(f"{shown}: would unpack to {size:,} bytes, {MOST_RATIO} times its size: not opened")
        inside = list(wanted.values())
        packages = Packages(inside, is_archive=True, within=within)
        read = set(self._read_of(inside, packages, shown))
        for member in sorted(wanted, key=lambda one: wanted[one]):
            parts = wanted[member]
            if parts not in read:
                continue
            inner = Input(
                f"{shown}!{'/'.join(parts)}",
                parts[-1],
                member.file_size,
                min(written(member, modified), modified),
                (*identity, member.filename, str(member.CRC)),
                lambda member=member: cast(IO[bytes], ZipMember(file, member)),  # type: ignore[misc]
            )
            if is_archive(parts):
                yield from _or_unread(self._inner(inner, depth + 1, packages.holds(parts)), inner.shown)
            else:
                yield inner

    def _inner(self, archive: Input, depth: int, within: bool) -> Iterator[Input]:
        """The files of an archive within an archive."""
        if depth > _DEEPEST:
            self.notes.append(f"{archive.shown}: an archive {depth} archives deep is not opened: unpack it first")
            return
        target = Path(tempfile.mkdtemp(dir=self._scratch)) / "inner.zip"
        try:
            with archive.opener() as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
        except OSError as error:
            raise UsageError(f"{archive.shown}: cannot be read: {error}") from None
        yield from self._file(target, archive.shown, archive.identity, archive.modified, depth, within)

    def _on_s3(self, uri: str) -> Iterator[Input]:
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, _, key = uri.partition("://")[2].partition("/")
        try:
            client = open_s3(self._settings)
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
            found = {item["Key"]: item for page in pages for item in page.get("Contents", ())}
            folder = key.rstrip("/") + "/" if key else ""
            inside = [
                name
                for name in sorted(found)
                if name.startswith(folder) and name != folder and is_wanted(_parts(name.removeprefix(folder)))
            ]
            is_object = key in found and not key.endswith("/")  # consoles mark a folder by an empty object
            names = {_parts(name): name for name in ([key] if is_object else inside)}
            packages = Packages(list(names), is_archive=False)
            for number, path in enumerate(self._read_of(list(names), packages, uri)):
                name, item = names[path], found[names[path]]
                target = Path(tempfile.mkdtemp(dir=self._scratch)) / f"{number}-{path[-1]}"
                client.download_file(bucket, name, str(target))
                identity = (f"s3://{bucket}/{name}", str(item["Size"]), item["ETag"])
                modified = item["LastModified"].astimezone(UTC)
                yield from self._file(target, f"s3://{bucket}/{name}", identity, modified, within=packages.holds(path))
        except ClientError as error:
            if error_code(error) in ("NoSuchBucket", "404", "NoSuchKey"):
                raise UsageError(f"{uri}: there is no such bucket or object") from None
            raise SoundlakeError(f"{uri}: cannot be read: {error}") from None
        except BotoCoreError as error:
            raise SoundlakeError(f"{uri}: cannot be read: {error}") from None


def _local(path: str) -> Path:
    local = Path(path.removeprefix("file://"))
    try:
        return local.expanduser()
    except RuntimeError:  # `~name` of nobody on this machine
        return local


def _is_file(path: Path) -> bool:
    """Whether this is a file; no name that a disk refuses is one."""
    try:
        return path.is_file()
    except OSError:
        return False


def _or_unread(files: Iterator[Input], shown: str) -> Iterator[Input]:
    """The files of one of several archives; an archive that cannot be opened is a file that cannot be read."""
    try:
        yield from files
    except UsageError as error:
        why = error.problems[0].removeprefix(f"{shown}: ")

        def refuse() -> IO[bytes]:
            raise OSError(why)

        yield Input(shown, PurePosixPath(shown).name, 0, datetime.now(UTC), (shown,), refuse)


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parts


def _is_at(shown: str, path: str) -> bool:
    return shown == path or shown.startswith((f"{path}!", f"{path}/"))
