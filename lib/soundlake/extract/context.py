"""What a fetcher works with: requests, the publisher, the state, and checkpoints after each item."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from soundlake.extract.api import SpotifyApi
from soundlake.extract.cache import Cache
from soundlake.extract.crawl import Crawl
from soundlake.extract.facts import AppFacts
from soundlake.extract.ids import is_id
from soundlake.extract.outcomes import NotFetchedError
from soundlake.extract.state import StateStore
from soundlake.publishers.envelope import envelope
from soundlake.publishers.publisher import Publisher
from soundlake.settings.model import ExtractSettings

SOURCE = "spotify-api"


@dataclass
class CrawlContext:
    """One run of a crawl, as its fetchers see it."""

    crawl: Crawl
    api: SpotifyApi
    publisher: Publisher
    state: StateStore
    cache: Cache
    facts: AppFacts
    settings: ExtractSettings
    destination: str
    on_progress: Callable[[], None] = lambda: None
    published: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    _documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    _saved_at: float = field(default_factory=time.monotonic)

    @property
    def market(self) -> str | None:
        """The country whose catalog is read."""
        return self.settings.market

    def emit(
        self, kind: str, key: str, payload: Mapping[str, Any], fetched_at: str | None = None, source: str = SOURCE
    ) -> None:
        """Publish one record; its fetched_at is the crawl's unless given."""
        record = envelope(
            kind, payload, fetched_at=fetched_at or self.crawl.fetched_at, source=source, market=self.market
        )
        self.publisher.publish(kind, key, record)
        self.published[kind] += 1

    def take_track(self, current: str, track: Any, *, is_wanted: bool = False) -> None:
        """Publish a track object that is part of another response, once in a crawl, and queue what it leads to.

        Where the crawl has no stage for tracks it is published only if `is_wanted`.
        """
        if not is_catalog_track(track):
            return
        queue = self.crawl.queues.get("track")
        if (is_wanted and queue is None) or (queue is not None and track["id"] not in queue.done):
            self.emit("track", track["id"], track)
        if queue is not None:
            queue.end(track["id"])
        self.follow_track(current, track)

    def follow_track(self, current: str, track: Mapping[str, Any]) -> None:
        """Queue the album, the artists and the audio features of a track."""
        self.crawl.follow(current, "album", ids_of([track.get("album")]))
        self.crawl.follow(current, "artist", ids_of(track.get("artists")))
        self.crawl.follow(current, "audio_features", ids_of([track]))

    def read_each(self, stage: str, items: Sequence[str], read: Callable[[str], None]) -> None:
        """Read items one by one, and end each in the queue of its stage; of one that failed its mark is kept."""
        for item in items:
            outcome, reason = None, ""
            try:
                read(item)
            except NotFetchedError as error:
                outcome, reason = error.outcome, error.reason
            self.crawl.queues[stage].end(item, outcome, reason)
            if outcome != "failed":
                self.crawl.marks.pop(item, None)
            self.stepped()

    def remember(self, name: str, document: dict[str, Any]) -> None:
        """Write a document to the state at the next checkpoint."""
        self._documents[name] = document

    def stepped(self) -> None:
        """Call where it is safe to stop; takes a checkpoint every extract.checkpoint_seconds."""
        self.on_progress()
        if time.monotonic() - self._saved_at >= self.settings.checkpoint_seconds:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Flush the publisher, and only then write the state."""
        self.publisher.flush()
        for name, document in self._documents.items():
            self.state.write(name, document)
        self._documents.clear()
        self.state.write(self.crawl.name, self.crawl.document())
        self._saved_at = time.monotonic()


def ids_of(items: Any) -> list[str]:
    """Return the catalog ids among objects, some of which may be null or local."""
    found = items if isinstance(items, list) else []
    return [item["id"] for item in found if isinstance(item, dict) and is_id(item.get("id"))]


def is_catalog_track(track: Any) -> bool:
    """Whether this is a track of the catalog: no local file, no episode, no gap."""
    return (
        isinstance(track, dict)
        and is_id(track.get("id"))
        and track.get("type", "track") == "track"
        and not track.get("is_local")
    )
