"""A track: its plays, its charts, its cluster, and what is near it."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from soundlake.dashboard import answer, charts, links, sql, thing
from soundlake.dashboard.explain import explained
from soundlake.dashboard.labels import numbered
from soundlake.dashboard.source import DataSource
from soundlake.errors import MissingTableError
from soundlake.tables import PLAYLIST_ITEMS

_WIDE = "gold_tracks_wide"
_NEAREST = 10


def show(source: DataSource) -> None:
    """Draw the page."""
    title = thing.titled("track")
    with explained(source):
        track = thing.chosen(source, thing.most_played("track_id"))
        found = source.ask(
            "SELECT track_name, artist_id, artist_name, album_id, album_name, release_year, popularity, plays, "
            f"listeners, genre, cluster_name FROM {_WIDE} {sql.where(sql.one_of('track_id', [track or '']))}",
            (_WIDE, "track_id", track or ""),
        )
        if track is None or found.empty:
            thing.unknown("track")
            return
        row = found.iloc[0]
        name = row["track_name"] or track
        by = links.anchor("artist", row["artist_id"], row["artist_name"])
        on = links.anchor("album", row["album_id"], row["album_name"])
        numbers = {"Plays": row["plays"], "Listeners": row["listeners"], "Popularity": row["popularity"]}
        numbers |= {"Cluster": row["cluster_name"], "Genre": row["genre"]}
        numbers |= {"Released": thing.released(row["release_year"])}
        thing.cover(source, row["album_id"], row["album_name"])
        thing.head(title, "track", track, name, f"by {by} · on {on}", numbers)
        this = sql.one_of("track_id", [track])
        thing.sections(
            source,
            partial(thing.plays_of_tracks, source, name, [track]),
            partial(thing.chart_history, source, this, is_track=True),
            partial(_sounds_like, source, track),
            partial(_heard_together, source, track),
        )


def _sounds_like(source: DataSource, track: str) -> None:
    st.subheader("Sounds like it")
    frame = source.ask(
        "SELECT r.rank, r.similar_track_id AS track_id, t.track_name, t.artist_id, t.artist_name, r.similarity, "
        f"t.cluster_name FROM gold_similar_tracks AS r LEFT JOIN {_WIDE} AS t ON t.track_id = r.similar_track_id "
        f"{sql.where(sql.one_of('r.track_id', [track]))} ORDER BY r.rank LIMIT {_NEAREST}",
        ("gold_similar_tracks", "track_id", track),
    )
    _near("sounds_like", frame, "It has no audio features.")


def _heard_together(source: DataSource, track: str) -> None:
    st.subheader("Heard together with it")
    asked = (
        "SELECT r.rank, r.track_id, t.track_name, t.artist_id, t.artist_name, r.similarity, t.cluster_name "
        f"FROM ({sql.heard_together(track, _NEAREST)}) AS r LEFT JOIN {_WIDE} AS t ON t.track_id = r.track_id "
        "ORDER BY r.rank"
    )
    try:
        frame = source.ask(asked)
    except MissingTableError as error:
        if error.tables != (PLAYLIST_ITEMS.view,):  # without playlists, listeners tell
            raise
        frame = pd.DataFrame()
    _near("heard_together", frame, "No listener or playlist has it, or there is only one.")


def _near(name: str, frame: pd.DataFrame, otherwise: str) -> None:
    if frame.empty:
        st.caption(otherwise)
        return
    titles = {"rank": "Rank", "track_name": "Track", "artist_name": "Artist", "similarity": "Similarity"}
    titles |= {"cluster_name": "Cluster"}
    shown = links.leading(frame, "track_name")
    shown["label"] = numbered(frame, "rank", "track_name", "artist_name")
    chart = charts.bars(shown, "similarity", "label", titles)
    answer.show(name, frame, chart, titles, "Bars of similarity by track")
