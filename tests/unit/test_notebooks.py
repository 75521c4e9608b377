"""The notebooks' way to a lake, and that both halves of each notebook say the same."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest

from helpers.marts import small_lake
from soundlake.errors import SoundlakeError, UsageError
from soundlake.launch.paths import ROOT
from soundlake.notebooks import open_lake

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    small_lake(tmp_path / "lake")
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def test_sql_gives_a_frame(folder: Path) -> None:
    lake = open_lake(str(folder / "lake"))
    assert lake.engine == "DuckDB"
    frame = lake.sql(
        "SELECT artist_name, sum(plays) AS plays FROM gold_most_streamed_artists GROUP BY 1 ORDER BY 2 DESC"
    )
    assert frame.to_dict("records") == [{"artist_name": "Ana", "plays": 18}, {"artist_name": "椎名林檎", "plays": 10}]


def test_a_table_is_read_whole_or_in_part(folder: Path) -> None:
    lake = open_lake(str(folder / "lake"))
    assert list(lake.table("gold_top_albums", ["album_name"], limit=2).columns) == ["album_name"]
    assert len(lake.table("gold_top_albums")) == 3
    with pytest.raises(UsageError, match="no table gold_albums: did you mean .*gold_top_albums"):
        lake.table("gold_albums")


def test_what_is_there_is_told_from_what_is_not(folder: Path) -> None:
    lake = open_lake(str(folder / "lake"))
    assert lake.has("gold_top_albums")
    assert not lake.has("gold_track_clusters")
    assert "gold_top_albums" in lake.tables()
    assert lake.table("gold_track_clusters").empty
    with pytest.raises(SoundlakeError, match="gold_market_overlap"):
        lake.table("gold_market_overlap")


def test_a_lake_is_found_from_the_folder_of_the_notebooks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOUNDLAKE_LAKE__URI", raising=False)
    monkeypatch.chdir(folder / "notebooks")
    assert open_lake().settings.lake.uri == "../lake"
    monkeypatch.chdir(folder)
    assert open_lake().settings.lake.uri == "./lake"


def test_the_lake_of_the_demo_is_opened_where_there_is_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOUNDLAKE_LAKE__URI", raising=False)
    (tmp_path / "demo-lake").mkdir()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert open_lake().settings.lake.uri == "../demo-lake"
    (tmp_path / "lake").mkdir()
    assert open_lake().settings.lake.uri == "../lake"


@pytest.mark.parametrize("script", NOTEBOOKS, ids=lambda path: path.stem)
def test_both_halves_of_a_notebook_say_the_same_without_outputs(script: Path) -> None:
    text = jupytext.read(script)
    notebook = jupytext.read(script.with_suffix(".ipynb"))
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        (cell.cell_type, cell.source) for cell in text.cells
    ], "make notebooks"
    for cell in notebook.cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
