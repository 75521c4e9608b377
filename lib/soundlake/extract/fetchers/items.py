"""Tracks, albums and artists: in batches where the app may, else one by one; cached ones are not requested."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from soundlake.extract.cache import CachedResponse
from soundlake.extract.context import SOURCE, CrawlContext, ids_of
from soundlake.extract.outcomes import FailedError, NotFetchedError, NotFoundError, RefusedError

# Spotify's limits for one batch.
_MOST = {"track": 50, "album": 20, "artist": 50}
# The page size of an app in development mode.
_PAGE = 10


@dataclass(frozen=True)
class ItemFetcher:
    """Reads one of the three kinds."""

    kind: str

    @property
    def batch(self) -> int:
        """How many are read at once."""
        return _MOST[self.kind]

    def read(self, context: CrawlContext, items: Sequence[str]) -> None:
        """Read items; see `Fetcher`."""
        unknown = []
        for item in items:
            answer = context.cache.get(self.kind, context.market, item)
            if answer is None:
                unknown.append(item)
            else:
                self._try(context, item, partial(self._end, context, item, answer))
        if len(unknown) > 1 and self._read_batch(context, unknown):
            return
        for item in unknown:
            self._try(context, item, partial(self._read_one, context, item))

    def _try(self, context: CrawlContext, item: str, read: Callable[[], None]) -> None:
        try:
            read()
        except NotFetchedError as error:
            context.crawl.queues[self.kind].end(item, error.outcome, error.reason)
        context.stepped()

    def _read_one(self, context: CrawlContext, item: str) -> None:
        self._take(context, item, context.api.call(self.kind, item, **self._market(context)))

    def _read_batch(self, context: CrawlContext, items: Sequence[str]) -> bool:
        """Read items with one request; returns False where they have to be read one by one."""
        what = f"batch:{self.kind}"
        if context.facts.is_refused(what):
            return False
        try:
            answer = context.api.call(f"{self.kind}s", list(items), **self._market(context))
        except (RefusedError, NotFoundError) as error:
            # 400 may concern one id among them, everything else the app.
            if error.status != 400:
                context.facts.refuse(what)
            return False
        except FailedError as error:
            for item in items:
                context.crawl.queues[self.kind].end(item, error.outcome, error.reason)
            return True
        found = answer.get(f"{self.kind}s")
        if not isinstance(found, list) or len(found) != len(items):
            return False
        for item, payload in zip(items, found, strict=True):
            self._try(context, item, partial(self._take, context, item, payload))
        return True

    def _take(self, context: CrawlContext, item: str, payload: Any) -> None:
        if payload is None:
            raise NotFoundError(f"Spotify knows no such {self.kind}")
        if not isinstance(payload, dict) or not payload.get("id"):
            raise FailedError("an answer without an id")
        answer = CachedResponse(context.crawl.fetched_at, SOURCE, payload)
        self._end(context, item, answer)
        context.cache.put(self.kind, context.market, item, answer)

    def _end(self, context: CrawlContext, item: str, answer: CachedResponse) -> None:
        """Queue what the item leads to before it is published: after a stop in between it is not published twice."""
        self._follow(context, item, answer.payload)
        context.emit(self.kind, answer.payload["id"], answer.payload, answer.fetched_at, answer.source)
        context.crawl.queues[self.kind].end(item)

    def _follow(self, context: CrawlContext, item: str, payload: Mapping[str, Any]) -> None:
        crawl = context.crawl
        if self.kind == "track":
            context.follow_track("track", payload)
        elif self.kind == "album":
            crawl.follow("album", "artist", ids_of(payload.get("artists")))
            if self._leads_to(context, "track"):
                for tracks in _pages(context, payload.get("tracks")):
                    crawl.follow("album", "track", ids_of(tracks.get("items")))
        elif self._leads_to(context, "album"):
            first = context.api.call("artist_albums", item, include_groups="album,single", limit=_PAGE)
            for albums in _pages(context, first):
                crawl.follow("artist", "album", ids_of(albums.get("items")))

    def _leads_to(self, context: CrawlContext, stage: str) -> bool:
        """Whether the crawl has a later stage of this name."""
        stages = context.crawl.stages
        return stage in stages and stages.index(stage) > stages.index(self.kind)

    def _market(self, context: CrawlContext) -> dict[str, str]:
        return {} if context.market is None or self.kind == "artist" else {"market": context.market}


def _pages(context: CrawlContext, page: Any) -> Iterator[dict[str, Any]]:
    """Yield a page and those after it."""
    while isinstance(page, dict):
        yield page
        page = context.api.call("next", page) if page.get("next") else None
