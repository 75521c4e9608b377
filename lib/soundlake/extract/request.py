"""A command of `soundlake extract`, parsed: which stages its crawl has, and its roots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from soundlake.errors import UsageError
from soundlake.extract.crawl import name_of
from soundlake.extract.fetchers.me import PARTS
from soundlake.extract.fetchers.search import MOST, TYPES
from soundlake.extract.ids import parse_ids

# The stages of each command; an item only leads to later stages.
_STAGES = {
    "playlists": ("playlist", "track", "album", "artist", "audio_features"),
    "tracks": ("track", "album", "artist", "audio_features"),
    "albums": ("album", "track", "artist", "audio_features"),
    "artists": ("artist", "album", "track", "audio_features"),
    "me": ("me", "track", "album", "artist", "audio_features"),
    "search": ("search", "track", "album", "artist", "audio_features"),
}
WITH = {"tracks": "track", "albums": "album", "artists": "artist", "features": "audio_features"}
WITH_BY_DEFAULT = {
    "playlists": "tracks,albums,artists,features",
    "tracks": "albums,artists,features",
    "albums": "tracks,artists,features",
    "artists": "none",
    "me": "tracks,artists,features",
    "search": "tracks,artists",
}


@dataclass(frozen=True)
class Request:
    """A parsed command."""

    command: str
    stages: tuple[str, ...]
    roots: tuple[str, ...]
    limit: int = 50

    @property
    def needs_user(self) -> bool:
        """Whether it needs a user's consent."""
        return self.command == "me"

    def name(self, *more: str | None) -> str:
        """Return the name of its crawl; `more` distinguishes crawls further, e.g. by where records go."""
        return name_of(self.command, self.stages, sorted(self.roots), self.limit, more)


def request_for(
    command: str, given: Sequence[str], with_: str | None = None, *, types: str = "track", limit: int = 50
) -> Request:
    """Parse a command. Raises UsageError with a line for each invalid part."""
    stages = _stages(command, WITH_BY_DEFAULT[command] if with_ is None else with_)
    if command == "me":
        return Request(command, stages, tuple(_parts(given)))
    if command == "search":
        return Request(command, stages, tuple(_searches(given, types)), _limit(limit))
    if not given:
        more = ", or set extract.playlists" if command == "playlists" else ""
        raise UsageError(f"extract {command}: name at least one, or a file of them with --from{more}")
    return Request(command, stages, tuple(parse_ids(_STAGES[command][0], given)))


def _stages(command: str, with_: str) -> tuple[str, ...]:
    names = [name.strip() for name in with_.split(",") if name.strip() not in ("", "none")]
    unknown = [name for name in names if name not in WITH]
    if unknown:
        raise UsageError(f"--with {with_}: {', '.join(unknown)}: should be of {', '.join(WITH)}, or none")
    first, *others = _STAGES[command]
    wanted = {WITH[name] for name in names}
    return (first, *[stage for stage in others if stage in wanted])


def _parts(given: Iterable[str]) -> Iterable[str]:
    names = list(given) or list(PARTS)
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise UsageError(f"extract me {' '.join(unknown)}: should be of {', '.join(PARTS)}")
    return [part for name in names for part in PARTS[name]]


def _searches(given: Sequence[str], types: str) -> Iterable[str]:
    wanted = [name.strip() for name in types.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in TYPES]
    if unknown or not wanted:
        raise UsageError(f"--type {types}: should be of {', '.join(TYPES)}")
    if not given or not all(words.strip() for words in given):
        raise UsageError("extract search: give at least one search")
    return [f"{kind}:{words.strip()}" for words in given for kind in wanted]


def _limit(limit: int) -> int:
    if not 1 <= limit <= MOST:
        raise UsageError(f"--limit {limit}: should be from 1 to {MOST}")
    return limit
