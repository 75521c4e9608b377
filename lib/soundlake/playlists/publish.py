"""Playlists of a Spotify user, made from curated ones.

A mark in the description identifies a playlist, so publishing it again replaces its tracks. The request that creates
one is never retried: if only its answer was lost, a retry would create a second playlist.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from soundlake.errors import SoundlakeError
from soundlake.extract.api import SpotifyApi
from soundlake.extract.auth import PUBLISHING, app_or_user
from soundlake.extract.credentials import Credentials
from soundlake.extract.facts import AppFacts
from soundlake.extract.ids import is_id
from soundlake.extract.outcomes import NotFetchedError, StopError
from soundlake.extract.rate_limit import RateLimiter, RequestPolicy
from soundlake.extract.state import StateStore
from soundlake.playlists.reading import Playlist
from soundlake.settings import Settings

_MOST_AT_ONCE = 100  # tracks of one request, and so of a playlist: setting them is one step
_PAGE = 50
_SPOTIFY = "Spotify"


@dataclass(frozen=True)
class Published:
    """A playlist that stands at Spotify now; `is_new` when it was made just now."""

    slug: str
    url: str
    tracks: int
    is_new: bool


def track_uris(playlist: Playlist) -> list[str]:
    """What is published of a playlist: the tracks that Spotify can know, ids made up elsewhere left out."""
    ids = [entry.track_id for entry in playlist.entries if is_id(entry.track_id)]
    return [f"spotify:track:{track}" for track in ids[:_MOST_AT_ONCE]]


class PlaylistPublisher:
    """Publishes for the user who consented (`soundlake playlists login`)."""

    def __init__(self, settings: Settings, credentials: Credentials, state: StateStore, user: str) -> None:
        """Raises UsageError where there is no consent."""
        auth = app_or_user(settings, credentials, state, user, needs_user=True, consent=PUBLISHING)
        own, self._facts = settings.extract, AppFacts(state, credentials.app)
        policy = RequestPolicy(_SPOTIFY, RateLimiter(own.max_requests), own.attempts, own.max_wait)
        self._api = SpotifyApi(settings, auth, policy)
        self._once = SpotifyApi(settings, auth, replace(policy, attempts=1))

    def publish(self, playlist: Playlist, *, public: bool) -> Published:
        """Create the playlist, or replace its tracks if it exists. Raises SoundlakeError where that fails."""
        try:
            if (until := self._facts.blocked_until) is not None:
                raise StopError("Spotify asked the app to wait", until, _SPOTIFY)
            return self._publish(playlist, public)
        except StopError as error:
            if error.resume_at is not None and error.service == _SPOTIFY:
                self._facts.block(error.resume_at)
            raise SoundlakeError(f"{playlist.slug}: {error.reason}; run it again later") from None
        except NotFetchedError as error:
            raise SoundlakeError(f"{playlist.slug}: {error.reason}") from None

    def _publish(self, playlist: Playlist, public: bool) -> Published:
        found = self._find(playlist.slug)
        made = (
            found
            or self._once.call(
                "current_user_playlist_create", playlist.name, public=public, description=_description(playlist)
            )["id"]
        )
        if found is not None:
            self._api.call("playlist_change_details", found, public=public)
        uris = track_uris(playlist)
        self._api.call("playlist_replace_items", made, uris)
        return Published(playlist.slug, f"https://open.spotify.com/playlist/{made}", len(uris), found is None)

    def _find(self, slug: str) -> str | None:
        """The id of the user's playlist that was published by this name; those that he follows are others'."""
        me = self._api.call("me")["id"]
        offset = 0
        while True:
            page = self._api.call("current_user_playlists", limit=_PAGE, offset=offset)
            for one in page["items"]:
                if one and _mark(slug) in (one.get("description") or "") and one["owner"]["id"] == me:
                    return str(one["id"])
            offset += _PAGE
            if not page.get("next"):
                return None


def _mark(slug: str) -> str:
    return f"[soundlake:{slug}]"


def _description(playlist: Playlist) -> str:
    # Spotify takes 300 characters and no line breaks.
    mark = _mark(playlist.slug)
    return f"{playlist.rule[: 290 - len(mark)]} {mark}"
