"""The error of a cell that cannot be read."""

from __future__ import annotations


class UnreadableError(ValueError):
    """A cell holds something else than the mapping says; the message tells what was wanted and what is there."""
