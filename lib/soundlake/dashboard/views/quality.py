"""What became of the records: how many were taken, and what was wrong with those that were not."""

from __future__ import annotations

import streamlit as st

from soundlake.dashboard import answer, charts, filters, sql
from soundlake.dashboard.explain import explained
from soundlake.dashboard.source import DataSource

BATCHES, REJECTED = "ops_batches", "gold_data_quality"
_VERDICTS = ("accepted", "duplicate", "stale", "rejected")


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("Data Quality")
    st.caption("Every record gets one verdict: accepted, duplicate, stale (newer ones had overtaken it) or rejected.")
    with explained(source):
        _verdicts(source)
    with explained(source):
        _rejected(source)


def _verdicts(source: DataSource) -> None:
    sums = ", ".join(f"coalesce(sum({verdict}), 0) AS {verdict}" for verdict in ("read", *_VERDICTS))
    totals = source.ask(f"SELECT {sums} FROM {BATCHES} WHERE query = 'refine'").iloc[0]
    with st.container(horizontal=True):
        for verdict in _VERDICTS:
            share = totals[verdict] / totals["read"] if totals["read"] else 0
            st.metric(f"{verdict.capitalize()}, {share:.2%}", f"{int(totals[verdict]):,}", border=True, width=165)
    by_day = " UNION ALL ".join(
        f"SELECT CAST(started_at AS date) AS day, {sql.text(verdict)} AS verdict, sum({verdict}) AS records "
        f"FROM {BATCHES} WHERE query = 'refine' GROUP BY CAST(started_at AS date)"
        for verdict in _VERDICTS
    )
    frame = source.ask(f"SELECT day, verdict, records FROM ({by_day}) AS d ORDER BY day, verdict")
    titles = {"day": "Day", "verdict": "Verdict", "records": "Records"}
    st.subheader("Verdicts by day of the batch")
    chart = charts.stacked(frame, "day", "records", "verdict", titles)
    answer.show("verdicts", frame, chart, titles, "Columns of records by day, a colour for each verdict")


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
