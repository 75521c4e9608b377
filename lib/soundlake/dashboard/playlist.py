"""How charts and other playlists are named and chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import streamlit as st

from soundlake.catalog.sql_text import literal
from soundlake.dashboard import filters, sql
from soundlake.dashboard.labels import told_apart
from soundlake.dashboard.source import DataSource

_NO_MARKET = "no market (Global)"
_MOST_LISTED = 1000
MARKET = f"coalesce(market, {literal(_NO_MARKET)})"


def named(source: DataSource, view: str, *conditions: str, market: str = "market") -> dict[str, str]:
    """The ids of a mart's playlists by their labels; playlists with the most rows come first.

    Labels of playlists with the same name also have the market (an SQL expression) or the end of the id.
    """
    found = source.ask(
        f"SELECT playlist_id AS id, coalesce(max(playlist_name), playlist_id) AS name, max({market}) AS beside, "
        f"count(*) AS n FROM {view} {sql.where('playlist_id IS NOT NULL', *conditions)} "
        f"GROUP BY playlist_id ORDER BY n DESC, name, id LIMIT {_MOST_LISTED}"
    )
    return {label: id_ for id_, label in told_apart(found).items()}


def choose(source: DataSource, view: str) -> tuple[str, list[str]]:
    """Choose a market and one of its playlists; return the playlist's label and the SQL conditions of the choice.

    Playlists with the most rows come first.
    """
    left, right = st.columns(2)
    with left:
        market = sql.one_of(MARKET, filters.several(view, "Market", filters.values(source, view, MARKET)))
    ids = named(source, view)  # of all markets, so that a label does not depend on the chosen one
    of_market = set(source.ask(f"SELECT DISTINCT playlist_id AS id FROM {view} {sql.where(market)}")["id"])
    with right:
        shown = [label for label, id_ in ids.items() if id_ in of_market]
        playlist = st.selectbox("Playlist", shown, **filters.kept(view, "playlist"))
    return playlist or "", [sql.one_of("playlist_id", [ids.get(playlist or "", "")]), market]


def so_far(view: str, on_list: Sequence[str], week: date) -> str:
    """The CTE `so_far` of a chart's tracks up to a week, from weekly rows: track_id, peak, weeks."""
    until = f"week <= DATE '{week.isoformat()}'"
    return (
        "so_far AS (SELECT track_id, min(best_position) AS peak, count(DISTINCT week) AS weeks "
        f"FROM {view} {sql.where(*on_list, until)} GROUP BY track_id)"
    )
