"""Tokens of the app (in memory) and of users who gave consent (in the private state)."""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from typing import Any, TypeAlias

import requests
from spotipy.cache_handler import CacheHandler, MemoryCacheHandler
from spotipy.exceptions import SpotifyOauthError
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOAuth, SpotifyPKCE

from soundlake.errors import SoundlakeError, UsageError
from soundlake.extract.credentials import Credentials, load_credentials
from soundlake.extract.state import StateStore, open_state
from soundlake.settings import Settings

SCOPES = (
    "playlist-read-private",
    "playlist-read-collaborative",
    "user-read-recently-played",
    "user-top-read",
    "user-library-read",
    "user-follow-read",
)


@dataclass(frozen=True)
class Consent:
    """A set of scopes that a user consents to, stored under its own name."""

    name: str
    scopes: tuple[str, ...]
    command: str

    @property
    def missing(self) -> str:
        """The message where there is none."""
        return f"there is no consent of a user yet, or it was withdrawn: run `soundlake {self.command}`"


READING = Consent("", SCOPES, "extract login")
PUBLISHING = Consent(
    "-publish", ("playlist-read-private", "playlist-modify-private", "playlist-modify-public"), "playlists login"
)

_GIVEN = "given"  # in a stored token: a digest of the credentials' refresh token, when it was stored

Auth: TypeAlias = SpotifyClientCredentials | SpotifyOAuth | SpotifyPKCE


def silence_spotipy() -> None:
    """Keep spotipy from logging: its debug lines contain tokens, and its errors are reported here."""
    for name in ("spotipy", "spotipy.client", "spotipy.oauth2", "spotipy.cache_handler", "spotipy.util"):
        logging.getLogger(name).disabled = True


class StateTokens(CacheHandler):  # type: ignore[misc]
    """A user's token in the private state."""

    def __init__(
        self, state: StateStore, name: str, refresh_token: str | None = None, consent: Consent = READING
    ) -> None:
        self._state = state
        self._name = name
        self._scopes = " ".join(consent.scopes)
        self._refresh_token = refresh_token
        self._given = hashlib.sha256(refresh_token.encode()).hexdigest()[:16] if refresh_token else ""

    def get_cached_token(self) -> dict[str, Any] | None:
        """Return the token that was kept, else one to refresh from the consent that the credentials hold."""
        token = self._state.read(self._name)
        # A token that came from another refresh token may belong to a consent that was withdrawn.
        is_of_another = token is not None and token.get(_GIVEN, self._given) != self._given
        if self._refresh_token and (token is None or is_of_another):
            return {"refresh_token": self._refresh_token, "expires_at": 0, "scope": self._scopes}
        return token

    def save_token_to_cache(self, token_info: dict[str, Any]) -> None:
        """Keep a token. An answer without scopes has those that were asked for."""
        scope = token_info.get("scope") or self._scopes
        self._state.write(self._name, {**token_info, "scope": scope, _GIVEN: self._given})


class _OAuth(SpotifyOAuth):  # type: ignore[misc]
    consent = READING

    def get_auth_response(self, open_browser: bool | None = None) -> str:
        raise UsageError(self.consent.missing)


class _PKCE(SpotifyPKCE):  # type: ignore[misc]
    consent = READING

    def _get_auth_response(self, open_browser: bool | None = None) -> str:
        raise UsageError(self.consent.missing)


def checked_name(user: str) -> str:
    """Return the name of a user if it can be part of a file name; else raise UsageError."""
    if not user.replace("-", "").replace("_", "").isalnum():
        raise UsageError(f"--user {user}: should be letters, digits, - and _")
    return user


