"""Every name on every page is a link to its page, in tables, and where a bar or a point of a chart is clicked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from helpers.all_pages import NAMES, full_lake, pages
from helpers.pages import linked

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full_lake(tmp_path_factory.mktemp("links") / "lake")


def cells(page: AppTest) -> set[str]:
    """The texts in the tables of a page, links as addresses."""
    rows = [row for number in range(len(page.dataframe)) for row in linked(page, number)]
    return {value for row in rows for value in row.values() if isinstance(value, str)}


def has_name(text: str) -> bool:
    return any(name in text for name in NAMES.values()) and not text.startswith("id of ")


def charts_of_names(page: AppTest) -> Iterator[str]:
    """The charts of a page whose marks have names, as text."""
    for one in page.get("vega_lite_chart"):
        frames = [pa.ipc.open_stream(data.data.data).read_pandas() for data in one.proto.datasets]
        if any(has_name(text) for frame in frames for text in frame.astype(str).to_numpy().ravel()):
            yield one.proto.spec


def test_every_name_on_every_page_is_a_link_in_tables_and_charts(lake: Path) -> None:
    linked_names: set[str] = set()
    for where, page in pages(str(lake)):
        names = {cell for cell in cells(page) if has_name(cell)}
        assert {name for name in names if "#" not in name} == set(), where
        assert [chart for chart in charts_of_names(page) if '"href"' not in chart] == [], where
        linked_names |= {name.partition("#")[2] for name in names}
    assert linked_names >= set(NAMES.values())
