"""Playlists: the playlist and its entries in order, one snapshot under one fetched_at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from soundlake.extract.context import CrawlContext
from soundlake.extract.outcomes import FailedError, NotFoundError, RefusedError
from soundlake.publishers.envelope import iso_utc

_PAGE = 50
_MOST_BEGINNINGS = 4
# Since February 2026 the entries of a playlist are its items; before, its tracks.
_OLD_ROUTE = "playlist_items"


class _ChangedError(Exception):
    """The playlist changed while its entries were read."""


class PlaylistFetcher:
    """Playlists by id."""

    batch = 1

    def read(self, context: CrawlContext, items: Sequence[str]) -> None:
        """Read playlists; see `Fetcher`. After each page the position is marked."""
        context.read_each("playlist", items, lambda playlist: self._read(context, playlist))

    def _read(self, context: CrawlContext, playlist: str) -> None:
        for _ in range(_MOST_BEGINNINGS):
            about = context.api.call("playlist", playlist, market=context.market, additional_types=("track", "episode"))
            mark = self._mark(context, playlist, about)
            self._publish_about(context, playlist, about, mark)
            try:
                self._read_entries(context, playlist, about, mark)
            except _ChangedError:
                continue
            return
        raise FailedError(f"it changed while it was read, {_MOST_BEGINNINGS} times")

    def _mark(self, context: CrawlContext, playlist: str, about: dict[str, Any]) -> dict[str, Any]:
        """Return how far the playlist was read; where it changed since, from the beginning with a new fetched_at."""
        before = context.crawl.marks.get(playlist)
        snapshot = about.get("snapshot_id")
        if before is not None and before["snapshot_id"] == snapshot:
            return before
        moment = context.crawl.fetched_at if before is None else _later_than(before["fetched_at"])
        mark = {"snapshot_id": snapshot, "fetched_at": moment, "offset": 0, "total": None}
        context.crawl.marks[playlist] = mark
        if context.publisher.is_seen_early:
            # When it is killed among the entries and resumed, two snapshots must not get one fetched_at.
            context.checkpoint()
        return mark

    def _publish_about(self, context: CrawlContext, playlist: str, about: dict[str, Any], mark: dict[str, Any]) -> None:
        if not about.get("id"):
            raise FailedError("an answer without an id")
        if mark.get("is_published"):
            return
        context.emit("playlist", playlist, without_entries(about), mark["fetched_at"])
        mark["is_published"] = True

    def _read_entries(self, context: CrawlContext, playlist: str, about: dict[str, Any], mark: dict[str, Any]) -> None:
        pages = 0
        while True:
            page = self._page(context, playlist, mark["offset"])
            total, entries = page.get("total"), page.get("items")
            if not isinstance(entries, list) or not isinstance(total, int):
                raise FailedError("a page of entries in a shape that is not known")
            if mark["total"] is not None and mark["total"] != total:
                raise _ChangedError
            mark["total"] = total
            self._publish_entries(context, playlist, about, mark, entries)
            mark["offset"] += len(entries)
            pages += 1
            if not entries or mark["offset"] >= total:
                break
            context.stepped()
        if mark["offset"] > _PAGE:
            after = context.api.call("playlist", playlist, fields="id,snapshot_id", market=context.market)
            if after.get("snapshot_id") != mark["snapshot_id"]:
                raise _ChangedError
        if mark["offset"] < mark["total"]:
            context.notes.append(
                f"playlist {playlist}: Spotify says {mark['total']:,} entries and gave {mark['offset']:,}"
            )

    def _publish_entries(
        self, context: CrawlContext, playlist: str, about: dict[str, Any], mark: dict[str, Any], entries: list[Any]
    ) -> None:
        head = {"id": playlist, "name": about.get("name"), "snapshot_id": mark["snapshot_id"], "total": mark["total"]}
        if mark["total"] == 0:  # the record that says that it is empty
            context.emit(
                "playlist_item", playlist, {"playlist": head, "position": 0, "track": None}, mark["fetched_at"]
            )
        for position, entry in enumerate(entries, mark["offset"]):
            given = entry if isinstance(entry, dict) else {}
            name = (
                "track" if isinstance(given.get("track"), dict) or not isinstance(given.get("item"), dict) else "item"
            )
            item = given.get(name) if isinstance(given.get(name), dict) else None
            payload = {"playlist": head, "position": position, "added_at": given.get("added_at"), name: item}
            context.emit("playlist_item", f"{playlist}:{position}", payload, mark["fetched_at"])
            context.take_track("playlist", item)

    def _page(self, context: CrawlContext, playlist: str, offset: int) -> dict[str, Any]:
        asked: dict[str, Any] = {"limit": _PAGE, "offset": offset, "market": context.market}
        if not context.facts.is_refused(_OLD_ROUTE):
            try:
                return context.api.call("playlist_items", playlist, **asked)
            except NotFoundError as error:
                missing = error
            except RefusedError as error:
                raise RefusedError(f"its entries: {error.reason}", error.status) from None
        else:
            missing = NotFoundError("404")
        try:
            page = context.api.call(f"get:playlists/{playlist}/tracks", **asked, additional_types="track,episode")
        except (NotFoundError, RefusedError):
            raise RefusedError(f"its entries: {missing.reason}", missing.status) from None
        context.facts.refuse(_OLD_ROUTE)
        return page


def without_entries(playlist: dict[str, Any]) -> dict[str, Any]:
    """Return a playlist object without its entries; their number stays."""
    return {
        name: {"total": value.get("total")} if name in ("tracks", "items") and isinstance(value, dict) else value
        for name, value in playlist.items()
    }


def _later_than(moment: str) -> str:
    """Return now, or the second after `moment` if that is later: two fetches have two times."""
    return iso_utc(max(datetime.now(UTC), datetime.fromisoformat(moment) + timedelta(seconds=1)))
