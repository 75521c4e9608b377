"""Answers that are kept for a while, so that an app that may only read one by one need not read the same again."""

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
class Answer:
    """A payload, when it was fetched, and where."""

    fetched_at: str
    source: str
    payload: dict[str, Any]


class Cache:
    """Answers by kind, market and id, in one SQLite file (in memory where there is no folder)."""

    def __init__(self, folder: Path | None, hours: int) -> None:
        """Raises SoundlakeError where the file cannot be used."""
        self._hours = hours
        self._path = ":memory:" if folder is None else str(folder / "cache.sqlite")
        try:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            if folder is not None:
                Path(self._path).chmod(0o600)
            # It may be lost at any time: no need to wait for the disk.
            self._connection.execute("pragma synchronous = off")
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute(_TABLE)
            self._connection.execute(
                "delete from answers where fetched_at < ? and kind <> 'audio_features'", (self._oldest(),)
            )
        except (sqlite3.Error, OSError) as error:
            raise SoundlakeError(f"cannot use {self._path}: {error}; remove it to begin anew") from None

    def get(self, kind: str, market: str | None, thing: str) -> Answer | None:
        """Return what is known of a thing, None where that is nothing or too old. Audio features do not age."""
        row = self._connection.execute(
            "select fetched_at, source, payload from answers where kind = ? and market = ? and id = ?",
            (kind, market or "", thing),
        ).fetchone()
        if row is None or self._hours == 0 or (kind != "audio_features" and row[0] < self._oldest()):
            return None
        return Answer(row[0], row[1], json.loads(row[2]))

    def put(self, kind: str, market: str | None, thing: str, answer: Answer) -> None:
        """Keep an answer."""
        if self._hours:
            self._connection.execute(
                "insert or replace into answers values (?, ?, ?, ?, ?, ?)",
                (kind, market or "", thing, answer.fetched_at, answer.source, json.dumps(answer.payload)),
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _oldest(self) -> str:
        return iso_utc(datetime.now(UTC) - timedelta(hours=self._hours))
