"""An artist: plays, tracks, albums, charts, and what the same listeners hear."""

from __future__ import annotations

from functools import partial

import streamlit as st

from soundlake.dashboard import answer, charts, links, sql, thing
from soundlake.dashboard.explain import explained
from soundlake.dashboard.labels import numbered
from soundlake.dashboard.source import DataSource, Only

_WIDE = "gold_tracks_wide"
_MOST = 10


def show(source: DataSource) -> None:
    """Draw the page of the artist in the URL: `id`, or `name` where plays tell no more."""
    title = thing.titled("artist")
    with explained(source):
        called = st.query_params.get("name")
        artist = _known(source, called) if called else thing.chosen(source, thing.most_played("artist_id"))
        key, value = ("artist_id", artist) if artist else ("artist_name", called or "")
        this, only = sql.one_of(key, [value]), (_WIDE, key, value)
        row = source.ask(
            "SELECT max(artist_name) AS name, max(artist_popularity) AS popularity, max(genre) AS genre, "
            f"count(*) AS tracks FROM {_WIDE} {sql.where(this)}",
            only,
        ).iloc[0]
        name = row["name"] or called or artist or ""
        months = source.ask(_months(this, name))
        if not row["tracks"] and months.empty:
            thing.unknown("artist")
            return
        numbers = {"Plays": months["plays"].sum(), "Tracks known": row["tracks"], "Popularity": row["popularity"]}
        thing.head(title, "artist", artist or "", name, "", numbers | {"Genre": row["genre"]})
        thing.sections(
            source,
            partial(thing.plays, source, name, months),
            partial(_tracks, source, this, only),
            partial(_albums, source, this, only),
            partial(thing.chart_history, source, this),
            partial(_also, source, value),
        )


def _months(this: str, name: str) -> str:
    """Select the plays of an artist by month: those of its tracks, and those that tell no more than its name."""
    by_name = f"artist_id IS NULL AND {sql.one_of('artist_name', [name])}"
    return (
        "SELECT month AS starts_on, sum(plays) AS plays, max(listeners) AS listeners FROM gold_most_streamed_artists "
        f"{sql.where(f'({this}) OR ({by_name})')} GROUP BY month ORDER BY month"
    )


def _known(source: DataSource, name: str) -> str | None:
    """The id of an artist of this name, of several the one that is played most; None where none is known."""
    found = source.ask(
        f"SELECT artist_id AS id FROM {_WIDE} {sql.where(sql.one_of('artist_name', [name]), 'artist_id IS NOT NULL')} "
        "GROUP BY artist_id ORDER BY sum(plays) DESC, id LIMIT 1",
        (_WIDE, "artist_name", name),
    )
    return None if found.empty else str(found["id"][0])


def _tracks(source: DataSource, this: str, only: Only) -> None:
    frame = source.ask(
        f"SELECT track_id, track_name, album_id, album_name, plays, popularity FROM {_WIDE} "
        f"{sql.where(this, 'track_name IS NOT NULL')} "
        f"ORDER BY plays DESC NULLS LAST, popularity DESC NULLS LAST, track_id LIMIT {_MOST}",
        only,
    )
    if frame.empty:
        return
    thing.tracks("tracks_of_artist", frame, "album_name")


def _albums(source: DataSource, this: str, only: Only) -> None:
    frame = source.ask(
        "SELECT album_id, max(album_name) AS album_name, min(release_year) AS release_year, count(*) AS tracks, "
        f"sum(plays) AS plays FROM {_WIDE} {sql.where(this, 'album_id IS NOT NULL')} GROUP BY album_id "
        "ORDER BY release_year DESC NULLS LAST, plays DESC NULLS LAST, album_id LIMIT 100",
        only,
    )
    if frame.empty:
        return
    st.subheader("Albums")
    titles = {"album_name": "Album", "release_year": "Released", "tracks": "Tracks known", "plays": "Plays"}
    answer.show("albums_of_artist", frame, None, titles, is_open=True)


def _also(source: DataSource, artist: str) -> None:
    st.subheader("Listeners also like")
    frame = source.ask(sql.also_heard(artist, _MOST))
    if frame.empty:
        st.caption("No listener of it has heard anyone else, or there is only one listener.")
        return
    titles = {"rank": "Rank", "artist_name": "Artist", "similarity": "Similarity", "shared": "Listeners in common"}
    shown = links.leading(frame, "artist_name")
    shown["label"] = numbered(frame, "rank", "artist_name")
    chart = charts.bars(shown, "similarity", "label", titles)
    answer.show("also_like", frame, chart, titles, "Bars of similarity by artist")
    st.caption("By the listeners of both, as a share of those of either (cosine).")
