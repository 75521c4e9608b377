"""A user's own data: recent plays, top lists, saved tracks and albums, followed artists."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from soundlake.extract.context import CrawlContext, ids_of
from soundlake.extract.outcomes import FailedError

RANGES = ("short_term", "medium_term", "long_term")
RECENT = "recent"
PARTS = {
    RECENT: (RECENT,),
    "top": tuple(f"top-{what}-{time_range}" for what in ("tracks", "artists") for time_range in RANGES),
    "saved": ("saved-tracks", "saved-albums"),
    "followed": ("followed-artists",),
}
_PAGE = 50
_MOST_POLLS = 20


class MeFetcher:
    """Parts of a user's data by name, see PARTS."""

    batch = 1

    def read(self, context: CrawlContext, items: Sequence[str]) -> None:
        """Read parts; see `Fetcher`."""
        context.read_each("me", items, lambda part: self._read(context, part, self._user(context)))

    def _user(self, context: CrawlContext) -> str:
        mark = context.crawl.marks.setdefault("user", {})
        if "id" not in mark:
            mark["id"] = context.api.call("me")["id"]
        return str(mark["id"])

    def _read(self, context: CrawlContext, part: str, user: str) -> None:
        what, _, rest = part.partition("-")
        if what == RECENT:
            self._read_recent(context, user)
        elif what == "followed":
            self._read_followed(context, user)
        elif what == "top":
            items, _, time_range = rest.partition("-")
            self._read_pages(context, part, user, f"current_user_top_{items}", time_range=time_range)
        else:
            self._read_pages(context, part, user, f"current_user_saved_{rest}")

    def _read_pages(self, context: CrawlContext, part: str, user: str, method: str, **parameters: str) -> None:
        mark = context.crawl.marks.setdefault(part, {"offset": 0})
        entity = "artist" if "artists" in part else "album" if "albums" in part else "track"
        while True:
            page = context.api.call(method, limit=_PAGE, offset=mark["offset"], **parameters)
            for index, item in enumerate(_items(page), mark["offset"]):
                if part.startswith("top"):
                    about = {"relation": "top", "rank": index + 1, **parameters}
                    self._take(context, user, entity, item, about)
                elif isinstance(item, dict):
                    about = {"relation": "saved", "added_at": item.get("added_at")}
                    self._take(context, user, entity, item.get(entity), about)
            mark["offset"] += len(_items(page))
            context.stepped()
            if not page.get("next") or not _items(page):
                return

    def _read_followed(self, context: CrawlContext, user: str) -> None:
        mark = context.crawl.marks.setdefault("followed-artists", {"after": None})
        while True:
            page = context.api.call("current_user_followed_artists", limit=_PAGE, after=mark["after"]).get("artists")
            if not isinstance(page, dict):
                raise FailedError("a page of artists in a shape that is not known")
            for artist in _items(page):
                self._take(context, user, "artist", artist, {"relation": "followed"})
            mark["after"] = (page.get("cursors") or {}).get("after")
            context.stepped()
            if mark["after"] is None or not _items(page):
                return

    def _take(self, context: CrawlContext, user: str, entity: str, item: Any, about: dict[str, Any]) -> None:
        found = ids_of([item])
        if not found:
            return
        payload = {"user_id": user, "time_range": None, "rank": None, "added_at": None, **about, entity: item}
        place = "/".join(str(part) for part in (user, about["relation"], about.get("time_range"), found[0]) if part)
        context.emit("user_item", place, payload)
        queue = context.crawl.queues.get(entity)
        if entity == "track":
            context.take_track("me", item)
        elif queue is not None and found[0] not in queue.done:
            context.emit(entity, found[0], item)
            queue.end(found[0])

    def _read_recent(self, context: CrawlContext, user: str) -> None:
        """Read the plays since the last run to this destination.

        The cursor moves at a checkpoint, so that no play is skipped.
        """
        identity = f"{user}\n{context.destination}"
        name = f"plays-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
        cursor = (context.state.read(name) or {}).get("after")
        since = cursor
        for _ in range(_MOST_POLLS):
            page = context.api.call("current_user_recently_played", limit=_PAGE, after=cursor)
            moments = [self._take_play(context, user, item) for item in _items(page)]
            played = [moment for moment in moments if moment is not None]
            if not played or (cursor is not None and max(played) <= cursor):
                break
            if since is not None and cursor == since and len(played) >= _PAGE:
                context.notes.append(
                    f"{_PAGE} plays since the last run, and Spotify keeps no more: some may be missing; "
                    "run it more often"
                )
            cursor = max(played)
            context.remember(name, {"after": cursor})
            context.stepped()

    def _take_play(self, context: CrawlContext, user: str, item: Any) -> int | None:
        """Publish a play; return when it was, in milliseconds."""
        if not isinstance(item, dict) or not isinstance(item.get("played_at"), str):
            return None
        context.emit("play", f"{user}/{item['played_at']}", {"user_id": user, **item})
        context.take_track("me", item.get("track"))
        try:
            return int(datetime.fromisoformat(item["played_at"]).timestamp() * 1000)
        except ValueError:
            return None


def _items(page: dict[str, Any]) -> list[Any]:
    items = page.get("items")
    return items if isinstance(items, list) else []
