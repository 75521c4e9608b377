"""Which albums of the last five years are the most popular."""

from __future__ import annotations

import streamlit as st

from soundlake.dashboard import answer, charts, filters, links, sql
from soundlake.dashboard.explain import explained, nothing
from soundlake.dashboard.labels import numbered
from soundlake.dashboard.source import DataSource

VIEW = "gold_top_albums"
_BY = {"popularity": "score DESC, rank", "plays": "plays DESC, rank"}
_TITLES = {
    "place": "Place",
    "album_name": "Album",
    "artist_name": "Artist",
    "album_type": "Type",
    "label": "Label",
    "release_date": "Released",
    "score": "Popularity",
    "plays": "Plays",
    "tracks_known": "Tracks known",
}


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("Top Albums")
    st.caption("The most popular albums of the five years up to the newest release in the lake.")
    with explained(source):
        with filters.folded():
            released = filters.days(source, VIEW, "release_date", "Released")
            if released is None:
                nothing("No album of the last five years is known yet.")
                return
            left, right = st.columns(2)
            with left:
                types = filters.several(VIEW, "Type", filters.values(source, VIEW, "album_type"))
                words = st.text_input("Album or artist", placeholder="any", **filters.kept("album-words"))
            with right:
                by = st.radio("Order by", list(_BY), horizontal=True, **filters.kept("album-order"))
                top = filters.how_many()
        clause = sql.where(
            sql.between("release_date", released),
            sql.one_of("album_type", types),
            sql.contains(words, "album_name", "artist_name"),
        )
        frame = source.ask(
            "SELECT album_id, album_name, artist_id, artist_name, album_type, label, release_date, score, plays, "
            "tracks_known "
            f"FROM {VIEW} {clause} ORDER BY {_BY[by]} LIMIT {top}"
        )
        frame["place"] = range(1, len(frame) + 1)
        frame["shown"] = numbered(frame, "place", "album_name", "artist_name", unknown="several artists")
        value = "score" if by == "popularity" else "plays"
        chart = charts.bars(links.leading(frame, "album_name"), value, "shown", _TITLES)
        words = f"Bars of the {by} of albums, the first on top"
        answer.show("top_albums", frame, chart, _TITLES, words)
