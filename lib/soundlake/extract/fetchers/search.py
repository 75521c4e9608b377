"""Search: the results are published as records of their kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from soundlake.extract.context import CrawlContext
from soundlake.extract.fetchers.playlists import without_entries
from soundlake.extract.ids import is_id
from soundlake.extract.outcomes import FailedError

TYPES = ("track", "artist", "album", "playlist")
# The page size of an app in development mode, and the most results of a search.
_PAGE = 10
MOST = 1000


@dataclass(frozen=True)
class SearchFetcher:
    """Searches, each written as `type:words`."""

    limit: int
    batch: int = 1

    def read(self, context: CrawlContext, items: Sequence[str]) -> None:
        """Search; see `Fetcher`."""
        context.read_each("search", items, lambda search: self._read(context, search))

    def _read(self, context: CrawlContext, search: str) -> None:
        kind, _, words = search.partition(":")
        mark = context.crawl.marks.setdefault(search, {"offset": 0})
        while mark["offset"] < self.limit:
            page = context.api.call(
                "search",
                words,
                type=kind,
                limit=min(_PAGE, self.limit - mark["offset"]),
                offset=mark["offset"],
                market=context.market,
            ).get(f"{kind}s")
            if not isinstance(page, dict) or not isinstance(page.get("items"), list):
                raise FailedError("a page of results in a shape that is not known")
            for found in page["items"]:
                self._take(context, kind, found)
            mark["offset"] += len(page["items"])
            context.stepped()
            if not page["items"] or not page.get("next"):
                break

    def _take(self, context: CrawlContext, kind: str, found: Any) -> None:
        """Publish a result. Results hold playlists and albums in part only; albums are read again in full."""
        if not isinstance(found, dict) or not is_id(found.get("id")):  # results have gaps
            return
        crawl = context.crawl
        if kind == "track":
            context.take_track("search", found, is_wanted=True)
        elif kind == "album" and "album" in crawl.queues:
            crawl.follow("search", "album", [found["id"]])
        else:
            context.emit(kind, found["id"], without_entries(found))
            if kind in crawl.queues:
                crawl.queues[kind].end(found["id"])
