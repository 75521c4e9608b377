"""A cache of responses: an app that may only read items one by one does not read the same item twice a day."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from soundlake.errors import SoundlakeError
from soundlake.publishers.envelope import iso_utc

_TABLE = """
create table if not exists answers (
    kind text not null, market text not null, id text not null, fetched_at text not null, source text not null,
    payload text not null, primary key (kind, market, id)
) without rowid
"""


@dataclass(frozen=True)
class CachedResponse:
    """A payload, when it was fetched, and from which source."""

    fetched_at: str
    source: str
    payload: dict[str, Any]


class Cache:
    """Responses by kind, market and id, in one SQLite file (in memory where there is no folder)."""

    def __init__(self, folder: Path | None, hours: int) -> None:
        """Raises SoundlakeError where the file cannot be used."""
        self._hours = hours
        self._path = ":memory:" if folder is None else str(folder / "cache.sqlite")
        try:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            if folder is not None:
                Path(self._path).chmod(0o600)
            # A cache may be lost: no need to wait for the disk.
            self._connection.execute("pragma synchronous = off")
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute(_TABLE)
            self._connection.execute(
                "delete from answers where fetched_at < ? and kind <> 'audio_features'", (self._oldest(),)
            )
        except (sqlite3.Error, OSError) as error:
            raise SoundlakeError(f"cannot use {self._path}: {error}; remove it to start again") from None

    def get(self, kind: str, market: str | None, item: str) -> CachedResponse | None:
        """Return the response for an item; None where there is none or it is too old. Audio features never are."""
        row = self._connection.execute(
            "select fetched_at, source, payload from answers where kind = ? and market = ? and id = ?",
            (kind, market or "", item),
        ).fetchone()
        if row is None or self._hours == 0 or (kind != "audio_features" and row[0] < self._oldest()):
            return None
        return CachedResponse(row[0], row[1], json.loads(row[2]))

    def put(self, kind: str, market: str | None, item: str, answer: CachedResponse) -> None:
        """Keep a response."""
        if self._hours:
            self._connection.execute(
                "insert or replace into answers values (?, ?, ?, ?, ?, ?)",
                (kind, market or "", item, answer.fetched_at, answer.source, json.dumps(answer.payload)),
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _oldest(self) -> str:
        return iso_utc(datetime.now(UTC) - timedelta(hours=self._hours))
