"""Where the tracks of each chart will stand a week later, and the error of past forecasts."""

from __future__ import annotations

import streamlit as st

from soundlake.dashboard import answer, charts, filters, links, sql
from soundlake.dashboard.explain import explained, nothing
from soundlake.dashboard.labels import numbered
from soundlake.dashboard.playlist import named
from soundlake.dashboard.source import DataSource

VIEW, ERRORS = "gold_chart_forecasts", "gold_forecast_errors"
_TITLES = {
    "track_name": "Track",
    "artist_name": "Artist",
    "position": "Place now",
    "forecast_position": "Place in a week",
    "gain": "Places gained",
    "survival": "Probability to be on the chart",
    "weeks_on_chart": "Weeks on the chart",
}
_ORDERS = {
    "what climbs": "gain DESC, position, track_id",
    "what falls": "gain, position, track_id",
    "place in a week": "forecast_position, position, track_id",
    "what will leave": "survival, position, track_id",
}


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("Forecasts")
    with explained(source):
        _forecasts(source)
    with explained(source):
        _errors(source)


def _forecasts(source: DataSource) -> None:
    known = source.ask(
        "SELECT playlist_id, max(observed_on) AS observed_on, max(forecast_for) AS forecast_for, "
        f"max(method) AS method, max(error) AS error FROM {VIEW} GROUP BY playlist_id"
    )
    ids = named(source, VIEW, market="CAST(NULL AS varchar)")
    if not ids:
        nothing("No chart has a forecast: that takes several weeks of daily snapshots.")
        return
    with filters.folded():
        left, right = st.columns(2)
        with left:
            chart_name = st.selectbox("Chart", list(ids), **filters.kept("chart"))
            order = st.radio("Order by", list(_ORDERS), horizontal=True, **filters.kept("forecast-order"))
        with right:
            words = st.text_input("Track or artist", placeholder="any", **filters.kept("forecast-words"))
            top = filters.how_many()
    chosen = known.set_index("playlist_id").loc[ids[chart_name]]
    st.caption(
        f"From the snapshot of {chosen['observed_on']:%Y-%m-%d} for {chosen['forecast_for']:%Y-%m-%d}, by: "
        f"{chosen['method']}. Such forecasts were wrong by {chosen['error']:.1f} places on average."
    )
    clause = sql.where(sql.one_of("playlist_id", [ids[chart_name]]), sql.contains(words, "track_name", "artist_name"))
    frame = source.ask(
        "SELECT track_id, track_name, artist_name, position, forecast_position, position - forecast_position AS gain, "
        f"survival, weeks_on_chart FROM {VIEW} {clause} ORDER BY {_ORDERS[order]} LIMIT {top}"
    )
    frame["shown"] = numbered(frame, "position", "track_name", "artist_name")
    value = {"place in a week": "forecast_position", "what will leave": "survival"}.get(order, "gain")
    if value == "gain" and not frame["gain"].any():
        st.caption("None of them is forecast to change its place: the bars are the probability to be on the chart.")
        value = "survival"
    chart = charts.bars(links.leading(frame, "track_name"), value, "shown", _TITLES)
    words = f"Bars of {_TITLES[value].lower()} of tracks"
    answer.show("chart_forecasts", frame, chart, _TITLES, words)


def _errors(source: DataSource) -> None:
    st.subheader("How wrong were they?")
    frame = source.ask(
        f"SELECT measure, method, error, low, high, forecasts, weeks, is_published FROM {ERRORS} "
        f"WHERE judged_at = (SELECT max(judged_at) FROM {ERRORS}) ORDER BY measure, error, method"
    )
    titles = {"measure": "Measure", "method": "Method", "error": "Error", "low": "At least (95 %)"}
    titles |= {"high": "At most (95 %)", "forecasts": "Forecasts", "weeks": "Weeks", "is_published": "In use"}
    answer.show("forecast_errors", frame, None, titles, is_open=True)
    st.caption(
        "Each forecast used only what was known at the time. Position: mean absolute error in places; survival: Brier "
        "score, 0 is perfect. A method is used only where it beats the baselines."
    )
