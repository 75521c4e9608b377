"""Finding a table's header: the first row that fits, whatever precedes it."""

from __future__ import annotations

from collections.abc import Sequence

from soundlake.imports.dialect import DELIMITERS, Dialect, parse_line, parse_lines, with_delimiter, with_spaces
from soundlake.imports.lines import Lines
from soundlake.imports.table import Fits, TableRows

# What may stand before the header: titles, disclaimers, blank lines.
BEFORE_HEADER = 60


def open_table(lines: Lines, dialect: Dialect, fits: Fits, header: Sequence[str] | None = None) -> TableRows | None:
    """Find the header: the first row that `fits`, with what precedes it passed over; None where there is none.

    With `header` given the file has none of its own.
    """
    first = lines.peek(BEFORE_HEADER)
    if header is not None:
        return TableRows(lines, with_spaces(with_delimiter(dialect, ","), first), list(header), fits)
    delimiters = (dialect.delimiter,) if dialect.delimiter else DELIMITERS
    dialects = [with_spaces(with_delimiter(dialect, delimiter), first) for delimiter in delimiters]
    for number in range(len(first)):
        for one in dialects:
            cells, used = _header_at(first, number, one)
            if cells is not None and fits(cells):
                for _ in range(number + used):
                    next(lines)
                notes = {"lines before the header": n} if (n := sum(bool(x.strip()) for x in first[:number])) else {}
                return TableRows(lines, one, cells, fits, notes)
    return None


def guess_header(rows: Sequence[Sequence[str]]) -> Fits:
    """For a file without a mapping: a header is as wide as most rows, has names in its cells, not numbers."""
    widths = [len(row) for row in rows if len(row) > 1]
    width = max(set(widths), key=widths.count) if widths else 0

    def fits(cells: Sequence[str]) -> bool:
        names = [cell.strip() for cell in cells]
        # A name may be there twice, as joins of tables leave it; a title alone leaves empty cells.
        are_names = names.count("") < 2 and len(set(names)) * 2 > len(names) and not any(map(_is_number, names))
        return len(cells) == width > 1 and are_names

    return fits


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdigit()


def _header_at(lines: Sequence[str], number: int, dialect: Dialect) -> tuple[list[str] | None, int]:
    """The cells of the row that begins with a line, and how many lines it takes: names may hold newlines."""
    taken = lines[number : number + 5]
    for used in range(1, len(taken) + 1):
        cells = parse_lines(taken[:used], dialect)
        if cells is not None:
            if len(cells) == 1 and (inner := parse_line(cells[0], dialect)) is not None and len(inner) > 1:
                cells = inner  # the header was quoted whole
            return cells, used
    return None, 1
