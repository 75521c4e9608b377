"""A table of stamps without Spark, written commit by commit, and what is in it by plain Python."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import TableNotFoundError

from soundlake.core.decode import key_of
from soundlake.core.judge import KNOWN
from soundlake.core.schema import arrow_schema
from soundlake.refine.index import StampIndex
from soundlake.refine.stamp_log import ONLY_DOMINATED
from soundlake.tables import STAMPS

_ARRIVED = datetime(2026, 3, 1, tzinfo=UTC)


class Stamp(NamedTuple):
    """A stamp as the index gives it, with an id in place of its key."""

    id: str
    hour: int = 0
    fields: int = 1
    values_hash: int | None = 7

    @property
    def known(self) -> tuple[Any, ...]:
        """The row of KNOWN."""
        key, at = key_of("track", self.id), _ARRIVED + timedelta(hours=self.hour)
        return (key, 1, at, self._sha, self.fields, self.values_hash)

    @property
    def _sha(self) -> bytes:
        return bytes([self.hour % 256]) * 32 + b"spotify-api"

    def row(self, batch: str) -> dict[str, Any]:
        """The row of silver/stamps."""
        key, weight, fetched_at, sha, fields, values_hash = self.known
        return {
            "entity": "track",
            "id": self.id,
            "key": key,
            "rank": {"weight": weight, "fetched_at": fetched_at, "sha": sha},
            "fields": fields,
            "values_hash": values_hash,
            "stream": "s",
            "partition": "0",
            "position": "0",
            "batch": batch,
        }


@dataclass
class StampTable:
    """A table at a path, and the stamps in it with their batches."""

    path: Path
    stamps: list[tuple[str, Stamp]] = field(default_factory=list)

    def open(self) -> DeltaTable | None:
        """Open it anew."""
        try:
            return DeltaTable(str(self.path))
        except TableNotFoundError:
            return None

    def append(self, batch: str, stamps: Iterable[Stamp]) -> None:
        """Append the stamps of a batch, in one commit."""
        stamps = list(stamps)
        write_deltalake(str(self.path), self.rows(batch, stamps), mode="append")
        self.stamps += [(batch, stamp) for stamp in stamps]

    @staticmethod
    def rows(batch: str, stamps: Iterable[Stamp]) -> pa.Table:
        """Stamps as rows of the table."""
        return pa.Table.from_pylist([stamp.row(batch) for stamp in stamps], arrow_schema(STAMPS))

    def delete(self, id_: str, note: str | None = None) -> None:
        """Delete the stamps of an id, in a commit with this userMetadata."""
        properties = CommitProperties(custom_metadata={} if note is None else {"userMetadata": note})
        DeltaTable(str(self.path)).delete(f"id = '{id_}'", commit_properties=properties)
        if note != ONLY_DOMINATED:
            self.stamps = [(batch, stamp) for batch, stamp in self.stamps if stamp.id != id_]

    def compact(self) -> None:
        """Join the files."""
        DeltaTable(str(self.path)).optimize.compact()

    def vacuum(self) -> None:
        """Delete the files that the newest version does not have."""
        DeltaTable(str(self.path)).vacuum(0, enforce_retention_duration=False, dry_run=False)

    def make_anew(self) -> None:
        """Delete the table, and what is in it."""
        shutil.rmtree(self.path)
        self.stamps = []

    def commit_file(self, version: int) -> Path:
        """The file of a commit."""
        return self.path / "_delta_log" / f"{version:020}.json"

    def known(self, ids: Iterable[str], batch: str) -> list[tuple[Any, ...]]:
        """What an index must say of ids."""
        asked = set(ids)
        return sorted((stamp.known for own, stamp in self.stamps if own != batch and stamp.id in asked), key=repr)


def asked(index: StampIndex, ids: Sequence[str], batch: str) -> list[tuple[Any, ...]]:
    """What an index says of ids."""
    known = index.known(pa.array([key_of("track", id_) for id_ in ids], pa.binary()), batch)
    assert known.schema == KNOWN
    return sorted((tuple(row.values()) for row in known.to_pylist()), key=repr)
