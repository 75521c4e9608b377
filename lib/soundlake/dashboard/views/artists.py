"""Which artists are played most."""

from __future__ import annotations

import streamlit as st

from soundlake.dashboard import answer, charts, filters, links, periods, sql
from soundlake.dashboard.explain import explained, nothing
from soundlake.dashboard.labels import numbered, told_apart
from soundlake.dashboard.source import DataSource

VIEW = "gold_most_streamed_artists"
_ARTISTS = (
    f"(SELECT {sql.known_id('artist_id', 'artist_name')} AS id, artist_id, artist_name, "
    f"month, rank, plays, listeners, ms_played FROM {VIEW} {{clause}}) AS artists"
)
_TITLES = {"place": "Place", "artist_name": "Artist", "plays": "Plays", "hours": "Hours, as far as known"}
_BY = {
    "plays": "plays DESC, hours DESC NULLS LAST, artist_name",
    "hours": "hours DESC NULLS LAST, plays DESC, artist_name",
}


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("Most Streamed Artists")
    with explained(source):
        with filters.folded():
            span = filters.months(source, VIEW)
            if span is None:
                nothing("Nothing has been played yet.")
                return
            left, right = st.columns(2)
            with left:
                words = st.text_input("Artist", placeholder="any", **filters.kept("artist-words"))
            with right:
                by = st.radio("Order by", list(_BY), horizontal=True, **filters.kept("artist-order"))
                top = filters.how_many()
        clause = sql.where(sql.between("month", span), "artist_name IS NOT NULL", sql.contains(words, "artist_name"))
        frame = source.ask(
            "SELECT id, max(artist_id) AS artist_id, max(artist_name) AS artist_name, sum(plays) AS plays, "
            f"CAST(sum(ms_played) AS double) / 3600000 AS hours FROM {_ARTISTS.format(clause=clause)} "
            f"GROUP BY id ORDER BY {_BY[by]}, id LIMIT {top}"
        )
        names = told_apart(frame.rename(columns={"artist_name": "name"}))
        frame["place"] = range(1, len(frame) + 1)
        frame["shown"] = numbered(frame.assign(label=frame["id"].map(names)), "place", "label")
        chart = charts.bars(links.leading(frame, "artist_name"), by, "shown", _TITLES)
        words = f"Bars of the {by} of artists, the first on top"
        answer.show("most_streamed_artists", frame, chart, _TITLES, words)
        if len(frame) and span[0] != span[1]:
            _by_month(source, span, names)


def _by_month(source: DataSource, span: filters.Days, names: dict[str, str]) -> None:
    st.subheader("Month by month")
    chosen = filters.compared(VIEW, "Artist", list(names.values()))
    if not chosen:
        return
    titles = {"month": "Month", "artist_name": "Artist", "rank": "Rank", "plays": "Plays", "listeners": "Listeners"}
    ids = [one for one, name in names.items() if name in chosen]
    frame = source.ask(
        "SELECT month, id, max(artist_id) AS artist_id, min(rank) AS rank, sum(plays) AS plays, "
        "max(listeners) AS listeners "
        f"FROM {_ARTISTS.format(clause=sql.where(sql.between('month', span)))} {sql.where(sql.one_of('id', ids))} "
        "GROUP BY month, id ORDER BY month, id"
    )
    frame["artist_name"] = frame["id"].map(names)
    days = periods.extent(source, periods.PLAYS)
    drawn = periods.mark(links.leading(frame, "artist_name"), "month", "month", days)
    chart = charts.lines(drawn, "month", "plays", "artist_name", titles, order=chosen)
    answer.show("artists_by_month", frame, chart, titles, "Lines of the plays of artists by month")
    periods.explain(drawn, "month", "month", days)
