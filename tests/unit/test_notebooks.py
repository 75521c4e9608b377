"""The notebooks' way to a lake, and that both halves of each notebook say the same."""

from __future__ import annotations

import re
from pathlib import Path

import jupytext
import pytest

from helpers.marts import small_lake
from helpers.notebook_pages import PAGES, digest_of
from soundlake.errors import SoundlakeError, UsageError
from soundlake.launch.paths import ROOT
from soundlake.notebooks import open_lake

pytestmark = pytest.mark.heavy

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


def page_of(notebook: Path) -> str:
    return (PAGES / f"{notebook.stem}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_page_of_a_notebook_is_of_its_cells(notebook: Path) -> None:
    assert digest_of(notebook.with_suffix(".ipynb")) in page_of(notebook), "make notebook-pages"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_ends_with_findings_that_have_numbers(notebook: Path) -> None:
    shown = page_of(notebook).rpartition("Findings</h2>")[2].rpartition('class="output"')[2]
    found = re.findall(r"<li>(.*?)</li>", shown, re.DOTALL)
    assert len(found) >= 3
    assert sum(bool(re.search(r"\d", line)) for line in found) >= 2
    code = jupytext.read(notebook).cells[-1].source
    assert [number for number in re.findall(r"\d[\d,]{3,}|\d\d%", shown) if number in code] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_page_of_a_notebook_fetches_nothing_and_names_no_folder(notebook: Path) -> None:
    page = page_of(notebook)
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="(?!notebook\.css|#)[^"]*"', page) == []
    assert re.findall(r"(?<![\w.<])/(?:home|root|tmp|work|Users)/", page) == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_chart_of_a_notebook_has_a_title_and_says_what_its_axes_count(notebook: Path) -> None:
    page = page_of(notebook)
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(charts) >= 1
    for chart in charts:
        assert "role-title" in chart
        assert len(re.findall(r"role-axis-title", chart)) >= 1


def test_charts_are_drawn_without_a_server() -> None:
    for notebook in NOTEBOOKS:
        assert 'alt.renderers.enable("svg")' in notebook.read_text(encoding="utf-8")
