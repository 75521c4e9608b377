"""How charts and other playlists are named and chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import streamlit as st

from soundlake.catalog.sql_text import literal
from soundlake.dashboard import filters, sql
from soundlake.dashboard.source import DataSource

_NO_MARKET = "no market (Global)"
PLAYLIST = "coalesce(playlist_name, playlist_id)"
MARKET = f"coalesce(market, {literal(_NO_MARKET)})"


def choose(source: DataSource, view: str) -> tuple[str, list[str]]:
    """Choose a market and one of its playlists; return the playlist and the SQL conditions of the choice.

    Playlists with the most rows come first.
    """
    left, right = st.columns(2)
    with left:
        market = sql.one_of(MARKET, filters.several(view, "Market", filters.values(source, view, MARKET)))
    ranked = source.ask(
        f"SELECT {PLAYLIST} AS playlist, count(*) AS n FROM {view} {sql.where(market)} "
        f"GROUP BY {PLAYLIST} ORDER BY n DESC, playlist LIMIT 1000"
    )["playlist"].tolist()
    with right:
        playlist = st.selectbox("Playlist", ranked, **filters.kept(view, "playlist"))
    return playlist or "", [sql.one_of(PLAYLIST, [playlist or ""]), market]


def so_far(view: str, on_list: Sequence[str], week: date) -> str:
    """The CTE `so_far` of a chart's tracks up to a week, from weekly rows: track_id, peak, weeks."""
    until = f"week <= DATE '{week.isoformat()}'"
    return (
        "so_far AS (SELECT track_id, min(best_position) AS peak, count(DISTINCT week) AS weeks "
        f"FROM {view} {sql.where(*on_list, until)} GROUP BY track_id)"
    )
