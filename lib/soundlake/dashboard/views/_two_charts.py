"""Two charts, often of two markets, side by side in one week."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from soundlake.dashboard import answer, filters, periods, sql
from soundlake.dashboard.explain import nothing, plain
from soundlake.dashboard.labels import counted
from soundlake.dashboard.links import anchor
from soundlake.dashboard.moves import moves
from soundlake.dashboard.playlist import named, so_far
from soundlake.dashboard.source import DataSource

_VIEW = "gold_top_tracks"


def two_charts(source: DataSource) -> None:
    """Choose two charts and a week that both have, and see the tracks of each with its place on the other."""
    ids = named(source, _VIEW)
    names = list(ids)
    if len(names) < 2:
        nothing("Fewer than two charts are known.")
        return
    with filters.folded():
        left, right = st.columns(2)
        one = left.selectbox("First chart", names, **filters.kept("first-chart"))
        other = right.selectbox("Second chart", [name for name in names if name != one], **filters.kept("second-chart"))
        both = sql.one_of("playlist_id", [ids[one], ids[other]])
        weeks = source.ask(
            f"SELECT week FROM {_VIEW} {sql.where(both)} GROUP BY week HAVING count(DISTINCT playlist_id) = 2 "
            "ORDER BY week DESC"
        )["week"]
        if weeks.empty:
            nothing("These charts have no week in common.")
            return
        days = [pd.Timestamp(week).date() for week in weeks]
        week = st.selectbox("Week from (Monday)", days, format_func=str, **filters.kept("week-of-both"))
    here, there = (
        source.ask(listed(sql.one_of("playlist_id", [ids[mine]]), sql.one_of("playlist_id", [ids[others]]), week))
        for mine, others in ((one, other), (other, one))
    )
    shared = int(here["other_rank"].notna().sum())
    on_both = f"{counted(shared, 'track')} {'is' if shared == 1 else 'are'} on both"
    st.caption(f"{on_both}: {shared / len(here):.0%} of {plain(one)}, {shared / len(there):.0%} of {plain(other)}.")
    periods.explain_week(source, week, [both])
    titles = {"rank": "Rank", "other_rank": "Other", "move": "Move", "track_name": "Track", "artist_name": "Artist"}
    titles |= {"peak": "Peak", "weeks": "Weeks"}
    for column, name, frame in zip(st.columns(2), (one, other), (here, there), strict=True):
        with column:
            st.html(f"<h3>{anchor('playlist', ids[name], name)}</h3>")
            frame["move"] = moves(frame["rank"], frame["previous_rank"], frame["weeks"])
            answer.show(f"chart_{name}", frame, None, titles, is_open=True)


def listed(mine: str, others: str, week: date) -> str:
    """Select a chart's own list in a week, each track with its rank on another, its peak and weeks so far."""
    then = sql.between("week", (week, week))
    return (
        f"WITH {so_far(_VIEW, [mine], week)}, "
        f"there AS (SELECT track_id, min(rank) AS other_rank FROM {_VIEW} {sql.where(others, then)} GROUP BY track_id) "
        "SELECT c.rank, c.previous_rank, c.track_id, c.track_name, c.artist_id, c.artist_name, t.other_rank, "
        f"s.peak, s.weeks FROM {_VIEW} AS c JOIN so_far AS s ON s.track_id = c.track_id "
        f"LEFT JOIN there AS t ON t.track_id = c.track_id {sql.where(mine, then)} ORDER BY c.rank"
    )
