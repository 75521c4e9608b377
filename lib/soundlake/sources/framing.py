"""Framing: cutting the bytes of a file into records, without interpreting them.

A record is one JSON value of a file of NDJSON, of a plain array, or of concatenated values with or without whitespace;
pretty-printed or not, gzipped or not. What cannot be cut out is a record too, so that nothing is lost: a bad line, the
rest of a truncated array, or a whole file that is no JSON text.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator

from soundlake.sources.values import Stop, container_end, is_one_object, opens_array, scalar_end, skip_separators

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_EMPTY_ARRAY = b"[]"
_WHITESPACE = b" \t\r\n"

# A value longer than its line is searched in a window of so many bytes, then twice as many, and so on. The first window
# grows while values are found in it, and shrinks at bad lines, which are searched in vain.
_LEAST_WINDOW, _MOST_WINDOW = 16, 16 * 1024
# When a file has been searched so many times over in vain, its rest is one record: no file may block the stream.
_PATIENCE = 8


def frame(content: bytes, most_unzipped: int) -> list[bytes]:
    """Cut the content of a file into its records, in order, each with its exact bytes. Never raises.

    Whitespace, commas, and brackets of arrays between records belong to no record: a file of nothing else has none. A
    file that is binary or not UTF-8 and holds no JSON, or is gzip that is corrupt, truncated or unpacks to more than
    `most_unzipped` bytes, is one record: its raw bytes. Time and memory grow with the length of the
    content, whatever it is.
    """
    data = unzip(content, most_unzipped) if content.startswith(_GZIP_MAGIC) else content
    if data is None:
        return [content]
    if _is_nothing(data):
        return []
    framer = _Framer(data)
    records = list(framer.records())
    return records if records and (framer.found_json or _is_text(data)) else [content]


def unzip(content: bytes, limit: int) -> bytes | None:
    """Unpack gzip, of one member or several; None where it is corrupt, truncated, or more than `limit` bytes."""
    try:
        with gzip.open(io.BytesIO(content)) as file:
            data = file.read(limit + 1)
    except (OSError, EOFError, zlib.error):
        return None
    return data if len(data) <= limit else None


def _is_nothing(data: bytes) -> bool:
    """Whether a file holds only blanks, byte order marks at the beginning, and empty arrays."""
    if b"{" in data:
        return False
    signs, at = data.translate(None, _WHITESPACE), 0
    while signs.startswith(_BOM, at):
        at += len(_BOM)
    return signs[at:] == _EMPTY_ARRAY * ((len(signs) - at) // len(_EMPTY_ARRAY))


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def _decode(data: bytes) -> str:
    # Every byte sequence decodes, and encodes back to itself: records that are not UTF-8 are refine's to judge.
    return data.decode("utf-8", "surrogateescape")


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class _Framer:
    """Reads one file from front to back.

    `found_json` says whether it met an object or array, `inspected` how many bytes it has looked at, some repeatedly.
    """

    def __init__(self, data: bytes) -> None:
        self.found_json = False
        self.inspected = 0
        self._data = data
        self._in_array = False
        self._wasted = 0
        self._window = _LEAST_WINDOW

    def records(self) -> Iterator[bytes]:
        """Yield the records in order."""
        data, at = self._data, 0
        while at < len(data):
            stop = self._line_end(at)
            line = data[at:stop].strip(b" \t\r\n,")
            if not line:
                at = stop
            elif not self._in_array and is_one_object(line):
                self.found_json = True
                yield line
                at = stop
            else:
                values, at, why = self._read(at, stop)
                yield from values
                if why is not Stop.END:
                    stop = self._end_of_bad(at, why)
                    bad = data[at:stop].strip(_WHITESPACE)
                    self._in_array = self._in_array and not bad.endswith(b"]")
                    yield bad
                    at = stop

    def _read(self, at: int, stop: int) -> tuple[list[bytes], int, Stop]:
        """Read the values from `at` to `stop`, or further if the first of them is longer.

        Returns the values, where the last of them ended, and why no more were read: CUT where it is the file that ends.
        """
        while True:
            text = _decode(self._data[at:stop].removesuffix(b"\n"))
            self.inspected += stop - at
            values, used, why = self._values(text)
            self._wasted += len(text) - used
            at = stop if used == len(text) else at + len(_encode(text[:used]))
            if why is Stop.CUT and stop < len(self._data):
                if not values:
                    stop = self._line_end(at + max(self._window, 2 * (stop - at)))
                    continue
                why = Stop.END
            is_good = bool(values) or why is Stop.END
            window = self._window * 2 if is_good else self._window // 2
            self._window = max(_LEAST_WINDOW, min(_MOST_WINDOW, window))
            return [_encode(value) for value in values], at, why

    def _values(self, text: str) -> tuple[list[str], int, Stop]:
        """Cut values off the front of a text.

        Returns them, where the last one ended, and why reading stopped. Outside an array only objects and arrays are
        values: anything else is a bad line.
        """
        values: list[str] = []
        at = skip_separators(text, 0)
        while at < len(text):
            end: int | None = at + 1
            if text[at] == "]":
                self._in_array = False
            elif not self._in_array and opens_array(text, at):
                self._in_array = True
            else:
                why = Stop.BAD
                if text[at] in "{[":
                    end, why = container_end(text, at)
                    self.found_json |= why is Stop.END
                elif self._in_array and (end := scalar_end(text, at)):
                    why = Stop.END
                if why is not Stop.END:
                    return values, at, why
                values.append(text[at:end])
            at = skip_separators(text, end or at)
        return values, len(text), Stop.END

    def _end_of_bad(self, at: int, why: Stop) -> int:
        """Return where the next record may begin: the next line that does not look like part of the bad value.

        Lines that are indented deeper, or begin with a closing bracket at its depth, are part of it: objects inside a
        broken value must not become records.
        """
        data, stop = self._data, self._line_end(at)
        if self._wasted > _PATIENCE * len(data):
            return len(data)
        if data[at : at + 1] not in (b"{", b"["):
            return stop
        if why is Stop.CUT and data[at:stop].strip(_WHITESPACE) in (b"{", b"["):
            return len(data)
        depth = _indentation(data[data.rfind(b"\n", 0, at) + 1 : stop])
        while stop < len(data):
            end = self._line_end(stop)
            line = data[stop:end]
            self.inspected += end - stop
            deeper = _indentation(line) - depth
            if line.strip(_WHITESPACE) and deeper <= 0 and not (deeper == 0 and line.lstrip().startswith((b"}", b"]"))):
                break
            stop = end
        return stop

    def _line_end(self, at: int) -> int:
        newline = self._data.find(b"\n", at)
        return len(self._data) if newline < 0 else newline + 1


def _indentation(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" \t"))
