"""What a stage of a walk works with: it asks, it publishes, and it is safe to stop after each thing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from soundlake.extract.api import SpotifyApi
from soundlake.extract.cache import Cache
from soundlake.extract.facts import AppFacts
from soundlake.extract.ids import is_id
from soundlake.extract.state import State
from soundlake.extract.walk import Walk
from soundlake.publishers.envelope import envelope
from soundlake.publishers.publisher import Publisher
from soundlake.settings.model import ExtractSettings

SOURCE = "spotify-api"


@dataclass
class Context:
    """One run of a walk."""

    walk: Walk
    api: SpotifyApi
    publisher: Publisher
    state: State
    cache: Cache
    facts: AppFacts
    settings: ExtractSettings
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
        """Publish one record, stamped with the walk's stamp if with no other."""
        record = envelope(
            kind, payload, fetched_at=fetched_at or self.walk.fetched_at, source=source, market=self.market
        )
        self.publisher.publish(kind, key, record)
        self.published[kind] += 1

    def take_track(self, current: str, track: Any, *, is_wanted: bool = False) -> None:
        """Publish a track object that came along with something else, once in a walk, and follow it.

        Where the walk has no stage for tracks it is published only if it `is_wanted` by itself.
        """
        if not is_catalog_track(track):
            return
        queue = self.walk.queues.get("track")
        if (is_wanted and queue is None) or (queue is not None and track["id"] not in queue.done):
            self.emit("track", track["id"], track)
        if queue is not None:
            queue.end(track["id"])
        self.follow_track(current, track)

    def follow_track(self, current: str, track: Mapping[str, Any]) -> None:
        """Add the album, the artists and the audio features of a track to what is to be read."""
        self.walk.follow(current, "album", ids_of([track.get("album")]))
        self.walk.follow(current, "artist", ids_of(track.get("artists")))
        self.walk.follow(current, "audio_features", ids_of([track]))

    def remember(self, name: str, document: dict[str, Any]) -> None:
        """Keep a document in the state as soon as everything published so far is safe."""
        self._documents[name] = document

    def stepped(self) -> None:
        """Say that it is safe to stop here; now and then this becomes a checkpoint."""
        self.on_progress()
        if time.monotonic() - self._saved_at >= self.settings.checkpoint_seconds:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Make all that was published safe, and only then remember how far the walk came."""
        self.publisher.flush()
        for name, document in self._documents.items():
            self.state.write(name, document)
        self._documents.clear()
        self.state.write(self.walk.name, self.walk.document())
        self._saved_at = time.monotonic()


def ids_of(things: Any) -> list[str]:
    """Return the catalog ids among objects, some of which may be null or local."""
    found = things if isinstance(things, list) else []
    return [thing["id"] for thing in found if isinstance(thing, dict) and is_id(thing.get("id"))]


def is_catalog_track(track: Any) -> bool:
    """Tell whether this is a track of the catalog: no local file, no episode, no gap."""
    return (
        isinstance(track, dict)
        and is_id(track.get("id"))
        and track.get("type", "track") == "track"
        and not track.get("is_local")
    )
