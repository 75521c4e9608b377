"""What there is to import: files, the files of folders and of zips, here or on S3."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, cast

from soundlake.aws import error_code
from soundlake.errors import SoundlakeError, UsageError
from soundlake.imports.opening import Counted
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3

_PACKED = (".gz", ".bz2", ".xz")
_TABLES = (".csv", ".tsv", ".tab", ".txt", ".json", ".ndjson", ".jsonl", ".parquet")
_NO_DATE = 1980  # what zips say where they know no date


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


def inputs_of(paths: Sequence[str], settings: Settings, scratch: Path) -> list[Input]:
    """All files at the paths, folders and zips opened, in the order of their names.

    What is on S3 is fetched into `scratch`. Raises UsageError with a line for each path where there is nothing to read.
    """
    found: list[Input] = []
    problems: list[str] = []
    for path in paths:
        try:
            new = list(_at(path, settings, scratch))
        except UsageError as error:
            problems += error.problems
            continue
        if not new:
            problems.append(f"{path}: there is no file to import: no CSV, TSV, JSON, NDJSON, Parquet or zip")
        found += new
    if problems:
        raise UsageError(*problems)
    return found


def _at(path: str, settings: Settings, scratch: Path) -> Iterator[Input]:
    if path.startswith(("s3://", "s3a://")):
        yield from _on_s3(path, settings, scratch)
        return
    local = Path(path.removeprefix("file://")).expanduser()
    if local.is_dir():
        for file in sorted(local.rglob("*")):
            parts = file.relative_to(local).parts
            if file.is_file() and _is_wanted(parts):
                yield from _file(file, str(file))
    elif local.is_file():
        yield from _file(local, path)
    else:
        raise UsageError(f"{path}: there is no such file or folder")


def _is_wanted(parts: Sequence[str]) -> bool:
    """Whether a file of a folder or zip is data: by its ending, and not hidden (`__MACOSX` and `._` are a Mac's)."""
    name = parts[-1].lower()
    ending = PurePosixPath(name.removesuffix(PurePosixPath(name).suffix)) if name.endswith(_PACKED) else name
    return str(ending).endswith((*_TABLES, ".zip")) and not any(part.startswith((".", "_")) for part in parts)


def _file(
    file: Path, shown: str, identity: tuple[str, ...] | None = None, modified: datetime | None = None
) -> Iterator[Input]:
    try:
        stat = file.stat()
        with file.open("rb") as opened:
            is_zip = opened.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError as error:
        raise UsageError(f"{shown}: cannot be read: {error.strerror}") from None
    modified = modified or datetime.fromtimestamp(int(stat.st_mtime), UTC)
    identity = identity or (str(file.resolve()), str(stat.st_size), str(stat.st_mtime_ns))
    if is_zip:
        yield from _in_zip(file, shown, identity, modified)
        return
    name = PurePosixPath(shown).name
    yield Input(shown, name, stat.st_size, modified, identity, lambda: file.open("rb"), file)


def _in_zip(file: Path, shown: str, identity: tuple[str, ...], modified: datetime) -> Iterator[Input]:
    try:
        with zipfile.ZipFile(file) as archive:
            members = sorted(archive.infolist(), key=lambda member: member.filename)
    except (zipfile.BadZipFile, OSError) as error:
        raise UsageError(f"{shown}: not a whole zip: {error}") from None
    if any(member.filename.startswith(("xl/", "content.xml")) for member in members):
        raise UsageError(f"{shown}: a workbook of a spreadsheet: save the sheet as CSV")
    for member in members:
        parts = PurePosixPath(member.filename).parts
        if member.is_dir() or not _is_wanted(parts) or parts[-1].lower().endswith(".zip"):
            continue
        dated = datetime(*member.date_time, tzinfo=UTC) if member.date_time[0] > _NO_DATE else modified
        yield Input(
            f"{shown}!{member.filename}",
            parts[-1],
            member.file_size,
            min(dated, modified),
            (*identity, member.filename, str(member.CRC)),
            lambda name=member.filename: cast(IO[bytes], _Member(file, name)),  # type: ignore[misc]
        )


class _Member(io.RawIOBase):
    """A file in a zip, as a stream that closes the zip with itself."""

    def __init__(self, file: Path, name: str) -> None:
        self._zip = zipfile.ZipFile(file)
        try:
            self._member = self._zip.open(name)
        except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
            self._zip.close()
            raise OSError(f"the zip does not open: {error}") from None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            return self._member.read(size)
        except (zipfile.BadZipFile, RuntimeError) as error:
            raise OSError(str(error)) from None

    def close(self) -> None:
        self._member.close()
        self._zip.close()
        super().close()


def _on_s3(uri: str, settings: Settings, scratch: Path) -> Iterator[Input]:
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = uri.partition("://")[2].partition("/")
    try:
        client = open_s3(settings)
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        found = sorted((item["Key"], item) for page in pages for item in page.get("Contents", ()))
        exact = [(name, item) for name, item in found if name == key]
        folder = key.rstrip("/") + "/" if key else ""
        inside = [(n, i) for n, i in found if n.startswith(folder) and _is_wanted(PurePosixPath(n).parts)]
        for number, (name, item) in enumerate(exact or inside):
            target = Path(tempfile.mkdtemp(dir=scratch)) / f"{number}-{PurePosixPath(name).name}"
            client.download_file(bucket, name, str(target))
            identity = (f"s3://{bucket}/{name}", str(item["Size"]), item["ETag"])
            yield from _file(target, f"s3://{bucket}/{name}", identity, item["LastModified"].astimezone(UTC))
    except ClientError as error:
        if error_code(error) in ("NoSuchBucket", "404", "NoSuchKey"):
            raise UsageError(f"{uri}: there is no such bucket or object") from None
        raise SoundlakeError(f"{uri}: cannot be read: {error}") from None
    except BotoCoreError as error:
        raise SoundlakeError(f"{uri}: cannot be read: {error}") from None
