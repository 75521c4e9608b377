"""Parsing ids, URIs and URLs of playlists, tracks, albums and artists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from soundlake.errors import UsageError

# spotipy's pattern takes any letters and digits for an id, so a name would be requested and not found.
_ID = re.compile(r"[0-9A-Za-z]{22}")
_URI = re.compile(r"spotify:(?:user:[^:]+:)?(?P<type>\w+):(?P<id>[^:?]+)")
_URL = re.compile(
    r"(?:https?://)?open\.spotify\.com/(?:intl-\w+/)?(?:embed/)?(?:user/[^/]+/)?(?P<type>\w+)/(?P<id>[^/?#]+)(?:[/?#].*)?"
)


def is_id(text: object) -> bool:
    """Whether this can be an id in Spotify's catalog."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def parse_id(kind: str, text: str) -> str:
    """Return the id of a `kind` (playlist, track, album, artist). Raises UsageError for anything else."""
    text = text.strip()
    match = _URI.fullmatch(text) or _URL.fullmatch(text)
    if match and match["type"] != kind:
        raise UsageError(f"{text}: is the address of a {match['type']}, not of a {kind}")
    found = match["id"] if match else text
    if not is_id(found):
        raise UsageError(f"{text}: is no id, URI or URL of a {kind}; an id has 22 letters and digits")
    return found


def parse_ids(kind: str, texts: Iterable[str]) -> list[str]:
    """Return the ids, each once, in order. Raises UsageError with a line for each invalid text."""
    ids: dict[str, None] = {}
    problems: list[str] = []
    for text in texts:
        try:
            ids[parse_id(kind, text)] = None
        except UsageError as error:
            problems += error.problems
    if problems:
        raise UsageError(*problems)
    return list(ids)


def lines_of(path: Path) -> Iterator[str]:
    """Yield the lines of a file, without empty lines and comments (`#` after a space)."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"--from {path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"--from {path}: cannot be read: not UTF-8 text") from None
    for line in text.splitlines():
        content = re.sub(r"(^|\s)#.*", "", line).strip()
        if content:
            yield content
