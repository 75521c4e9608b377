"""Client id and secret, from the environment or from AWS Secrets Manager; never shown or logged."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from soundlake.aws import read_secret
from soundlake.errors import SoundlakeError, UsageError
from soundlake.settings import Settings

_VARIABLES = {
    "client_id": "SPOTIPY_CLIENT_ID",
    "client_secret": "SPOTIPY_CLIENT_SECRET",
    "refresh_token": "SPOTIPY_REFRESH_TOKEN",
}


@dataclass(frozen=True)
class Credentials:
    """The app's credentials; their text shows none of them.

    Without a secret the app is public and needs a user's consent (PKCE) to read. A refresh token is a consent that was
    given elsewhere.
    """

    client_id: str = field(repr=False)
    client_secret: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)

    @property
    def app(self) -> str:
        """A name of the app that does not reveal its id."""
        return hashlib.sha256(self.client_id.encode()).hexdigest()[:8]


def load_credentials(settings: Settings, env: Mapping[str, str] = os.environ) -> Credentials:
    """Return the credentials: from the secret extract.secret_id where that is set, else from the environment.

    Raises UsageError where there is no client id, SoundlakeError where the secret cannot be read.
    """
    secret_id = settings.extract.secret_id
    if secret_id is not None:
        values, place = _secret(secret_id), f"the secret {secret_id}"
    else:
        values, place = {key: env.get(name, "") for key, name in _VARIABLES.items()}, "the environment"
    found = {key: values.get(key) or values.get(name) for key, name in _VARIABLES.items()}
    client_id = found["client_id"]
    if not client_id:
        raise UsageError(
            f"there is no client id of a Spotify app in {place}: set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET, "
            "or extract.secret_id; see docs/extraction.md"
        )
    return Credentials(client_id, found["client_secret"] or None, found["refresh_token"] or None)


def _secret(secret_id: str) -> dict[str, str]:
    text = read_secret(secret_id)
    try:
        values = json.loads(text)
    except ValueError:  # the error would show the text
        values = None
    if not isinstance(values, dict):
        raise SoundlakeError(f"the secret {secret_id} should be a JSON object with client_id and client_secret")
    return {str(key): value for key, value in values.items() if isinstance(value, str)}
