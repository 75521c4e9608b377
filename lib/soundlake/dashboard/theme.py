"""The colour of the words in charts, readable in light and in dark. The colours of what is drawn are in `colours`."""

from __future__ import annotations

from typing import Any

import altair as alt
import streamlit as st

INK = "#31333f"  # on white; Streamlit's own grey is too pale there
PAPER = "#fafafa"  # on dark, as Streamlit's own words


@alt.theme.register("soundlake", enable=False)
def _of_charts() -> alt.theme.ThemeConfig:
    if st.context.theme.type == "dark":
        return {"config": {"text": {"color": PAPER}}}
    words: Any = {"labelColor": INK, "titleColor": INK}
    return {"config": {"axis": words, "legend": words, "header": words, "text": {"color": INK}}}


def enable() -> None:
    """Let charts have what differs from Streamlit's theme."""
    alt.theme.enable("soundlake")
