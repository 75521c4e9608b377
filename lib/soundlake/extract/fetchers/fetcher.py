"""The protocol of fetchers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from soundlake.extract.context import CrawlContext


class Fetcher(Protocol):
    """Reads the items of one queue."""

    @property
    def batch(self) -> int:
        """The most items to read at once."""

    def read(self, context: CrawlContext, items: Sequence[str]) -> None:
        """Read items, and end each of them in its queue. Those not ended when StopError is raised stay queued."""
