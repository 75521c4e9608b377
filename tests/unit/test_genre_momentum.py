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

pytestmark = pytest.mark.heavy

MONDAY = date(2026, 1, 5)
WEEKS = 17
# Plays in each week: steady all the time, more and more from the ninth week on, a flash from the ninth to the twelfth.
PLAYS = {
    "steady": [100] * WEEKS,
    "grown": [30] * 8 + [90] * 9,
    "flash": [30] * 8 + [90] * 4 + [10] * 5,
    "rest": [240] * 8 + [120] * 4 + [200] * 5,
}


Rows = dict[tuple[str, date], dict[str, Any]]


def momentum(
    lake: Path, genres: list[tuple[str, str]], heard: dict[str, dict[int, int]], source: str = "artist"
) -> Rows:
    """The insight by genre and week: `genres` are (artist, genre), `heard` the plays of an artist by week."""
    tables = {
        "bronze/events": [{"position": "0"}],
        "gold/artist_genres": [{"artist_id": a, "genre": g, "genre_source": source} for a, g in genres],
        "silver/tracks": [{"track_id": f"t {artist}", "artist_id": artist} for artist in heard],
        "gold/weekly_plays": [
            {"week": week(number), "track_id": f"t {artist}", "plays": plays}
            for artist, counts in heard.items()
            for number, count in counts.items()
            for plays in (count - 10, 10)
        ],
    }
    for name, rows in tables.items():
        write_deltalake(str(lake / name), pa.Table.from_pylist(rows))
    settings = load_settings(None, (), str(lake), env={})
    rows = ask(settings, sql_of(settings, "genre_momentum"), None).rows.to_pylist()
    return {(row["genre"], row["week"]): row for row in rows}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    lake = tmp_path_factory.mktemp("genres") / "lake"
    return momentum(lake, [(g, g) for g in PLAYS], {g: dict(enumerate(counts)) for g, counts in PLAYS.items()})


def week(number: int) -> date:
    return MONDAY + timedelta(weeks=number)


def test_it_begins_with_the_eighth_week(found: Rows) -> None:
    assert min(day for _, day in found) == week(7)


def test_what_stays_is_steady(found: Rows) -> None:
    assert {row["momentum"] for (genre, _), row in found.items() if genre == "steady"} == {"steady"}


def test_what_grew_and_stayed_is_gaining_and_lasted(found: Rows) -> None:
    row = found["grown", week(11)]
    assert (row["momentum"], row["plays"], row["lasted"]) == ("gaining", 360, True)
    assert row["share"] == pytest.approx(90 / 400, abs=1e-6)
    assert row["share_before"] == pytest.approx(30 / 400, abs=1e-6)


def test_a_flash_is_gaining_and_did_not_last(found: Rows) -> None:
    row = found["flash", week(11)]
    assert (row["momentum"], row["lasted"]) == ("gaining", False)
    assert found["flash", week(15)]["momentum"] == "losing"


def test_what_is_not_over_yet_is_not_judged(found: Rows) -> None:
    row = found["grown", week(12)]
    assert (row["momentum"], row["share_after"], row["lasted"]) == ("gaining", None, None)


def test_a_play_of_an_artist_of_several_genres_is_one_play(tmp_path: Path) -> None:
    heard = {artist: dict.fromkeys(range(9), 50) for artist in ("of two", "of one")}
    found = momentum(tmp_path / "lake", [("of two", "edm"), ("of two", "pop"), ("of one", "folk")], heard)
    assert {genre: found[genre, week(8)]["share"] for genre in ("edm", "pop", "folk")} == {
        "edm": 0.5,
        "pop": 0.5,
        "folk": 0.5,
    }


def test_four_weeks_are_weeks_of_the_calendar(tmp_path: Path) -> None:
    heard = {"a": dict.fromkeys((0, 1, 2, 3, 4, 20, 21, 26, 27, 28), 100)}
    found = momentum(tmp_path / "lake", [("a", "pop")], heard)
    assert {day: row["plays"] for (_, day), row in found.items()} == {week(26): 100, week(27): 200, week(28): 300}
