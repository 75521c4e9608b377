"""A user's own data: what was played lately, what is at the top, what was saved, who is followed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from soundlake.extract.context import Context, ids_of
from soundlake.extract.outcomes import FailedError, NotGotError

RANGES = ("short_term", "medium_term", "long_term")
PARTS = {
    "recent": ("recent",),
    "top": tuple(f"top-{what}-{time_range}" for what in ("tracks", "artists") for time_range in RANGES),
    "saved": ("saved-tracks", "saved-albums"),
    "followed": ("followed-artists",),
}
_PAGE = 50
_MOST_POLLS = 20


class MeStage:
    """Parts of a user's data by name, see PARTS."""

    batch = 1

    def read(self, context: Context, things: Sequence[str]) -> None:
        """Read parts; see `Stage`."""
        for part in things:
            queue = context.walk.queues["me"]
            try:
                self._read(context, part, self._user(context))
            except NotGotError as error:
                queue.end(part, error.verdict, error.reason)
            else:
                queue.end(part)
            context.stepped()

    def _user(self, context: Context) -> str:
        mark = context.walk.marks.setdefault("user", {})
        if "id" not in mark:
            mark["id"] = context.api.call("me")["id"]
        return str(mark["id"])

    def _read(self, context: Context, part: str, user: str) -> None:
        what, _, rest = part.partition("-")
        if what == "recent":
            self._read_recent(context, user)
        elif what == "followed":
            self._read_followed(context, user)
        elif what == "top":
            things, _, time_range = rest.partition("-")
            self._read_pages(context, part, user, f"current_user_top_{things}", time_range=time_range)
        else:
            self._read_pages(context, part, user, f"current_user_saved_{rest}")

    def _read_pages(self, context: Context, part: str, user: str, method: str, **parameters: str) -> None:
        mark = context.walk.marks.setdefault(part, {"offset": 0})
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

    def _read_followed(self, context: Context, user: str) -> None:
        mark = context.walk.marks.setdefault("followed-artists", {"after": None})
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

    def _take(self, context: Context, user: str, entity: str, thing: Any, about: dict[str, Any]) -> None:
        found = ids_of([thing])
        if not found:
            return
        payload = {"user_id": user, "time_range": None, "rank": None, "added_at": None, **about, entity: thing}
        place = "/".join(str(part) for part in (user, about["relation"], about.get("time_range"), found[0]) if part)
        context.emit("user_item", place, payload)
        queue = context.walk.queues.get(entity)
        if entity == "track":
            context.take_track("me", thing)
        elif queue is not None and found[0] not in queue.done:
            context.emit(entity, found[0], thing)
            queue.end(found[0])

    def _read_recent(self, context: Context, user: str) -> None:
        """Read plays since the last time. The cursor moves when they are safe, so that none is passed over."""
        name = f"plays-{hashlib.sha256(user.encode()).hexdigest()[:12]}"
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
                    f"{_PAGE} plays since the last time, and Spotify keeps no more: some may have been missed; "
                    "run it more often"
                )
            cursor = max(played)
            context.remember(name, {"after": cursor})
            context.stepped()

    def _take_play(self, context: Context, user: str, item: Any) -> int | None:
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
