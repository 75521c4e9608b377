"""Which albums had the most entries on the playlists of a market in a year."""

from __future__ import annotations

import streamlit as st

from soundlake.dashboard import answer, charts, filters, links, sql
from soundlake.dashboard.explain import nothing
from soundlake.dashboard.labels import labels, numbered
from soundlake.dashboard.playlist import MARKET
from soundlake.dashboard.source import DataSource

_VIEW = "gold_album_frequency"
_YEAR = "CAST(extract(YEAR FROM starts_on) AS integer)"


def albums_of_year(source: DataSource) -> None:
    """Choose a market and a year, and see the albums."""
    monthly = sql.one_of("period", ["month"])  # weeks would count everything twice
    years = source.ask(f"SELECT DISTINCT {_YEAR} AS v FROM {_VIEW} {sql.where(monthly)} ORDER BY v DESC")["v"].tolist()
    if not years:
        nothing("No playlist has been seen yet.")
        return
    with filters.folded():
        left, right = st.columns(2)
        with left:
            markets = filters.several(f"{_VIEW}-year", "Market", filters.values(source, _VIEW, MARKET))
        with right:
            year = st.selectbox("Year", years, format_func=str, **filters.kept("year"))
        top = filters.how_many()
    clause = sql.where(monthly, f"{_YEAR} = {int(year)}", sql.one_of(MARKET, markets), "album_name IS NOT NULL")
    frame = source.ask(
        f"SELECT album_id, max(album_name) AS album_name, {sql.ARTIST} AS artist_name, "
        "max(artist_id) AS artist_id, sum(entries) AS entries, "
        "count(DISTINCT playlist_id) AS playlists, count(DISTINCT starts_on) AS months, min(rank) AS best "
        f"FROM {_VIEW} {clause} GROUP BY album_id ORDER BY entries DESC, album_id LIMIT {top}"
    )
    titles = {"place": "Place", "album_name": "Album", "artist_name": "Artist"}
    titles |= {"entries": "Places on playlists, over all days"}
    titles |= {"playlists": "Playlists", "months": "Months", "best": "Best rank in a month"}
    frame["place"] = range(1, len(frame) + 1)
    named = {"album_id": "id", "album_name": "name", "artist_name": "beside"}
    frame["label"] = labels(frame.rename(columns=named))
    frame["shown"] = numbered(frame, "place", "label")
    chart = charts.bars(links.leading(frame, "album_name"), "entries", "shown", titles)
    answer.show("albums_of_year", frame, chart, titles, f"Bars of the places that albums had in {year}")