def app_or_user(
    settings: Settings,
    credentials: Credentials,
    state: StateStore,
    user: str,
    *,
    needs_user: bool,
    consent: Consent = READING,
) -> Auth:
    """Return the login for requests: that of `user` where there is a consent or one is needed, else the app's.

    A user's consent shows more (in development mode only the user's own playlists can be read), so it is preferred.
    Raises UsageError where neither is possible.
    """
    silence_spotipy()
    tokens = _tokens(credentials, state, user, consent)
    if tokens.get_cached_token() is not None:
        return _user(settings, credentials, tokens, consent, interactive=False)
    if needs_user:
        raise UsageError(consent.missing)
    if credentials.client_secret is None:
        raise UsageError(f"there is no client secret (SPOTIPY_CLIENT_SECRET), and {consent.missing}")
    auth = SpotifyClientCredentials(
        credentials.client_id,
        credentials.client_secret,
        requests_session=requests.Session(),
        requests_timeout=settings.extract.timeout,
        cache_handler=MemoryCacheHandler(),
    )
    auth.OAUTH_TOKEN_URL = _token_url(settings)
    return auth


def login(settings: Settings, user: str, *, open_browser: bool, consent: Consent = READING) -> str:
    """Ask a user for consent in the browser and keep the token in extract.state; say where it is.

    Raises UsageError for an invalid name or without credentials, SoundlakeError where consent is not given.
    """
    credentials = load_credentials(settings)
    with open_state(settings) as state:
        _ask(settings, credentials, state, checked_name(user), consent, open_browser=open_browser)
    return f"consent kept in {settings.extract.state}"


def _ask(
    settings: Settings, credentials: Credentials, state: StateStore, user: str, consent: Consent, *, open_browser: bool
) -> None:
    silence_spotipy()
    tokens = _tokens(credentials, state, user, consent)
    auth = _user(settings, credentials, tokens, consent, interactive=True, open_browser=open_browser)
    try:
        if isinstance(auth, SpotifyPKCE):
            auth.get_access_token(check_cache=False)
        else:
            auth.get_access_token(as_dict=False, check_cache=False)
    except SpotifyOauthError as error:
        raise SoundlakeError(f"no consent: {error.error or error}") from None
    except requests.RequestException as error:
        raise SoundlakeError(f"{settings.extract.accounts_url} does not answer: {type(error).__name__}") from None
    except OSError as error:
        raise SoundlakeError(f"cannot wait for the answer at {settings.extract.redirect_uri}: {error}") from None


def _user(
    settings: Settings,
    credentials: Credentials,
    tokens: CacheHandler,
    consent: Consent,
    *,
    interactive: bool,
    open_browser: bool = False,
) -> SpotifyOAuth | SpotifyPKCE:
    """Authorisation code where the app has a secret, else PKCE."""
    common: dict[str, Any] = {
        "redirect_uri": settings.extract.redirect_uri,
        "state": secrets.token_urlsafe(16),
        "scope": " ".join(consent.scopes),
        "requests_session": requests.Session(),
        "requests_timeout": settings.extract.timeout,
        "open_browser": open_browser,
        "cache_handler": tokens,
    }
    auth: SpotifyOAuth | SpotifyPKCE
    if credentials.client_secret is None:
        auth = (SpotifyPKCE if interactive else _PKCE)(credentials.client_id, **common)
    else:
        auth = (SpotifyOAuth if interactive else _OAuth)(credentials.client_id, credentials.client_secret, **common)
    auth.consent = consent
    auth.OAUTH_TOKEN_URL = _token_url(settings)
    auth.OAUTH_AUTHORIZE_URL = f"{settings.extract.accounts_url.rstrip('/')}/authorize"
    return auth


def _tokens(credentials: Credentials, state: StateStore, user: str, consent: Consent) -> StateTokens:
    name = f"token-{credentials.app}-{user}{consent.name}"
    # The refresh token of the credentials is a consent to read.
    refresh_token = credentials.refresh_token if consent is READING else None
    return StateTokens(state, name, refresh_token, consent)


def _token_url(settings: Settings) -> str:
    return f"{settings.extract.accounts_url.rstrip('/')}/api/token"
