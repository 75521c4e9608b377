"""An album: its tracks, their plays and charts."""

from __future__ import annotations

from functools import partial

import streamlit as st

from soundlake.dashboard import answer, charts, links, sql, thing
from soundlake.dashboard.explain import explained
from soundlake.dashboard.labels import labels
from soundlake.dashboard.source import DataSource

_WIDE = "gold_tracks_wide"


def show(source: DataSource) -> None:
    """Draw the page."""
    title = thing.titled("album")
    with explained(source):
        album = thing.chosen(source, thing.most_played("album_id"))
        frame = source.ask(
            "SELECT track_id AS id, track_name AS name, artist_name AS beside, artist_id, album_name, "
            f"album_popularity, release_year, plays, popularity FROM {_WIDE} "
            f"{sql.where(sql.one_of('album_id', [album or '']))} ORDER BY plays DESC NULLS LAST, name, id",
            (_WIDE, "album_id", album or ""),
        )
        if album is None or frame.empty:
            thing.unknown("album")
            return
        row, name = frame.iloc[0], frame["album_name"].dropna().max() or album
        by = f"by {links.anchor('artist', row['artist_id'], row['beside'])}"
        numbers = {"Plays": frame["plays"].sum(), "Tracks known": len(frame), "Popularity": row["album_popularity"]}
        thing.head(title, "album", album, name, by, numbers | {"Released": str(row["release_year"]).removesuffix(".0")})
        tracks = sql.one_of("track_id", frame["id"])
        select = "SELECT starts_on, sum(plays) AS plays FROM gold_song_popularity"
        titles = {"name": "Track", "beside": "Artist", "plays": "Plays", "popularity": "Popularity"}
        st.subheader("Tracks")
        shown = links.leading(frame, "track", "id", "name")
        shown["label"] = labels(frame)
        named = {"name": ("track", "id"), "beside": links.ARTIST}
        answer.show(
            "tracks_of_album",
            frame,
            charts.bars(shown, "plays", "label", titles),
            titles,
            "Bars of plays by track",
            links=named,
        )
        thing.sections(
            source,
            partial(thing.plays, source, name, select, tracks),
            partial(thing.chart_history, source, tracks),
        )
