"""Rows of delimited text of any dialect; a row that does not fit the header is reported, never shifted."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from soundlake.imports.columns import plain_name
from soundlake.imports.dialect import Dialect, parse_line
from soundlake.imports.issues import RowIssues
from soundlake.imports.lines import Lines

# A cell may hold a novel, but not the rest of the file after a quote that nobody closed.
_LONGEST_CELL = 256 * 1024
_BATCH = 2_000

Fits = Callable[[Sequence[str]], bool]


@dataclass
class Batch:
    """Some rows: their cells, their numbers from 1, the lines they begin on, and the objects they were, if any."""

    header: Sequence[str]
    rows: list[Any]
    numbers: Sequence[int]
    lines: Sequence[int] = ()
    objects: Sequence[Mapping[str, Any]] | None = None

    def add(self, cells: list[str], number: int, line: int) -> None:
        """Add a row."""
        self.rows.append(cells)
        assert isinstance(self.numbers, list)
        assert isinstance(self.lines, list)
        self.numbers.append(number)
        self.lines.append(line)


@dataclass
class TableRows:
    """A table's rows, to be iterated once. `header` is known from the start; `notes` count what was passed over."""

    lines: Lines
    dialect: Dialect
    header: list[str]
    fits: Fits
    notes: dict[str, int] = field(default_factory=dict)
    _number: int = 0
    _gave_back: bool = False

    def batches(self, issues: RowIssues) -> Iterator[Batch]:
        """Yield the rows, some thousands at a time; a header in the middle begins a batch of its own columns.

        A piece of the text whose lines are rows of the right width, one each, is taken as it is. Where anything else
        is in it, it is read again row by row, with care.
        """
        csv.field_size_limit(_LONGEST_CELL)
        self._use(self.header)
        while True:
            self.lines.taken.clear()
            texts = self.lines.chunk()
            if not texts:
                return
            begin = self.lines.begin
            rows = self._all_plain(texts)
            if rows is None:
                self.lines.give_back(len(texts))
                yield from self._with_care(issues)
            else:
                # Short rows are many in a piece, and what they become takes far more memory than the piece.
                for at in range(0, len(rows), _BATCH):
                    some = rows[at : at + _BATCH]
                    numbers = range(self._number + 1, self._number + len(some) + 1)
                    self._number += len(some)
                    yield Batch(self.header, some, numbers, range(begin + at, begin + at + len(some)))

    def _all_plain(self, texts: Sequence[str]) -> list[list[str]] | None:
        try:
            rows = list(self.dialect.reader(texts))
        except csv.Error:
            return None
        if len(rows) != len(texts) or set(map(len, rows)) != {self._width}:
            return None
        if self._bare_quote.search("".join(texts)):
            return None
        return rows if self._first_names.isdisjoint(map(str.lower, map(itemgetter(0), rows))) else None

    def _with_care(self, issues: RowIssues) -> Iterator[Batch]:
        lines = self.lines
        reader = self.dialect.reader(lines)
        batch = Batch(self.header, [], [], [])
        self._gave_back = False
        # To the end of the lines at hand; a row that goes on after it takes what it needs.
        while lines.at_hand:
            lines.taken.clear()
            was_broken, self._gave_back = self._gave_back, False
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                self._number += 1
                self._unreadable(self._number, str(error), issues)
                continue
            if not cells:
                continue
            self._number += 1
            if len(cells) != self._width and (whole := self._quoted_whole(cells)) is not None:
                self._note("rows that were quoted whole")
                cells = whole
            if (cells[0].strip().lower() in self._first_names or len(cells) != self._width) and self._is_header(cells):
                self._number -= 1
                self._note("headers in the middle")
                yield batch
                self._use(cells)
                batch = Batch(self.header, [], [], [])
            elif len(cells) != self._width:
                self._misfit(self._number, cells, issues)
            elif len(lines.taken) > 2 and self._holds_rows(lines.taken[1:-1]):
                self._unreadable(self._number, "a quote is opened here and closed rows later", issues)
            elif self._is_split(cells):
                self._unreadable(self._number, "a cell is split at its quotes", issues)
            elif was_broken and self._quotes() % 2:
                self._unreadable(self._number, "the rest of the broken row before it", issues)
            else:
                batch.add(cells, self._number, lines.begin)
        yield batch

    def __post_init__(self) -> None:
        quote, delimiter = re.escape(self.dialect.quote), re.escape(self.dialect.delimiter or ",")
        # In a cell that is not quoted: nobody who writes tables by the rules does that.
        if not quote:
            self._bare_quote = re.compile("(?!)")
            return
        around = f"[^{delimiter}{quote}\r\n{' ' if self.dialect.skips_space else ''}]"
        # The quote stands first in the pattern: such a search is ten times as quick.
        self._bare_quote = re.compile(f"{quote}(?<={around}{quote})(?={around})")

    def _use(self, header: list[str]) -> None:
        self.header = header
        self._width = len(header)
        self._plain = {plain_name(name) for name in header}
        self._first_names = {name for each in header for name in (each.lower(), each.strip().lower())} - {""}

    def _is_header(self, cells: Sequence[str]) -> bool:
        """Whether a row holds names of columns, in whichever order: all known, or most of them beside new ones."""
        names = {plain_name(cell) for cell in cells if cell.strip()}
        known = names & self._plain
        return len(known) > 1 and (known == names or len(known) * 10 >= len(self._plain) * 8) and self.fits(cells)

    def _is_split(self, cells: Sequence[str]) -> bool:
        """Whether a cell was cut in two: `x"Song` and ` 10"`, when the delimiter before the quote was lost.

        A quote that nobody opened may also be an inch: `12" Mix`.
        """
        if not any(map(self._bare_quote.search, self.lines.taken)):
            return False
        quote = self.dialect.quote
        opens = [i for i, cell in enumerate(cells) if cell.count(quote) == 1 and not cell.endswith(quote)]
        later = cells[opens[0] + 1 :] if opens else ()
        return any(cell.count(quote) == 1 and cell.endswith(quote) for cell in later)

    def _holds_rows(self, inner: Sequence[str]) -> bool:
        """Whether the lines within a cell are rows, each of them: then the quotes around them are stray ones."""
        return self._width > 1 and all(
            cells is not None and len(cells) == self._width
            for cells in (parse_line(line, self.dialect) for line in inner)
        )

    def _quoted_whole(self, cells: Sequence[str]) -> list[str] | None:
        if len(cells) != 1 or self._width == 1:
            return None
        inner = parse_line(cells[0], self.dialect)
        return inner if inner is not None and len(inner) == self._width else None

    def _unreadable(self, number: int, error: str, issues: RowIssues) -> None:
        """Tell of a row whose quotes are broken, and go on with the line after its first one."""
        lines = self.lines
        at, raw = lines.begin, lines.taken[0] if lines.taken else ""
        self._give_back()
        detail = "a quote is opened and not closed" if "field larger" in error or "end of data" in error else error
        issues.bad_row(number, at, "broken quotes", detail, raw)

    def _misfit(self, number: int, cells: Sequence[str], issues: RowIssues) -> None:
        """Tell of a row of another width; one that swallowed lines by a stray quote gives them back."""
        lines = self.lines
        at, raw = lines.begin, lines.taken[0]
        self._give_back()
        issues.bad_row(
            number, at, "wrong number of cells", f"{len(cells)} cells where the header has {self._width}", raw
        )

    def _give_back(self) -> None:
        self._gave_back = len(self.lines.taken) > 1
        self.lines.give_back(len(self.lines.taken) - 1)

    def _quotes(self) -> int:
        return sum(line.count(self.dialect.quote) for line in self.lines.taken) if self.dialect.quote else 0

    def _note(self, what: str) -> None:
        self.notes[what] = self.notes.get(what, 0) + 1
