"""The folders of exported tables. Needs no Spark."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from soundlake.errors import UsageError
from soundlake.tables import Table

BUCKETS = 16

Kind = Literal["date", "key", "bucket"]


@dataclass(frozen=True)
class Layout:
    """Folders by the value of a column.

    `date`: one for each day, the column itself. `key`: one for each value, as a lower-case word that is safe in a path.
    `bucket`: BUCKETS folders by the hash of an id. The folder column is added under `name`; of a date it is the column.
    """

    kind: Kind
    column: str

    @property
    def name(self) -> str:
        """The partition column."""
        return self.column if self.kind == "date" else f"{self.column.removesuffix('_id')}_{self.kind}"

    @property
    def type(self) -> str:
        """The type of the partition column."""
        return {"date": "date", "key": "string", "bucket": "int"}[self.kind]


# Tables that are not named here are one folder: they are small.
LAYOUTS = {
    "silver_plays": Layout("date", "played_date"),
    "silver_playlist_items": Layout("key", "playlist_id"),
    "silver_popularity_history": Layout("date", "observed_on"),
    "silver_tracks": Layout("bucket", "artist_id"),
    "silver_albums": Layout("bucket", "artist_id"),
    "gold_tracks_wide": Layout("bucket", "artist_id"),
    "gold_genre_popularity": Layout("key", "genre"),
}


def layout_of(table: Table) -> Layout | None:
    """The layout of a table; None where it is one folder, or has no such column."""
    layout = LAYOUTS.get(table.view)
    return layout if layout is not None and layout.column in table.column_names else None


def chosen(tables: Iterable[Table], names: Iterable[str]) -> list[Table]:
    """The exported tables: those named, else all marts and silver tables; raises UsageError for unknown names."""
    exportable = {table.view: table for table in tables if table.layer in ("silver", "gold") and not table.internal}
    names = list(names)
    if unknown := [name for name in names if name not in exportable]:
        raise UsageError(*[f"export.tables: {name} is none of {', '.join(sorted(exportable))}" for name in unknown])
    return [exportable[name] for name in names] if names else list(exportable.values())
