"""How charts and other playlists are named and chosen."""

from __future__ import annotations

import streamlit as st

from soundlake.dashboard import filters, sql
from soundlake.dashboard.source import DataSource

_NO_MARKET = "no market (Global)"
PLAYLIST = "coalesce(playlist_name, playlist_id)"
MARKET = f"coalesce(market, {sql.text(_NO_MARKET)})"


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
