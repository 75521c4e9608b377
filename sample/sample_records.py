"""What all parts of the sample share: the envelope, ids that are made up and say so, and files with the same bytes."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Record = dict[str, Any]

MADE_UP = "soundlake-sample"

# The folder of each kind, as Soundlake's files source names it.
FOLDERS = {
    "track": "tracks",
    "artist": "artists",
    "album": "albums",
    "audio_features": "audio_features",
    "playlist": "playlists",
    "playlist_item": "playlist_items",
    "play": "plays",
    "user_item": "user_items",
}


@dataclass(frozen=True)
class Track:
    """A track as the generator of plays needs it; `mood` is (danceability, energy, acousticness, valence) or None."""

    id: str
    name: str | None
    artist_id: str | None
    artist_name: str | None
    album_id: str
    album_name: str | None
    duration_ms: int
    popularity: int
    mood: tuple[float, float, float, float] | None


def envelope(kind: str, fetched_at: str, source: str, payload: Any, **more: str | None) -> Record:
    """A record of §3.1 of the design; `more` takes the market."""
    return {"kind": kind, "fetched_at": fetched_at, "source": source, **more, "payload": payload}


def made_up_id(thing: str, name: str) -> str:
    """An id for something that has none in the data: the prefix says that it is made up."""
    return f"{MADE_UP}-{thing}:{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def utc(epoch_ms: int, with_ms: bool = False) -> str:
    """Milliseconds since 1970 as Spotify writes times: `2021-05-01T12:00:00Z`, or with milliseconds."""
    time = datetime.fromtimestamp(epoch_ms / 1000, UTC).replace(tzinfo=None)
    return time.isoformat(timespec="milliseconds" if with_ms else "seconds") + "Z"


def as_line(record: Any) -> bytes:
    """A record as one compact line of JSON, without the newline."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def write_part(path: Path, lines: Iterable[bytes]) -> int:
    """Write lines as a gzip file without name and time in its header, so that equal lines give equal files.

    Returns the size of the file in bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, wbits=31, memLevel=9)
    path.write_bytes(squeeze.compress(b"".join(line + b"\n" for line in lines)) + squeeze.flush())
    return path.stat().st_size
