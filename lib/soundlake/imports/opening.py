"""From a file's bytes to its text, in pieces: compression, encodings, and files that break off."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1"
_PAGE = re.compile(rb"(?i)\s*(?:<!doctype html|<html)")
_CHUNK = 256 * 1024
# A file that unpacks to more than both, in bytes and in times its size, was made to fill memories and disks.
LEAST_BOUND, MOST_RATIO = 256 * 1024 * 1024, 250
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_AS_WINDOWS = "soundlake-windows-1252"
_BROKEN = (EOFError, zlib.error, lzma.LZMAError, OSError)


class _Stream(Protocol):
    def read1(self, size: int = -1, /) -> bytes: ...


class UnopenedError(Exception):
    """The file holds no text or no data; the message says what it is."""


class Counted(io.RawIOBase):
    """A raw stream that tells how many of the file's bytes were read, for the progress."""

    def __init__(self, file: IO[bytes], seen: Callable[[int], None]) -> None:
        self._file, self._seen = file, seen
        self.count = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer."""
        view = memoryview(buffer)
        data = self._file.read(len(view))
        view[: len(data)] = data
        self.count += len(data)
        self._seen(len(data))
        return len(data)

    def close(self) -> None:
        """Close the file beneath."""
        self._file.close()
        super().close()


def unpacked(file: io.BufferedReader) -> _Stream:
    """The stream without its compression (gzip, bzip2, xz)."""
    start = file.peek(64)
    if start.startswith(b"\x1f\x8b"):
        return _Bounded(cast(_Stream, gzip.GzipFile(fileobj=file)), file)
    if start.startswith(b"BZh"):
        return _Bounded(cast(_Stream, bz2.BZ2File(file)), file)
    if start.startswith(b"\xfd7zXZ\0"):
        return _Bounded(cast(_Stream, lzma.LZMAFile(file)), file)
    return file


class _Bounded:
    """An unpacked stream that ends with UnopenedError where it is far larger than what it is unpacked from."""

    def __init__(self, stream: _Stream, packed: io.BufferedReader) -> None:
        self._stream, self._packed, self._count = stream, packed, 0

    def read1(self, size: int = -1, /) -> bytes:
        data = self._stream.read1(size)
        self._count += len(data)
        if self._count > max(LEAST_BOUND, MOST_RATIO * cast(Counted, self._packed.raw).count):
            raise UnopenedError(f"it unpacks to more than {MOST_RATIO} times its size: the rest is not read")
        return data


class Text:
    """The text of a file in pieces. Afterwards `latin` counts bytes that were no UTF-8, `broken` says why it ended."""

    def __init__(self, stream: _Stream, encoding: str | None = None) -> None:
        """Look at the first bytes. Raises UnopenedError where they are no text."""
        self.latin = 0
        self.broken: str | None = None
        self._stream = stream
        self._first = self._read()
        if not self._first and self.broken is None:
            raise UnopenedError("the file is empty")
        if self._first.startswith(LFS_POINTER):
            raise UnopenedError("a git-LFS pointer, not the file itself: run `git lfs pull` where it came from")
        if _PAGE.match(self._first):
            raise UnopenedError("a web page, not a file of data: its download may have wanted a log-in")
        self.encoding = encoding or _encoding(self._first)

    def chunks(self) -> Iterator[str]:
        """The pieces, in order."""
        # One name for all: what is registered is kept for ever. Texts are read one after the other.
        codecs.register_error(_AS_WINDOWS, self._as_windows)
        decoder = codecs.getincrementaldecoder(self.encoding)(_AS_WINDOWS)
        data, self._first = self._first, b""
        while data:
            if piece := decoder.decode(data):
                yield piece
            data = self._read()
        if piece := decoder.decode(b"", final=True):
            yield piece

    def _read(self) -> bytes:
        try:
            # Not read: it would throw away what it has when the stream breaks off before it has enough.
            return self._stream.read1(_CHUNK)
        except _BROKEN as error:
            self.broken = str(error) or type(error).__name__
            return b""

    def _as_windows(self, error: UnicodeError) -> tuple[str, int]:
        """Bytes that are no UTF-8 are nearly always Windows-1252 (or Latin-1, which is the same but for 32 signs)."""
        if not isinstance(error, UnicodeDecodeError):
            raise error
        bad = error.object[error.start : error.end]
        self.latin += len(bad)
        return bad.decode("cp1252", "replace"), error.end


def _encoding(start: bytes) -> str:
    for bom, encoding in _BOMS:
        if start.startswith(bom):
            return encoding
    head = start[:4096]
    if b"\0" in head:
        even, odd = head[::2].count(0), head[1::2].count(0)
        if odd > len(head) // 5 and even < odd // 4:
            return "utf-16-le"
        if even > len(head) // 5 and odd < even // 4:
            return "utf-16-be"
        raise UnopenedError("not a text: it holds zero bytes")
    return "utf-8"
