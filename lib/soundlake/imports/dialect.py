"""How the cells of delimited text are written."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

DELIMITERS = (",", "\t", ";", "|")


@dataclass(frozen=True)
class Dialect:
    """How cells are written."""

    delimiter: str | None = None
    quote: str = '"'
    escape: str | None = None
    skips_space: bool = False

    def reader(self, lines: Iterator[str] | Sequence[str]) -> Iterator[list[str]]:
        """A strict reader: broken quotes are an error, not a guess."""
        return csv.reader(
            lines,
            delimiter=self.delimiter or ",",
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            escapechar=self.escape,
            doublequote=True,
            skipinitialspace=self.skips_space,
            strict=True,
        )


def parse_line(line: str, dialect: Dialect) -> list[str] | None:
    """The cells of one line; None where its quotes are broken."""
    try:
        return next(dialect.reader([line]), None)
    except csv.Error:
        return None


def parse_lines(lines: Sequence[str], dialect: Dialect) -> list[str] | None:
    """The cells of one row of one or several lines; None where its quotes are broken or a line is left."""
    try:
        rows = list(dialect.reader(lines))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 and rows[0] else None


def with_delimiter(dialect: Dialect, delimiter: str) -> Dialect:
    """The dialect, with a delimiter where it says none."""
    return Dialect(dialect.delimiter or delimiter, dialect.quote, dialect.escape)


def with_spaces(dialect: Dialect, lines: Sequence[str]) -> Dialect:
    """The dialect, ignoring a space before a quote if cells are written so: `a, "b"`.

    That holds for the whole table, or not: where a first line has a quote in a cell that is not quoted, it does not.
    """
    spaced = dialect.quote and re.compile(f"{re.escape(dialect.delimiter or ',')} +{re.escape(dialect.quote)}")
    if not spaced or not any(map(spaced.search, lines)):
        return dialect
    skipping = replace(dialect, skips_space=True)
    return skipping if all(parse_line(line, skipping) is not None for line in lines if spaced.search(line)) else dialect
