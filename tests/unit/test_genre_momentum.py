"""Genres that gain and lose: what is detected, and whether it lasted. On DuckDB; Spark runs the same file."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from soundlake.catalog.query import ask, sql_of
from soundlake.settings import load_settings

MONDAY = date(2026, 1, 5)
WEEKS = 16
# Plays in each week: steady all the time, more and more from the ninth week on, a flash from the ninth to the twelfth.
PLAYS = {
    "steady": [100] * WEEKS,
    "grown": [30] * 8 + [90] * 8,
    "flash": [30] * 8 + [90] * 4 + [10] * 4,
    "rest": [240] * 8 + [120] * 4 + [200] * 4,
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, date], dict[str, Any]]:
    lake = tmp_path_factory.mktemp("genres") / "lake"
    tables = {
        "bronze/events": [{"position": "0"}],
        "gold/artist_genres": [{"artist_id": genre, "genre": genre, "genre_source": "artist"} for genre in PLAYS],
        "silver/tracks": [{"track_id": f"t {genre}", "artist_id": genre} for genre in PLAYS],
        "gold/weekly_plays": [
            {"week": week(number), "track_id": f"t {genre}", "plays": plays}
            for genre, counts in PLAYS.items()
            for number, count in enumerate(counts)
            for plays in (count - 10, 10)
        ],
    }
    for name, rows in tables.items():
        write_deltalake(str(Path(lake) / name), pa.Table.from_pylist(rows))
    settings = load_settings(None, (), str(lake), env={})
    rows = ask(settings, sql_of(settings, "genre_momentum"), None).rows.to_pylist()
    return {(row["genre"], row["week"]): row for row in rows}


def week(number: int) -> date:
    return MONDAY + timedelta(weeks=number)


def test_it_begins_with_the_eighth_week(found: dict[tuple[str, date], dict[str, Any]]) -> None:
    assert min(day for _, day in found) == week(7)


def test_what_stays_is_steady(found: dict[tuple[str, date], dict[str, Any]]) -> None:
    assert {row["momentum"] for (genre, _), row in found.items() if genre == "steady"} == {"steady"}


def test_what_grew_and_stayed_is_gaining_and_lasted(found: dict[tuple[str, date], dict[str, Any]]) -> None:
    row = found["grown", week(11)]
    assert (row["momentum"], row["plays"], row["lasted"]) == ("gaining", 360, True)
    assert row["share"] == pytest.approx(90 / 400, abs=1e-6)
    assert row["share_before"] == pytest.approx(30 / 400, abs=1e-6)


def test_a_flash_is_gaining_and_did_not_last(found: dict[tuple[str, date], dict[str, Any]]) -> None:
    row = found["flash", week(11)]
    assert (row["momentum"], row["lasted"]) == ("gaining", False)
    assert found["flash", week(15)]["momentum"] == "losing"


def test_what_is_not_over_yet_is_not_judged(found: dict[tuple[str, date], dict[str, Any]]) -> None:
    row = found["grown", week(12)]
    assert (row["momentum"], row["share_after"], row["lasted"]) == ("gaining", None, None)
