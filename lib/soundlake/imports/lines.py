"""The lines of a text, which can be given back: by a record that took too many of them."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

# The longest line that is still a line of a table: what is longer is cut, so that memory stays bounded.
_LONGEST = 4 * 1024 * 1024


class Lines:
    """An iterator over lines, each with its ending. `taken` holds those of the record that is being read."""

    def __init__(self, chunks: Iterator[str], breaks_off: Callable[[], bool] = lambda: False) -> None:
        """Where the text `breaks_off`, what stands after its last whole line is no line."""
        self.taken: list[str] = []
        self.read = 0
        self._chunks, self._breaks_off = chunks, breaks_off
        self._ready: deque[str] = deque()
        self._open = ""

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        while not self._ready:
            self._fill()
        line = self._ready.popleft()
        self.read += 1
        self.taken.append(line)
        return line

    def chunk(self) -> list[str]:
        """All lines that are at hand (at least one, but at the end), taken at once."""
        if not self._ready:
            try:
                while not self._ready:
                    self._fill()
            except StopIteration:
                return []
        lines = list(self._ready)
        self._ready.clear()
        self.read += len(lines)
        self.taken.extend(lines)
        return lines

    @property
    def at_hand(self) -> bool:
        """Whether the next line is there without another piece of the text."""
        return bool(self._ready)

    def give_back(self, count: int) -> None:
        """Take the last `count` of the taken lines back, to be read again."""
        if count:
            self._ready.extendleft(reversed(self.taken[-count:]))
            del self.taken[-count:]
            self.read -= count

    def peek(self, count: int) -> list[str]:
        """The next lines, at most so many, which are still to be read."""
        first = list(islice(self, count))
        self.give_back(len(first))
        return first

    @property
    def begin(self) -> int:
        """The number of the first taken line, from 1."""
        return self.read - len(self.taken) + 1

    def _fill(self) -> None:
        chunk = next(self._chunks, None)
        if chunk is None:
            if not self._open or self._breaks_off():
                raise StopIteration
            self._ready.append(self._open)
            self._open = ""
            return
        # With newline="" lines end at \n, \r\n and \r, and keep their endings.
        lines = list(io.StringIO(self._open + chunk, newline=""))
        self._open = ""
        if lines and not lines[-1].endswith("\n") and len(lines[-1]) < _LONGEST:
            self._open = lines.pop()  # not its end yet; and a \r may be half of a \r\n
        self._ready.extend(lines)
