"""Protocols for reporting problems of a file: rows that cannot be read, and records that rows cannot give."""

from __future__ import annotations

from typing import Protocol


class RowIssues(Protocol):
    """Collects rows that cannot be read."""

    def bad_row(self, row: int, line: int, reason: str, detail: str, raw: str) -> None:
        """A row that cannot be read: its number, its line, why, and its text."""


class Issues(Protocol):
    """Collects the problems of rows."""

    def at(self, place: int) -> None:
        """From here on it is about the row at this place of the batch."""

    def rejected(self, kind: str, detail: str) -> None:
        """The row gives no record of the kind."""

    def nulled(self, path: str, detail: str) -> None:
        """A field is left out."""
