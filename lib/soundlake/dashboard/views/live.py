"""What the stream is doing: records a second, lag, batches, rejects. Refreshes by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from soundlake.dashboard import answer, charts, extract_now
from soundlake.dashboard.explain import explained
from soundlake.dashboard.source import DataSource

_SECONDS, _ATHENA_SECONDS = 2, 60  # between two looks; each look at Athena costs
_BATCHES = 60
_VERDICTS = ("accepted", "duplicate", "stale", "rejected")
_TITLES = {
    "batch_id": "Batch",
    "started_at": "Began (UTC)",
    "seconds": "Seconds",
    "read": "Records",
    "rate": "Records a second",
    **{verdict: verdict.capitalize() for verdict in _VERDICTS},
}


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("Live")
    seconds = _ATHENA_SECONDS if source.is_athena else _SECONDS
    st.caption(f"Looks again every {seconds} seconds.")
    extract_now.offer(source)

    @st.fragment(run_every=seconds)
    def look() -> None:
        with explained(source):
            _now(source)

    look()


def _now(source: DataSource) -> None:
    counts = ", ".join(_VERDICTS)
    frame = source.ask_now(
        f"SELECT batch_id, started_at, duration_ms, read, {counts} FROM ops_batches WHERE query = 'refine' "
        f"ORDER BY started_at DESC LIMIT {_BATCHES}"
    )
    if frame.empty:
        st.info("No batch has been done yet: start the stream.", icon=":material/hourglass_empty:")
        return
    frame["seconds"] = frame["duration_ms"] / 1000
    frame["rate"] = (frame["read"] / frame["seconds"].clip(lower=0.001)).round(1)
    totals = source.ask_now(
        "SELECT count(*) AS batches, sum(rejected) AS rejected FROM ops_batches WHERE query = 'refine'"
    )
    _measures(source, frame, totals.iloc[0])
    st.altair_chart(charts.pace(frame, "started_at", "rate", _TITLES), alt="Records a second of the newest batches")
    answer.show("batches", frame, None, _TITLES)


def _measures(source: DataSource, frame: pd.DataFrame, totals: pd.Series[Any]) -> None:
    newest = frame.iloc[0]
    ended = pd.Timestamp(newest["started_at"]) + pd.Timedelta(milliseconds=int(newest["duration_ms"]))
    behind = source.backlog()
    shown = {
        "Records a second": (f"{newest['rate']:,.0f}", "in the newest batch"),
        "Lag": ("unknown" if behind is None else f"{behind:,}", "records in bronze that are not refined yet"),
        "Last batch": (_ago(ended), f"time since it ended, at {ended:%Y-%m-%d %H:%M:%S} UTC"),
        "Batches": (f"{int(totals['batches']):,}", "since the lake began"),
        "Rejected": (f"{int(totals['rejected']):,}", "since the lake began"),
    }
    with st.container(horizontal=True):
        for label, (value, meaning) in shown.items():
            st.metric(label, value, help=meaning, border=True, width=165)


def _ago(moment: pd.Timestamp) -> str:
    at = moment.to_pydatetime()
    seconds = max(0, int((datetime.now(UTC) - (at if at.tzinfo else at.replace(tzinfo=UTC))).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
