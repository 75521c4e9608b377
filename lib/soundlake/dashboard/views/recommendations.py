"""What a listener may like next and what sounds like a track, each with its reason. Nothing is played."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from soundlake.dashboard import answer, charts, filters, links, sql
from soundlake.dashboard.explain import nothing, plain
from soundlake.dashboard.labels import numbered
from soundlake.dashboard.source import DataSource

_MOST_LISTED = 1000
_TOGETHER = 20
_NAMED = "t.track_id, t.track_name, t.artist_id, t.artist_name"
_NAMES = "LEFT JOIN gold_tracks_wide AS t ON t.track_id = r.{id}"


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("Recommendations")
    filters.question("For", "for", _QUESTIONS, source)


def _for_listener(source: DataSource) -> None:
    words = st.text_input("Listener's id has", placeholder="any", **filters.kept("listener-words"))
    users = source.ask(
        f"SELECT DISTINCT user_id FROM gold_recommendations {sql.where(sql.contains(words, 'user_id'))} "
        f"ORDER BY user_id LIMIT {_MOST_LISTED}"
    )["user_id"].tolist()
    if not users:
        nothing("No such listener has recommendations.")
        return
    user = st.selectbox("Listener", users, **filters.kept("listener"))
    titles = {"rank": "Rank", "track_name": "Track", "artist_name": "Artist", "reason": "Why", "score": "Score"}
    titles |= {"genre": "Genre", "cluster_name": "Cluster"}
    frame = source.ask(
        f"SELECT r.rank, {_NAMED}, r.reason, r.score, t.genre, t.cluster_name "
        "FROM gold_recommendations AS r "
        f"{_NAMES.format(id='track_id')} {sql.where(sql.one_of('r.user_id', [user]))} ORDER BY r.rank",
        ("gold_recommendations", "user_id", user),
    )
    _ranked("recommendations", frame, "score", titles)


def _like_track(source: DataSource) -> None:
    words = st.text_input("Track or artist has", placeholder="any", **filters.kept("track-words"))
    clause = sql.where("track_name IS NOT NULL", sql.contains(words, "track_name", "artist_name"))
    known = source.ask(
        "SELECT track_id, track_name, artist_name, plays, listeners, cluster_name, release_year "
        f"FROM gold_tracks_wide {clause} "
        f"ORDER BY plays DESC, popularity DESC, track_id LIMIT {_MOST_LISTED}"
    )
    if known.empty:
        nothing("No such track is known.")
        return
    labels = {
        track: f"{name} – {artist or 'unknown'}"
        for track, name, artist in zip(known["track_id"], known["track_name"], known["artist_name"], strict=True)
    }
    track = st.selectbox("Track", list(labels), format_func=labels.__getitem__, **filters.kept("track"))
    of_track = known.set_index("track_id").loc[track]
    st.markdown(_what_is_known(of_track))
    titles = {"rank": "Rank", "track_name": "Track", "artist_name": "Artist", "similarity": "Similarity"}
    more = {"genre": "Genre", "cluster_name": "Cluster"}
    if pd.notna(of_track["cluster_name"]):
        st.subheader("Sounds like it")
        st.caption("Nearest by the nine audio features; similarity is 1 / (1 + distance).")
        frame = source.ask(
            f"SELECT r.rank, {_NAMED}, r.similarity, r.distance, t.genre, t.cluster_name "
            f"FROM gold_similar_tracks AS r {_NAMES.format(id='similar_track_id')} "
            f"{sql.where(sql.one_of('r.track_id', [track]))} ORDER BY r.rank",
            ("gold_similar_tracks", "track_id", track),
        )
        _ranked("similar_tracks", frame, "similarity", titles | {"distance": "Distance"} | more)
    st.subheader("Heard together with it")
    st.caption("By the listeners and playlists that have both, as a share of those that have either (cosine).")
    together = source.ask(
        f"SELECT r.rank, {_NAMED}, r.similarity, r.shared, t.genre, t.cluster_name "
        f"FROM ({sql.heard_together(track, _TOGETHER)}) AS r {_NAMES.format(id='track_id')} ORDER BY r.rank"
    )
    _ranked("heard_together", together, "similarity", titles | {"shared": "In common"} | more)


def _what_is_known(track: pd.Series[Any]) -> str:
    """Describe a row of gold_tracks_wide, even where most of it is null."""
    plays, listeners = (int(track[name]) if pd.notna(track[name]) else 0 for name in ("plays", "listeners"))
    heard = f"{plays:,} plays by {listeners:,} listeners" if plays else "No plays yet"
    year = f", released in {int(track['release_year'])}" if pd.notna(track["release_year"]) else ""
    if pd.isna(track["cluster_name"]):
        return f"{heard}{year}. It has no audio features."
    return f"{heard}{year}. It is in the cluster **{plain(str(track['cluster_name']))}**."


def _playlists(source: DataSource) -> None:
    kinds = filters.several("gold_curated_playlists", "Kind", filters.values(source, "gold_curated_playlists", "kind"))
    lists = source.ask(
        "SELECT playlist, min(playlist_name) AS name, min(rule) AS rule FROM gold_curated_playlists "
        f"{sql.where(sql.one_of('kind', kinds))} GROUP BY playlist ORDER BY name, playlist"
    )
    if lists.empty:
        nothing("There is no such playlist.")
        return
    named = lists.set_index("playlist")
    playlist = st.selectbox(
        "Playlist",
        lists["playlist"].tolist(),
        format_func=lambda one: str(named["name"][one]),
        **filters.kept("curated"),
    )
    st.caption(f"Rule: {named['rule'][playlist]}")
    titles = {"rank": "Rank", "track_name": "Track", "artist_name": "Artist", "score": "Score", "genre": "Genre"}
    frame = source.ask(
        f"SELECT r.rank, {_NAMED}, r.score, t.genre FROM gold_curated_playlists AS r "
        f"{_NAMES.format(id='track_id')} {sql.where(sql.one_of('r.playlist', [playlist]))} ORDER BY r.rank",
        ("gold_curated_playlists", "playlist", playlist),
    )
    _ranked("curated_playlist", frame, "score", titles)


def _ranked(name: str, frame: pd.DataFrame, value: str, titles: dict[str, str]) -> None:
    if frame.empty:
        nothing("Nothing is recommended here yet.")
        return
    frame["shown"] = numbered(frame, "rank", "track_name", "artist_name")
    leading = links.leading(frame.head(30), "track_name")
    chart = charts.bars(leading, value, "shown", titles)
    answer.show(name, frame, chart, titles, f"Bars of {titles[value].lower()} by track", is_open=True)


_QUESTIONS: dict[str, Callable[[DataSource], None]] = {
    "A listener": _for_listener,
    "A track": _like_track,
    "Curated playlists": _playlists,
}
