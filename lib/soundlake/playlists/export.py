"""Playlists as files: M3U, which players read, and CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

from soundlake.catalog.cells import plain
from soundlake.errors import SoundlakeError
from soundlake.playlists.reading import Entry, Playlist

Format = Literal["m3u", "csv"]
_ENDINGS = {"m3u": "m3u8", "csv": "csv"}  # M3U in UTF-8


def export(playlist: Playlist, format_: Format, folder: Path) -> Path:
    """Write a playlist into a folder, whole or not at all, in the place of an earlier export; returns the file.

    Raises SoundlakeError where it cannot be written.
    """
    text = as_m3u(playlist) if format_ == "m3u" else as_csv(playlist)
    file = folder / f"{playlist.slug}.{_ENDINGS[format_]}"
    unfinished = folder / f".{file.name}.unfinished"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(text.encode())
        unfinished.replace(file)
    except OSError as error:
        raise SoundlakeError(f"{file}: cannot be written: {error.strerror}") from None
    return file


def as_m3u(playlist: Playlist) -> str:
    """The playlist as extended M3U; entries are links to Spotify."""
    lines = ["#EXTM3U", f"#PLAYLIST:{_line(playlist.name)}"]
    for entry in playlist.entries:
        seconds = -1 if entry.duration_ms is None else round(entry.duration_ms / 1000)
        lines += [f"#EXTINF:{seconds},{_title(entry)}", f"https://open.spotify.com/track/{entry.track_id}"]
    return "\n".join(lines) + "\n"


def as_csv(playlist: Playlist) -> str:
    """The playlist as CSV with a header."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["rank", "track_id", "track_name", "artist_name", "duration_ms"])
    for rank, entry in enumerate(playlist.entries, start=1):
        texts = [plain(text or "") for text in (entry.track_id, entry.track_name, entry.artist_name)]
        writer.writerow([rank, *texts, entry.duration_ms])
    return text.getvalue()


def _title(entry: Entry) -> str:
    return " - ".join(_line(part) for part in (entry.artist_name, entry.track_name) if part) or entry.track_id


def _line(text: str) -> str:
    return " ".join(text.split())
