"""Tracks, albums and artists: many at once where the app may, else one by one; what is known is not asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from soundlake.extract.cache import Answer
from soundlake.extract.context import SOURCE, Context, ids_of
from soundlake.extract.outcomes import FailedError, MissingError, NotGotError, RefusedError

# The service's limits for one batch.
_MOST = {"track": 50, "album": 20, "artist": 50}
# What a development-mode app may ask for at once.
_PAGE = 10


@dataclass(frozen=True)
class ThingStage:
    """One of the three kinds."""

    kind: str

    @property
    def batch(self) -> int:
        """How many are read at once."""
        return _MOST[self.kind]

    def read(self, context: Context, things: Sequence[str]) -> None:
        """Read things; see `Stage`."""
        unknown = []
        for thing in things:
            answer = context.cache.get(self.kind, context.market, thing)
            if answer is None:
                unknown.append(thing)
            else:
                self._try(context, thing, partial(self._end, context, thing, answer))
        if len(unknown) > 1 and self._read_batch(context, unknown):
            return
        for thing in unknown:
            self._try(context, thing, partial(self._read_one, context, thing))

    def _try(self, context: Context, thing: str, read: Callable[[], None]) -> None:
        try:
            read()
        except NotGotError as error:
            context.walk.queues[self.kind].end(thing, error.verdict, error.reason)
        context.stepped()

    def _read_one(self, context: Context, thing: str) -> None:
        self._take(context, thing, context.api.call(self.kind, thing, **self._market(context)))

    def _read_batch(self, context: Context, things: Sequence[str]) -> bool:
        """Read things with one request; False where they have to be read one by one."""
        what = f"batch:{self.kind}"
        if context.facts.is_refused(what):
            return False
        try:
            answer = context.api.call(f"{self.kind}s", list(things), **self._market(context))
        except (RefusedError, MissingError) as error:
            # 400 may be about a single id among them; all else is about the app.
            if error.status != 400:
                context.facts.refuse(what)
            return False
        except FailedError as error:
            for thing in things:
                context.walk.queues[self.kind].end(thing, error.verdict, error.reason)
            return True
        found = answer.get(f"{self.kind}s")
        if not isinstance(found, list) or len(found) != len(things):
            return False
        for thing, payload in zip(things, found, strict=True):
            self._try(context, thing, partial(self._take, context, thing, payload))
        return True

    def _take(self, context: Context, thing: str, payload: Any) -> None:
        if payload is None:
            raise MissingError(f"Spotify knows no such {self.kind}")
        if not isinstance(payload, dict) or not payload.get("id"):
            raise FailedError("an answer without an id")
        answer = Answer(context.walk.fetched_at, SOURCE, payload)
        self._end(context, thing, answer)
        context.cache.put(self.kind, context.market, thing, answer)

    def _end(self, context: Context, thing: str, answer: Answer) -> None:
        """Follow a thing first: a stop on the way leaves it to do, and nothing of it is published twice."""
        self._follow(context, thing, answer.payload)
        context.emit(self.kind, answer.payload["id"], answer.payload, answer.fetched_at, answer.source)
        context.walk.queues[self.kind].end(thing)

    def _follow(self, context: Context, thing: str, payload: Mapping[str, Any]) -> None:
        walk = context.walk
        if self.kind == "track":
            context.follow_track("track", payload)
        elif self.kind == "album":
            walk.follow("album", "artist", ids_of(payload.get("artists")))
            if self._leads_to(context, "track"):
                for tracks in _pages(context, payload.get("tracks")):
                    walk.follow("album", "track", ids_of(tracks.get("items")))
        elif self._leads_to(context, "album"):
            first = context.api.call("artist_albums", thing, include_groups="album,single", limit=_PAGE)
            for albums in _pages(context, first):
                walk.follow("artist", "album", ids_of(albums.get("items")))

    def _leads_to(self, context: Context, stage: str) -> bool:
        """Whether what this leads to is wanted: only then it is asked for."""
        stages = context.walk.stages
        return stage in stages and stages.index(stage) > stages.index(self.kind)

    def _market(self, context: Context) -> dict[str, str]:
        return {} if context.market is None or self.kind == "artist" else {"market": context.market}


def _pages(context: Context, page: Any) -> Iterator[dict[str, Any]]:
    """Yield a page and those after it."""
    while isinstance(page, dict):
        yield page
        page = context.api.call("next", page) if page.get("next") else None
