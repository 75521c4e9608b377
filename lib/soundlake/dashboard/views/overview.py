"""What the lake holds."""

from __future__ import annotations

from html import escape

import pandas as pd
import streamlit as st

from soundlake.dashboard import answer, periods
from soundlake.dashboard.explain import explained
from soundlake.dashboard.findings import findings
from soundlake.dashboard.source import DataSource

_THINGS = {
    "silver_tracks": "Tracks",
    "silver_artists": "Artists",
    "silver_albums": "Albums",
    "silver_playlists": "Playlists",
    "silver_plays": "Plays",
}


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("Soundlake")
    st.caption("Choose a page from the menu; on a phone, the arrows at the top open it.")
    with explained(source):
        status = None if source.is_athena else source.status()
        _findings(source)
        if status is None:
            st.info("Athena is not asked for table sizes: `soundlake status --lake …` reads them from the lake.")
            return
        st.subheader("What there is")
        rows = {table.name: table.rows for table in status.tables}
        with st.container(horizontal=True):
            for view, label in _THINGS.items():
                st.metric(label, f"{rows.get(view, 0):,}", border=True, width=150)
        st.subheader("Tables")
        frame = pd.DataFrame(
            [
                {"table": one.name, "rows": one.rows, "changed_at": one.changed_at.replace(tzinfo=None)}
                for one in status.tables
            ]
        )
        titles = {"table": "Table", "rows": "Rows", "changed_at": "Changed (UTC)"}
        answer.show("tables", frame, None, titles, is_open=True)
        if status.current_model is not None:
            model = status.current_model
            st.caption(f"Current model: {model['k']} clusters of {model['n_tracks']:,} tracks.")


def _findings(source: DataSource) -> None:
    """The days that the data cover, and the findings, each a link."""
    spans = {
        "plays": periods.extent(source, periods.PLAYS),
        "snapshots of playlists": periods.extent(source, periods.SNAPSHOTS),
    }
    told = [f"{what} from {days[0]} to {days[1]}" for what, days in spans.items() if days is not None]
    found = list(findings(source))
    if not found:
        return
    st.subheader("What is new")
    st.caption(f"There are {' and '.join(told)}." if told else "")
    items = "".join(f'<li><a href="{escape(one.address)}">{escape(one.words)}</a></li>' for one in found)
    st.html(f"<ul>{items}</ul>")
