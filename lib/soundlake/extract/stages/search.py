"""Search: what Spotify finds for words, published as what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from soundlake.extract.context import Context
from soundlake.extract.ids import is_id
from soundlake.extract.outcomes import FailedError, NotGotError
from soundlake.extract.stages.playlists import without_entries

TYPES = ("track", "artist", "album", "playlist")
# Development mode takes no more, and Spotify finds no more than a thousand.
_PAGE = 10
MOST = 1000


@dataclass(frozen=True)
class SearchStage:
    """Searches, each written as `type:words`."""

    limit: int
    batch: int = 1

    def read(self, context: Context, things: Sequence[str]) -> None:
        """Search; see `Stage`."""
        for search in things:
            queue = context.walk.queues["search"]
            try:
                self._read(context, search)
            except NotGotError as error:
                queue.end(search, error.verdict, error.reason)
            else:
                queue.end(search)
            context.stepped()

    def _read(self, context: Context, search: str) -> None:
        kind, _, words = search.partition(":")
        mark = context.walk.marks.setdefault(search, {"offset": 0})
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
                raise FailedError("a page of findings in a shape that is not known")
            for found in page["items"]:
                self._take(context, kind, found)
            mark["offset"] += len(page["items"])
            context.stepped()
            if not page["items"] or not page.get("next"):
                break

    def _take(self, context: Context, kind: str, found: Any) -> None:
        """Publish what was found. Playlists and albums come without all they have; albums are read again in full."""
        if not isinstance(found, dict) or not is_id(found.get("id")):  # there are gaps among findings
            return
        walk = context.walk
        if kind == "track":
            context.take_track("search", found, is_wanted=True)
        elif kind == "album" and "album" in walk.queues:
            walk.follow("search", "album", [found["id"]])
        else:
            context.emit(kind, found["id"], without_entries(found))
            if kind in walk.queues:
                walk.queues[kind].end(found["id"])
