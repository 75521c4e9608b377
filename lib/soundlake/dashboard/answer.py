"""An answer on a page: a chart, its table, and the same rows as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from soundlake.catalog.cells import plain
from soundlake.dashboard.axes import is_share
from soundlake.dashboard.charts import Chart
from soundlake.dashboard.explain import nothing
from soundlake.dashboard.links import NAMES, Links, as_links
from soundlake.dashboard.links import column as link_column
from soundlake.dashboard.source import MOST_ROWS


def show(
    name: str,
    frame: pd.DataFrame,
    chart: Chart | None,
    titles: Mapping[str, str],
    alt_text: str = "",
    *,
    is_open: bool = False,
    csv_names: Mapping[str, str] | None = None,
    links: Links = NAMES,
) -> None:
    """Show a chart with its table, and offer the rows as `name`.csv; `is_open` opens the table.

    `titles` maps the table's columns to their headings; `csv_names` renames columns in the file. `links`
    says which columns are names of things with a page.
    """
    if frame.empty:
        nothing("No rows fit this choice.")
        return
    if chart is not None:
        st.altair_chart(chart, width="stretch", alt=alt_text or None)
    table = frame[[column for column in titles if column in frame]]
    known = table.dropna(axis="columns", how="all")
    rows = "1 row" if len(table) == 1 else f"{len(table):,} rows"
    cut = f", the first {MOST_ROWS:,}: narrow the filters to see the rest" if len(table) == MOST_ROWS else ""
    with st.expander(f"Table ({rows}{cut})", expanded=is_open, icon=":material/table_rows:"):
        columns = _columns(known, titles) | {one: link_column(titles[one]) for one in links if one in known}
        shown = as_links(known, frame, links)
        st.dataframe(shown, hide_index=True, column_config=columns, key=f"table-{name}", placeholder="–")
    st.download_button(
        "Download CSV",
        lambda: as_csv(table.rename(columns=dict(csv_names or {}))),  # made when it is asked for
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        key=f"csv-{name}",
        on_click="ignore",
    )


def as_csv(table: pd.DataFrame) -> bytes:
    """Rows as CSV with a byte order mark: without it, Excel garbles Japanese."""
    cells = table.map(lambda value: plain(value) if isinstance(value, str) else value)
    return cells.to_csv(index=False).encode("utf-8-sig")


def _columns(table: pd.DataFrame, titles: Mapping[str, str]) -> dict[str, Any]:
    return {column: _column(table[column], title) for column, title in titles.items() if column in table}


def _column(values: pd.Series[Any], title: str) -> Any:
    if pd.api.types.is_datetime64_any_dtype(values):
        has_time = bool((values.dropna() != values.dropna().dt.normalize()).any())
        return st.column_config.DatetimeColumn(title, format="YYYY-MM-DD HH:mm:ss" if has_time else "YYYY-MM-DD")
    if is_share(title):
        return st.column_config.NumberColumn(title, format="percent")
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return st.column_config.Column(title)
    if bool((values.dropna() % 1 == 0).all()):  # whole numbers with nulls come as floats
        # Four digits can be a year.
        return st.column_config.NumberColumn(title, format="localized" if values.max() >= 10_000 else "%d")
    return st.column_config.NumberColumn(title, format="%.3f")
