"""Search: one box for everything that has a name."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from soundlake.dashboard import filters
from soundlake.dashboard.explain import explained, nothing
from soundlake.dashboard.finder import TOGETHER, find
from soundlake.dashboard.labels import counted
from soundlake.dashboard.links import anchor
from soundlake.dashboard.source import DataSource


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("Search")
    words = st.text_input("Track, artist, album, playlist or listener", **filters.kept("q"))
    st.caption("The beginning of a name is enough. Accents do not matter, and a letter or two may be wrong.")
    answers = []
    for kinds in TOGETHER:
        with explained(source):
            answers.append(find(source, words, kinds))
    if len(answers) == len(TOGETHER) and not any(answers):
        nothing("Nothing has such a name.")
    for found in answers:
        for kind, frame in found.items():
            st.subheader(f"{kind.capitalize()}s")
            st.html(f"<ul>{''.join(_item(kind, row) for _, row in frame.iterrows())}</ul>")


def _item(thing: str, row: pd.Series) -> str:  # type: ignore[type-arg]  # of values of several types
    is_by_artist = thing in ("track", "album") and isinstance(row["beside"], str)
    by = f" by {anchor('artist', row['beside_id'], row['beside'])}" if is_by_artist else ""
    plays = f" <small>{counted(row['plays'], 'play')}</small>" if pd.notna(row["plays"]) and row["plays"] else ""
    return f"<li>{anchor(thing, row['id'], row['name'])}{by}{plays}</li>"
