"""An artist: plays, tracks, albums, charts, and what the same listeners hear."""

from __future__ import annotations

from functools import partial

import streamlit as st

from soundlake.dashboard import answer, charts, links, sql, thing
from soundlake.dashboard.explain import explained
from soundlake.dashboard.labels import numbered
from soundlake.dashboard.source import DataSource

_WIDE = "gold_tracks_wide"
_MOST = 10


def show(source: DataSource) -> None:
    """Draw the page."""
    title = thing.titled("artist")
    with explained(source):
        artist = thing.chosen(source, thing.most_played("artist_id"))
        this = sql.one_of("artist_id", [artist or ""])
        found = source.ask(
            "SELECT max(artist_name) AS name, max(artist_popularity) AS popularity, max(genre) AS genre, "
            f"sum(plays) AS plays, count(*) AS tracks FROM {_WIDE} {sql.where(this)}",
            (_WIDE, "artist_id", artist or ""),
        )
        row = found.iloc[0]
        if artist is None or not row["tracks"]:
            thing.unknown("artist")
            return
        name = row["name"] or artist
        numbers = {"Plays": row["plays"], "Tracks known": row["tracks"], "Popularity": row["popularity"]}
        thing.head(title, "artist", artist, name, "", numbers | {"Genre": row["genre"]})
        select = "SELECT starts_on, sum(plays) AS plays, max(listeners) AS listeners FROM gold_artist_popularity"
        thing.sections(
            source,
            partial(thing.plays, source, name, select, this),
            partial(_tracks, source, artist, this),
            partial(_albums, source, artist, this),
            partial(thing.chart_history, source, this),
            partial(_also, source, artist),
        )


def _tracks(source: DataSource, artist: str, this: str) -> None:
    frame = source.ask(
        f"SELECT track_id, track_name, album_id, album_name, plays, popularity FROM {_WIDE} "
        f"{sql.where(this, 'track_name IS NOT NULL')} "
        f"ORDER BY plays DESC NULLS LAST, popularity DESC NULLS LAST, track_id LIMIT {_MOST}",
        (_WIDE, "artist_id", artist),
    )
    thing.tracks("tracks_of_artist", frame, "album_name")


def _albums(source: DataSource, artist: str, this: str) -> None:
    st.subheader("Albums")
    frame = source.ask(
        "SELECT album_id, max(album_name) AS album_name, min(release_year) AS release_year, count(*) AS tracks, "
        f"sum(plays) AS plays FROM {_WIDE} {sql.where(this, 'album_id IS NOT NULL')} GROUP BY album_id "
        "ORDER BY release_year DESC NULLS LAST, plays DESC NULLS LAST, album_id LIMIT 100",
        (_WIDE, "artist_id", artist),
    )
    titles = {"album_name": "Album", "release_year": "Released", "tracks": "Tracks known", "plays": "Plays"}
    answer.show("albums_of_artist", frame, None, titles, is_open=True)


def _also(source: DataSource, artist: str) -> None:
    st.subheader("Listeners also like")
    frame = source.ask(sql.also_heard(artist, _MOST))
    if frame.empty:
        st.caption("No listener of it has heard anyone else.")
        return
    titles = {"rank": "Rank", "artist_name": "Artist", "similarity": "Similarity", "shared": "Listeners in common"}
    shown = links.leading(frame, "artist_name")
    shown["label"] = numbered(frame, "rank", "artist_name")
    chart = charts.bars(shown, "similarity", "label", titles)
    answer.show("also_like", frame, chart, titles, "Bars of similarity by artist")
    st.caption("By the listeners of both, as a share of those of either (cosine).")
