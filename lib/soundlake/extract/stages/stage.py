"""What a stage is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from soundlake.extract.context import Context


class Stage(Protocol):
    """Reads things of one queue."""

    @property
    def batch(self) -> int:
        """How many things are read at once, at most."""

    def read(self, context: Context, things: Sequence[str]) -> None:
        """Read things, and end each of them in its queue. What is not ended when StopError is raised stays to do."""
