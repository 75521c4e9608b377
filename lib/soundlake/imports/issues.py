"""Who is told what is wrong with a file: with rows that cannot be read, and with the records of rows that can."""

from __future__ import annotations

from typing import Protocol


class RowIssues(Protocol):
    """Who is told of rows that are no rows."""

    def bad_row(self, row: int, line: int, reason: str, detail: str, raw: str) -> None:
        """A row that cannot be read: its number, its line, why, and its text."""


class Issues(Protocol):
    """Who is told what is wrong with a row."""

    def at(self, place: int) -> None:
        """From here on it is about the row at this place of the batch."""

    def rejected(self, kind: str, detail: str) -> None:
        """The row gives no record of the kind."""

    def nulled(self, path: str, detail: str) -> None:
        """A field is left out."""
