"""Reading a lake with a reader that wrote none of it: delta-rs and Arrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from soundlake.tables import (
    ALBUMS,
    ARTISTS,
    PLAYLIST_ITEMS,
    PLAYLISTS,
    PLAYS,
    POPULARITY_HISTORY,
    TRACK_FEATURES,
    TRACKS,
    USER_ITEMS,
    Table,
)

SILVER = (TRACKS, ARTISTS, ALBUMS, TRACK_FEATURES, PLAYLISTS, PLAYLIST_ITEMS, PLAYS, USER_ITEMS, POPULARITY_HISTORY)


def exists(lake: Path | str, table: Table) -> bool:
    return DeltaTable.is_deltatable(str(Path(lake) / table.path))


def rows(lake: Path | str, table: Table) -> list[dict[str, Any]]:
    """The rows of a table; none when it is not there."""
    if not exists(lake, table):
        return []
    found: list[dict[str, Any]] = DeltaTable(str(Path(lake) / table.path)).to_pyarrow_table().to_pylist()
    return found


def silver(lake: Path | str) -> dict[str, list[str]]:
    """Every silver table as a sorted list of its rows: equal for lakes that hold the same."""
    return {table.view: sorted(repr(row) for row in rows(lake, table)) for table in SILVER}
