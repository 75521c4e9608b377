"""Comparison: two periods, two listeners or two charts side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pandas as pd
import streamlit as st

from soundlake.dashboard import answer, charts, filters, links, periods, sides, sql
from soundlake.dashboard.explain import nothing
from soundlake.dashboard.labels import counted, numbered
from soundlake.dashboard.moves import moves
from soundlake.dashboard.presets import PRESETS, Period, period
from soundlake.dashboard.source import DataSource
from soundlake.dashboard.views._two_charts import two_charts

Numbers: TypeAlias = dict[Any, Any]

_MOST = 10
_NONE = "1 = 0"


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("Comparison")
    filters.question("Compare", "compare", _QUESTIONS, source)


def _periods(source: DataSource) -> None:
    chosen = _period(source)
    if chosen is None:
        return
    now, before = chosen
    conditions = [now.condition, before.condition if before else _NONE]
    asked = [sides.numbers(2), sides.listeners(conditions), sides.artists(0, 1, 2 * _MOST)]
    numbers, listeners, frame = source.ask_all(asked, shared=sides.heard(conditions))
    rows = _by_side(numbers.merge(listeners, on="side"))
    _numbers(rows[0], rows[1] if before else None, {**sides.NUMBERS, "listeners": "Listeners"})
    titles = {"rank": "Rank", "artist_name": "Artist", "plays": "Plays"}
    if before:
        frame["move"] = moves(frame["rank"], frame["other_rank"])
        frame["change"] = frame["plays"] - frame["other_plays"].fillna(0).astype(int)
        titles |= {"move": "Move", "other_rank": "Rank before", "other_plays": "Plays before", "change": "Change"}
    st.subheader("Most played artists")
    _artists("compared_periods", frame, titles)


def _listeners(source: DataSource) -> None:
    with filters.folded():
        left, right = st.columns(2)
        with left:
            one = filters.listener(source, "First listener", "listener")
        with right:
            other = filters.listener(source, "Second listener", "other-listener", skip=one)
    chosen = _period(source)
    if one is None or other is None or chosen is None:
        nothing("Two listeners have to be chosen.")
        return
    now, before = chosen
    spans = (now.condition, before.condition if before else _NONE)
    conditions = [f"{sql.one_of('user_id', [user])} AND {span}" for span in spans for user in (one, other)]
    asked = [sides.numbers(4), sides.overlap(0, 1), sides.artists(0, 1, _MOST), sides.artists(1, 0, _MOST)]
    numbers, overlap, *artists = source.ask_all(asked, shared=sides.heard(conditions))
    shared, rows = overlap.iloc[0], _by_side(numbers)
    st.caption(f"They share {shared['shared']:,} of {counted(shared['either'], 'artist')} that either has played.")
    for place, (column, user) in enumerate(zip(st.columns(2), (one, other), strict=True)):
        with column:
            st.html(f"<h3>{links.anchor('listener', user, user)}</h3>")
            _numbers(rows[place], rows[place + 2] if before else None, sides.NUMBERS)
            frame = artists[place]
            titles = {"rank": "Rank", "artist_name": "Artist", "plays": "Plays"}
            titles |= {"other_rank": "Rank of the other", "other_plays": "Plays of the other"}
            _artists(f"artists_of_{user}", frame, titles)


def _period(source: DataSource) -> tuple[Period, Period | None] | None:
    """Choose a preset, and say which days it and the period before have."""
    preset = st.pills("Period", PRESETS, default=PRESETS[0], required=True, **filters.kept("period"))
    covered = periods.days_of(source, periods.PLAYS)
    if covered is None:
        nothing("Nothing has been played yet.")
        return None
    now, before = period(preset or PRESETS[0], covered)
    against = f"compared with {before}" if before else f"the data begin on {covered[0]}, so there is nothing before"
    st.caption(f"{now}, {against}." if preset != "all" else f"{now}.")
    return now, before


def _by_side(numbers: pd.DataFrame) -> dict[int, Numbers]:
    return {row["side"]: row for row in numbers.to_dict("records")}


def _numbers(now: Numbers, before: Numbers | None, shown: Mapping[str, str]) -> None:
    """Numbers, each with its change from the period before."""
    with st.container(horizontal=True):
        for name, label in shown.items():
            if pd.isna(now[name]):
                continue
            change = None
            if before is not None and pd.notna(before[name]):
                part = f" ({now[name] / before[name] - 1:+.0%})" if before[name] else ""
                change = f"{now[name] - before[name]:+,.0f}{part}"
            st.metric(label, f"{now[name]:,.0f}", change, border=True, width=150)


def _artists(name: str, frame: pd.DataFrame, titles: dict[str, str]) -> None:
    if frame.empty:
        st.caption("Nothing was played.")
        return
    shown = links.leading(frame, "artist_name")
    shown["label"] = numbered(frame, "rank", "artist_name")
    chart = charts.bars(shown, "plays", "label", titles)
    words = "Bars of plays by artist"
    answer.show(name, frame, chart, titles, words, is_open=True)


_QUESTIONS: dict[str, Callable[[DataSource], None]] = {
    "A period with the one before": _periods,
    "Two listeners": _listeners,
    "Two charts": two_charts,
}
