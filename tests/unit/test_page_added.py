"""A page of the dashboard is added by a module with `show(source)`: here one that nobody has."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from helpers.marts import small_lake

pytestmark = pytest.mark.heavy


def newest_albums(lake: str) -> None:
    """The page: a filter, a question, and a table. Streamlit runs its text, so it imports what it needs."""
    import streamlit as st

    from soundlake.dashboard import filters, sql
    from soundlake.dashboard.explain import explained
    from soundlake.dashboard.source import DataSource
    from soundlake.settings import load_settings

    def show(source: DataSource) -> None:
        st.title("Newest Albums")
        with explained(source):
            types = filters.several("gold_top_albums", "Type", filters.values(source, "gold_top_albums", "album_type"))
            clause = sql.where(sql.one_of("album_type", types))
            st.dataframe(source.ask(f"SELECT album_name FROM gold_top_albums {clause} ORDER BY release_date DESC"))

    show(DataSource(load_settings(lake=lake, env={})))


def draw(lake: Path) -> AppTest:
    page = AppTest.from_function(newest_albums, kwargs={"lake": str(lake)}, default_timeout=30).run()
    assert not page.exception
    return page


def test_a_page_shows_what_it_asks_and_filters_it(tmp_path: Path) -> None:
    page = draw(small_lake(tmp_path / "lake"))
    albums = set(page.dataframe[0].value["album_name"])
    chosen = page.multiselect[0].set_value([page.multiselect[0].options[0]]).run()
    assert set(chosen.dataframe[0].value["album_name"]) < albums


def test_a_page_explains_what_is_missing_without_a_line_of_its_own(tmp_path: Path) -> None:
    page = draw(tmp_path / "none")
    assert any("there is no lake at" in str(message.value) for message in [*page.info, *page.warning, *page.error])
