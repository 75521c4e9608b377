"""What `soundlake query` shows on a terminal of some width, and what elsewhere."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from rich.cells import cell_len
from rich.console import Console

from soundlake.catalog.fitting import fitted
from soundlake.catalog.output import as_text
from soundlake.catalog.query import leading_columns
from soundlake.core.schema import arrow_schema
from soundlake.tables import EVENTS, TRACKS

QUERY = [sys.executable, "-c", "from soundlake.cli import main; main()", "query"]
ALBUM = {
    "rank": 1,
    "album_id": "6HJDrXs0hpebaRFKA1sF90",
    "album_name": "無限大のエスカパレード",
    "label": None,
    "artist_name": "Official HIGE DANdism",
    "mean_track_popularity": 98.33333333,
    "plays": 22,
    "fetched_at": datetime(2020, 1, 21, tzinfo=UTC),
}


def shown(width: int, *rows: dict[str, object], first: tuple[str, ...] = ()) -> tuple[list[str], tuple[str, ...]]:
    """The lines that stand on a terminal, and the columns that do not."""
    page = fitted(pa.Table.from_pylist(list(rows)), width, first, as_text)
    console = Console(width=width, no_color=True)
    with console.capture() as printed:
        console.print(page.content)
    return printed.get().splitlines(), page.left_out


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines, _ = shown(width, ALBUM, {**ALBUM, "album_name": "x" * 300})
    assert max(map(cell_len, lines)) <= width


def test_all_columns_with_values_are_shown_where_they_fit() -> None:
    lines, left_out = shown(200, ALBUM)
    assert left_out == ("label",)
    assert lines[0].split() == [name for name in ALBUM if name != "label"]


def test_ids_are_left_out_first_then_columns_from_the_end() -> None:
    assert shown(110, ALBUM)[1] == ("album_id", "label")
    assert shown(60, ALBUM)[1] == ("album_id", "label", "plays", "fetched_at")


def test_the_columns_that_matter_most_are_kept() -> None:
    assert shown(60, ALBUM, first=("plays",))[1] == ("album_id", "label", "mean_track_popularity", "fetched_at")


def test_those_of_an_insight_are_its_key_and_what_its_chart_draws() -> None:
    assert {"month", "rank", "artist_name", "plays"} <= {*leading_columns("most_streamed_artists")}
    assert leading_columns("SELECT 1") == ()


def test_long_texts_are_cut_and_numbers_are_rounded() -> None:
    lines, _ = shown(60, {"rank": 1, "name": "a" * 70, "share": 0.123456789, "small": 0.0000123456})
    _, name, *numbers = lines[1].split()
    assert name.strip("a") == "…"
    assert numbers == ["0.123", "1.23e-05"]


def test_wide_letters_count_for_two() -> None:
    rows: list[dict[str, object]] = [
        {"title": title, "artist": "Ado", "n": 7, "m": 8} for title in ("うっせぇわ", "Usseewa")
    ]
    lines, _ = shown(80, *rows)
    assert len({cell_len(line.partition("Ado")[0]) for line in lines[1:]}) == 1


def test_where_too_few_columns_fit_each_row_is_a_card() -> None:
    lines, left_out = shown(36, ALBUM, ALBUM)
    assert [line.split()[0] for line in lines if line.startswith(("1 ─", "2 ─"))] == ["1", "2"]
    assert ["artist_name", "Official HIGE"] in [re.split(r"\s{2,}", line.strip()) for line in lines]
    assert left_out == ("label",)


def test_no_rows_are_headings_alone() -> None:
    page = fitted(pa.table({"track_id": pa.array([], pa.string()), "plays": pa.array([], pa.int64())}), 80, (), as_text)
    console = Console(width=80)
    with console.capture() as printed:
        console.print(page.content)
    assert printed.get().split() == ["track_id", "plays"]


def test_names_cannot_steer_the_terminal() -> None:
    lines, _ = shown(80, {"name": "a\x1b[31mb\nc"})
    assert lines[1].strip() == r"a\x1b[31mb\x0ac"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("terminal") / "lake"
    write_deltalake(lake / EVENTS.path, arrow_schema(EVENTS).empty_table())
    names = [f"Title {number}" for number in range(60)]
    tracks = {"track_id": [f"{number:022}" for number in range(60)], "track_name": names, "artist_name": names}
    write_deltalake(lake / TRACKS.path, pa.table({**tracks, "album_name": names, "isrc": ["JP" * 6] * 60}))
    return lake


def on_terminal(lake: Path, *options: str, **environment: str) -> str:
    """What a terminal of 60 x 24 receives of a query of 60 rows."""
    command = [*QUERY, "SELECT * FROM silver_tracks", "--lake", str(lake), *options]
    ours, theirs = pty.openpty()
    size = {"COLUMNS": "60", "LINES": "24", "TERM": "xterm"}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL, env={**os.environ, **size, **environment}
    ):
        os.close(theirs)
        received = b""
        try:
            while part := os.read(ours, 65536):
                received += part
        except OSError:  # the end, on Linux
            pass
    os.close(ours)
    return received.decode()


@pytest.mark.heavy
def test_what_is_longer_than_the_screen_goes_through_the_pager(lake: Path) -> None:
    assert on_terminal(lake, PAGER="sed -n '$='").strip() == "61"
    assert "Title 59" in on_terminal(lake, PAGER="")


@pytest.mark.heavy
def test_what_fits_the_screen_does_not(lake: Path) -> None:
    assert "Title 9" in on_terminal(lake, "--limit", "10", PAGER="false")


@pytest.mark.heavy
def test_all_shows_every_column_whole(lake: Path) -> None:
    assert f"{0:022}" not in on_terminal(lake, "--limit", "5", PAGER="")
    assert f"{0:022}" in on_terminal(lake, "--limit", "5", "--all", PAGER="")


@pytest.mark.heavy
def test_elsewhere_everything_is_printed_without_a_pager(lake: Path) -> None:
    command = [*QUERY, "SELECT * FROM silver_tracks", "--lake", str(lake)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "20", "PAGER": "false"}
    )
    lines = done.stdout.splitlines()
    assert {"track_id", "track_name", "artist_name", "album_name", "isrc"} <= set(lines[0].split())
    assert len(lines) == 61
    assert "\x1b" not in done.stdout
