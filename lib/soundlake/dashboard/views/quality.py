"""What became of the records: how many were taken, and what was wrong with those that were not."""

from __future__ import annotations

import streamlit as st

from soundlake.catalog.sql_text import literal
from soundlake.dashboard import answer, charts, filters, sql
from soundlake.dashboard.explain import explained
from soundlake.dashboard.source import DataSource

BATCHES, REJECTED = "ops_batches", "gold_data_quality"
_OUTCOMES = ("accepted", "duplicate", "stale", "rejected")


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("Data Quality")
    st.caption("Every record has one outcome: accepted, duplicate, stale (newer ones had overtaken it) or rejected.")
    with explained(source):
        _outcomes(source)
    with explained(source):
        _rejected(source)


def _outcomes(source: DataSource) -> None:
    sums = ", ".join(f"coalesce(sum({outcome}), 0) AS {outcome}" for outcome in ("read", *_OUTCOMES))
    totals = source.ask(f"SELECT {sums} FROM {BATCHES} WHERE query = 'refine'").iloc[0]
    with st.container(horizontal=True):
        for outcome in _OUTCOMES:
            share = totals[outcome] / totals["read"] if totals["read"] else 0
            st.metric(f"{outcome.capitalize()}, {share:.2%}", f"{int(totals[outcome]):,}", border=True, width=165)
    by_day = " UNION ALL ".join(
        f"SELECT CAST(started_at AS date) AS day, {literal(outcome)} AS outcome, sum({outcome}) AS records "
        f"FROM {BATCHES} WHERE query = 'refine' GROUP BY CAST(started_at AS date)"
        for outcome in _OUTCOMES
    )
    frame = source.ask(f"SELECT day, outcome, records FROM ({by_day}) AS d ORDER BY day, outcome")
    titles = {"day": "Day", "outcome": "Outcome", "records": "Records"}
    st.subheader("Outcomes by day of the batch")
    chart = charts.stacked(frame, "day", "records", "outcome", titles)
    answer.show("outcomes", frame, chart, titles, "Columns of records by day, a colour for each outcome")


def _rejected(source: DataSource) -> None:
    st.subheader("Rejected records")
    span = filters.days(source, REJECTED, "day", "Arrived")
    if span is None:
        st.success("No record has been rejected.", icon=":material/check_circle:")
        return
    left, right = st.columns(2)
    with left:
        reasons = filters.several(REJECTED, "Reason", filters.values(source, REJECTED, "reason"))
    with right:
        kinds = filters.several(REJECTED, "Kind", filters.values(source, REJECTED, "kind"))
    clause = sql.where(sql.between("day", span), sql.one_of("reason", reasons), sql.one_of("kind", kinds))
    counts = source.ask(
        f"SELECT reason, kind, sum(records) AS records FROM {REJECTED} {clause} "
        "GROUP BY reason, kind ORDER BY records DESC, reason, kind"
    )
    titles = {"reason": "Reason", "kind": "Kind", "records": "Records"}
    chart = None
    if len(counts):
        by_reason = counts.groupby("reason")["records"].sum().sort_values(ascending=False).reset_index()
        chart = charts.bars(by_reason, "records", "reason", {"reason": "Reason", "records": "Records"})
    answer.show("rejected", counts, chart, titles, "Bars of rejected records by reason")
    if counts.empty:
        return
    st.subheader("What was wrong with them")
    rows = source.ask(
        f"SELECT day, kind, reason, records, example, last_arrived_at FROM {REJECTED} {clause} "
        "ORDER BY day DESC, records DESC, kind, reason"
    )
    titles = {"day": "Day", "kind": "Kind", "reason": "Reason", "records": "Records", "example": "For example"}
    answer.show("rejected_by_day", rows, None, titles | {"last_arrived_at": "The last arrived (UTC)"}, is_open=True)
    st.caption("As of the last build_insights. The records themselves are in `silver_rejected`.")
