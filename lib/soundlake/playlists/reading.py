"""The curated playlists of a lake, with the names of their tracks; read without Spark."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from soundlake.catalog.missing import why_empty
from soundlake.catalog.query import ask
from soundlake.errors import MissingTableError, UsageError
from soundlake.settings import Settings
from soundlake.tables import CURATED_PLAYLISTS

_SQL = """
SELECT c.playlist, c.playlist_name, c.rule, c.rank, c.track_id, t.track_name, t.artist_name, t.duration_ms
FROM gold_curated_playlists AS c
LEFT JOIN silver_tracks AS t ON t.track_id = c.track_id
ORDER BY c.playlist, c.rank
"""


@dataclass(frozen=True)
class Entry:
    """A track of a playlist."""

    track_id: str
    track_name: str | None
    artist_name: str | None
    duration_ms: int | None


@dataclass(frozen=True)
class Playlist:
    """A curated playlist, its entries in order."""

    slug: str
    name: str
    rule: str
    entries: tuple[Entry, ...]


def read_playlists(settings: Settings) -> list[Playlist]:
    """Read all curated playlists, through Athena where the catalog is Glue, else from the lake.

    Raises MissingTableError where the recommend job has not run.
    """
    answer = ask(settings, _SQL, None)
    if CURATED_PLAYLISTS.view in answer.missing:
        raise MissingTableError(why_empty(CURATED_PLAYLISTS.view), CURATED_PLAYLISTS.view)
    rows = answer.rows.to_pylist()
    heads = {row["playlist"]: (row["playlist_name"], row["rule"]) for row in rows}
    return [
        Playlist(
            slug,
            *head,
            tuple(
                Entry(row["track_id"], row["track_name"], row["artist_name"], row["duration_ms"])
                for row in rows
                if row["playlist"] == slug
            ),
        )
        for slug, head in heads.items()
    ]


def chosen(playlists: Sequence[Playlist], slugs: Sequence[str], *, every: bool) -> list[Playlist]:
    """The playlists of these names, or `every` one; raises UsageError for an unknown name, or where none is said."""
    if every:
        return list(playlists)
    known = {playlist.slug: playlist for playlist in playlists}
    if not slugs:
        raise UsageError("which playlists? Name some, or take --all; `soundlake playlists list` shows them")
    unknown = [slug for slug in slugs if slug not in known]
    if unknown:
        raise UsageError(*[_unknown(slug, list(known)) for slug in unknown])
    return [known[slug] for slug in dict.fromkeys(slugs)]


def _unknown(slug: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(slug, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"no playlist {slug!r}: {hint}`soundlake playlists list` shows them"
