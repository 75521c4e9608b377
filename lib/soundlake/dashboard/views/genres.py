"""How popular each genre is in each month, and how much it is played."""

from __future__ import annotations

import streamlit as st

from soundlake.dashboard import answer, charts, filters, periods, sql
from soundlake.dashboard.explain import explained, nothing
from soundlake.dashboard.source import DataSource

VIEW = "gold_genre_popularity"
_MEASURES = {
    "plays": "Plays",
    "listeners": "Listeners",
    "avg_popularity": "Mean popularity, 0 to 100",
    "tracks_observed": "Tracks observed",
}
_OF_PLAYS = ("plays", "listeners")
_MEANS = ("avg_popularity",)


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("Genres over Time")
    st.caption("An artist of several genres counts in each of them.")
    with explained(source):
        with filters.folded():
            span = filters.months(source, VIEW)
            if span is None:
                nothing("No genre is known yet: genres come with artists.")
                return
            left, right = st.columns(2)
            with left:
                measure = st.selectbox(
                    "Measure", list(_MEASURES), format_func=_MEASURES.__getitem__, **filters.kept("measure")
                )
            with right:
                origin = st.selectbox(
                    "Genre from", filters.values(source, VIEW, "genre_source"), **filters.kept("genre-from")
                )
            within = [sql.between("month", span), sql.one_of("genre_source", [origin])]
            largest = source.ask(
                f"SELECT genre, sum({measure}) AS total FROM {VIEW} {sql.where(*within)} "
                f"GROUP BY genre ORDER BY total DESC NULLS LAST, genre"
            )["genre"].tolist()
            genres = filters.compared(f"{VIEW}-{origin}", "Genre", largest)
        if not genres:
            return
        frame = source.ask(
            f"SELECT month, genre, {', '.join(_MEASURES)} FROM {VIEW} "
            f"{sql.where(*within, sql.one_of('genre', genres))} ORDER BY month, genre"
        )
        titles = {"month": "Month", "genre": "Genre", **_MEASURES}
        # A month in which none of them has a value is a gap in what was seen, not a fall to nothing.
        seen = frame.groupby("month")[measure].transform("sum") > 0
        drawn = frame[seen].dropna(subset=[measure])
        fewest = source.settings.dashboard.min_n
        days = periods.extent(source, periods.PLAYS) if measure in _OF_PLAYS else None
        if measure in _MEANS:
            drawn = drawn[drawn["tracks_observed"] >= fewest]
        drawn = periods.mark(drawn, "month", "month", days)
        chart = charts.lines(drawn, "month", measure, "genre", titles, order=genres) if len(drawn) else None
        answer.show("genres", frame, chart, titles, f"Lines of {_MEASURES[measure]} of genres by month")
        periods.explain(drawn, "month", "month", days)
        if measure in _MEANS:
            st.caption(f"Only means of at least {fewest} tracks are drawn (`dashboard.min_n`).")
