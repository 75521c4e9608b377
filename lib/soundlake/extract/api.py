"""The Spotify Web API: spotipy makes the requests, and each failure becomes one of our errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
import spotipy
from spotipy.exceptions import SpotifyException, SpotifyOauthError

from soundlake.errors import SoundlakeError
from soundlake.extract.auth import Auth
from soundlake.extract.outcomes import NotFoundError, RefusedError
from soundlake.extract.rate_limit import RequestPolicy, TryAgainError
from soundlake.settings import Settings

_TOKEN_REFUSED = "Spotify does not take the token it gave: check the client id and secret, or log in again"  # noqa: S105


class SpotifyApi:
    """Requests to the Web API, under a request policy."""

    def __init__(self, settings: Settings, auth: Auth, policy: RequestPolicy) -> None:
        self.policy = policy
        self._auth = auth
        # Our own session: spotipy's waits for any Retry-After and hides the status of a failure.
        self._client = spotipy.Spotify(
            auth_manager=auth, requests_session=requests.Session(), requests_timeout=settings.extract.timeout
        )
        self._client.prefix = settings.extract.api_url.rstrip("/") + "/"

    def call(self, method: str, *args: Any, **parameters: Any) -> dict[str, Any]:
        """Return the answer of a method of spotipy, or of GET to a path (`get:playlists/ID/tracks`).

        Raises NotFoundError, RefusedError, FailedError or StopError for what their names say, SoundlakeError where the
        credentials are wrong.
        """
        renewed = False

        def request() -> dict[str, Any]:
            nonlocal renewed
            try:
                answer = self._request(method, args, parameters)
            except _StaleTokenError:
                if renewed:
                    raise SoundlakeError(_TOKEN_REFUSED) from None
                renewed = True
                self._forget_token()
                raise TryAgainError("401", retry_after=0) from None
            if answer is None:
                raise TryAgainError("an answer that is empty or no JSON")
            found: dict[str, Any] = answer
            return found

        return self.policy.ask(request)

    def _request(self, method: str, args: tuple[Any, ...], parameters: dict[str, Any]) -> Any:
        try:
            if method.startswith("get:"):
                return self._client._get(method.removeprefix("get:"), **parameters)
            return getattr(self._client, method)(*args, **parameters)
        except SpotifyException as error:
            message = str(error.msg).rpartition("\n")[2].strip()
            _raise_for(error.http_status, message, error.reason, error.headers or {})
        except SpotifyOauthError as error:
            _raise_for_token(error)
        except requests.RequestException as error:
            raise TryAgainError(f"no answer ({type(error).__name__})") from None
        except AttributeError as error:  # spotipy meets an error body in a shape it does not know
            response = getattr(error.__context__, "response", None)
            if response is None:
                raise
            _raise_for(response.status_code, "", None, response.headers)

    def _forget_token(self) -> None:
        handler = self._auth.cache_handler
        token = handler.get_cached_token()
        if token:
            handler.save_token_to_cache({**token, "expires_at": 0})


class _StaleTokenError(Exception):
    """401: a token expired early."""


def _raise_for(status: int, message: str, reason: str | None, headers: Mapping[str, str]) -> None:
    said = " ".join(str(part) for part in (status, message, reason) if part and part != "None")
    if status == 401:
        raise _StaleTokenError
    if status == 429:
        raise TryAgainError(said, _retry_after(headers), is_limit=True)
    if status >= 500 or status == 408:
        raise TryAgainError(said, _retry_after(headers))
    # 400 is also what an id gets that only looks like one.
    if status in (404, 410) or (status == 400 and "id" in message.lower().split()):
        raise NotFoundError(said, status)
    raise RefusedError(said, status)


def _raise_for_token(error: SpotifyOauthError) -> None:
    """Raise the error of a token request; the response is in the context of spotipy's error."""
    response = getattr(error.__context__, "response", None)
    status: int = getattr(response, "status_code", 0)
    if response is not None and (status == 429 or status >= 500):
        _raise_for(status, "when asking for a token", None, response.headers)
    if error.error == "invalid_grant":
        raise SoundlakeError("the user's consent has expired or was withdrawn: run `soundlake extract login`") from None
    raise SoundlakeError(f"Spotify gives no token: {error.error or status}: check the client id and secret") from None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        return max(0.0, float(headers["Retry-After"]))
    except (KeyError, ValueError):
        return None
