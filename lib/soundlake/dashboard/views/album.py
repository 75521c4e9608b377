"""An album: its tracks, their plays and charts."""

from __future__ import annotations

from functools import partial

from soundlake.dashboard import links, sql, thing
from soundlake.dashboard.explain import explained
from soundlake.dashboard.source import DataSource

_WIDE = "gold_tracks_wide"


def show(source: DataSource) -> None:
    """Draw the page."""
    title = thing.titled("album")
    with explained(source):
        album = thing.chosen(source, thing.most_played("album_id"))
        frame = source.ask(
            "SELECT track_id, track_name, artist_id, artist_name, album_name, album_popularity, release_year, plays, "
            f"popularity FROM {_WIDE} {sql.where(sql.one_of('album_id', [album or '']))} "
            "ORDER BY plays DESC NULLS LAST, track_name, track_id",
            (_WIDE, "album_id", album or ""),
        )
        if album is None or frame.empty:
            thing.unknown("album")
            return
        row, name = frame.iloc[0], frame["album_name"].dropna().max() or album
        by = f"by {links.anchor('artist', row['artist_id'], row['artist_name'])}"
        numbers = {"Plays": frame["plays"].sum(), "Tracks known": len(frame), "Popularity": row["album_popularity"]}
        thing.cover(source, album, name)
        thing.head(title, "album", album, name, by, numbers | {"Released": thing.released(row["release_year"])})
        tracks = sql.one_of("track_id", frame["track_id"])
        thing.tracks("tracks_of_album", frame, "artist_name")
        thing.sections(
            source,
            partial(thing.plays_of_tracks, source, name, frame["track_id"].tolist()),
            partial(thing.chart_history, source, tracks),
        )
