"""Clusters of tracks by sound: what each is like, how stable they are, and whether the model still fits."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from soundlake.dashboard import answer, charts, filters, links, periods, sql
from soundlake.dashboard.explain import explained, nothing
from soundlake.dashboard.radar import radar
from soundlake.dashboard.source import DataSource
from soundlake.tables import AUDIO_FEATURES

_FEATURES = [column.name for column in AUDIO_FEATURES]
_SHOWN = 4


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("Clusters")
    st.caption("Tracks that sound alike, grouped by KMeans on nine audio features.")
    with explained(source):
        overview = source.ask(
            "SELECT cluster, cluster_name, size, share, plays, mean_popularity, top_genre, "
            f"{', '.join(_FEATURES)} FROM gold_cluster_overview ORDER BY size DESC, cluster"
        )
        if overview.empty:
            nothing("There is no model yet: run train_clusters, then build_insights.")
            return
        known = filters.clusters(source)
        _sizes(overview, known)
        _profiles(overview, known)
    with explained(source):
        _drift(source)
    for part in (_examples, _of_track, _map, _choice, _mix):
        with explained(source):
            part(source)


def _sizes(overview: pd.DataFrame, known: list[str]) -> None:
    by = st.radio("Show", ["tracks", "plays", "popularity"], horizontal=True, **filters.kept("clusters-by"))
    value = {"tracks": "size", "plays": "plays", "popularity": "mean_popularity"}[by]
    titles = {"cluster_name": "Cluster", "size": "Tracks", "share": "Share", "plays": "Plays"}
    titles |= {"mean_popularity": "Mean popularity", "top_genre": "Top genre", **{name: name for name in _FEATURES}}
    shown = overview.sort_values(value, ascending=False)
    chart = charts.bars(shown, value, "cluster_name", titles, known=known)
    answer.show("clusters", shown, chart, titles, f"Bars of {by} of clusters")


def _profiles(overview: pd.DataFrame, known: list[str]) -> None:
    st.subheader("How they sound")
    chosen = filters.compared("gold_cluster_overview", "Cluster", overview["cluster_name"].tolist(), _SHOWN)
    if not chosen:
        return
    values = overview.set_index("cluster_name")[_FEATURES].astype(float)
    spread = (values.max() - values.min()).replace(0, 1)
    scaled = (0.08 + 0.92 * (values - values.min()) / spread).loc[chosen].reset_index()
    st.altair_chart(
        radar(scaled, _FEATURES, "cluster_name", known), width="content", alt="Radar of the features of clusters"
    )
    st.caption("The rim marks the cluster with the most of a feature, the centre the one with the least.")


def _drift(source: DataSource) -> None:
    drift = None if source.is_athena else source.drift()
    if drift is None:
        return
    told = f"{drift}."
    if drift.advises_training:
        st.warning(f"{told} The model no longer fits: run train_clusters.", icon=":material/trending_up:")
    else:
        st.caption(f"Drift: {told}")


def _examples(source: DataSource) -> None:
    st.subheader("Examples")
    frame = source.ask(
        "SELECT cluster_name, track_id, track_name, artist_id, artist_name, popularity, plays FROM ("
        "SELECT cluster_name, track_id, track_name, artist_id, artist_name, popularity, plays, row_number() OVER ("
        "PARTITION BY cluster ORDER BY plays DESC, popularity DESC, track_id) AS place FROM gold_tracks_wide "
        "WHERE cluster IS NOT NULL AND track_name IS NOT NULL) AS t WHERE place <= 20 ORDER BY cluster_name, place"
    )
    if frame.empty:
        nothing("No track has a cluster yet.")
        return
    cluster: str = st.selectbox("Cluster", frame["cluster_name"].drop_duplicates().tolist(), **filters.kept("cluster"))
    titles = {"track_name": "Track", "artist_name": "Artist", "plays": "Plays", "popularity": "Popularity"}
    of_cluster = frame[frame["cluster_name"] == cluster]
    answer.show("cluster_examples", of_cluster, None, titles, is_open=True)


def _of_track(source: DataSource) -> None:
    words = st.text_input("Which cluster has the track", placeholder="title or artist", **filters.kept("cluster-of"))
    if not words.strip():
        return
    frame = source.ask(
        "SELECT track_id, track_name, artist_id, artist_name, cluster_name, plays, popularity FROM gold_tracks_wide "
        f"{sql.where('track_name IS NOT NULL', sql.contains(words, 'track_name', 'artist_name'))} "
        "ORDER BY plays DESC, popularity DESC NULLS LAST, track_id LIMIT 100"
    )
    frame["cluster_name"] = frame["cluster_name"].fillna("none: it has no audio features")
    titles = {"track_name": "Track", "artist_name": "Artist", "cluster_name": "Cluster", "plays": "Plays"}
    titles |= {"popularity": "Popularity"}
    answer.show("cluster_of_track", frame, None, titles, is_open=True)


def _map(source: DataSource) -> None:
    st.subheader("Map")
    frame = source.ask(
        "SELECT p.x, p.y, p.cluster_name, p.track_id, p.track_name, p.artist_name FROM gold_cluster_map AS p "
        "JOIN gold_cluster_models AS m ON m.model_version = p.model_version WHERE m.is_current "
        "ORDER BY p.track_id LIMIT 2500"
    )
    titles = {"x": "First component", "y": "Second component", "cluster_name": "Cluster"}
    titles |= {"track_name": "Track", "artist_name": "Artist"}
    chart = charts.scatter(
        links.leading(frame, "track_name"), "x", "y", "cluster_name", titles, known=filters.clusters(source)
    )
    answer.show("cluster_map", frame, chart, titles, "Points of tracks in two dimensions, a colour for each cluster")
    axes = source.ask(
        "SELECT a.axis, a.feature, a.loading, a.share FROM gold_cluster_axes AS a "
        "JOIN gold_cluster_models AS m ON m.model_version = a.model_version WHERE m.is_current "
        "ORDER BY a.axis, a.feature"
    )
    for axis, direction in (("x", "right"), ("y", "up")):
        rows = axes[axes["axis"] == axis].sort_values("loading", key=abs, ascending=False)
        words = [
            f"{'more' if loading > 0 else 'less'} {feature}"
            for feature, loading in zip(rows["feature"][:3], rows["loading"][:3], strict=True)
        ]
        share = rows["share"].max()
        st.caption(f"Further {direction}: {', '.join(words)} ({share:.0%} of the variance).")


def _choice(source: DataSource) -> None:
    st.subheader("How many clusters?")
    frame = source.ask(
        "SELECT c.k, c.silhouette, c.inertia, c.stability, c.is_chosen FROM gold_cluster_choices AS c "
        "JOIN gold_cluster_models AS m ON m.model_version = c.model_version WHERE m.is_current ORDER BY c.k"
    )
    if frame.empty:
        st.info("`train.k` sets the number of clusters, so no other was tried.", icon=":material/pin:")
        return
    titles = {"k": "Number of clusters", "silhouette": "Silhouette", "inertia": "Inertia"}
    titles |= {"stability": "Stability (adjusted Rand index over seeds)", "is_chosen": "Chosen"}
    measures = ["silhouette", "inertia", "stability"]
    measure = st.radio("By", measures, horizontal=True, **filters.kept("clusters-judged-by"))
    chart = charts.curve(frame, "k", measure, "is_chosen", titles)
    answer.show("cluster_choice", frame, chart, titles, f"A curve of {measure} by number of clusters")
    st.caption("Chosen is the highest silhouette. Stability near 1: other seeds find the same groups.")


def _mix(source: DataSource) -> None:
    st.subheader("What is played, month by month")
    view = "gold_cluster_mix"
    span = filters.months(source, view)
    if span is None:
        nothing("Nothing has been played yet.")
        return
    frame = source.ask(
        f"SELECT month, cluster_name, plays, listeners, share_of_plays FROM {view} "
        f"{sql.where(sql.between('month', span))} ORDER BY month, cluster"
    )
    titles = {"month": "Month", "cluster_name": "Cluster", "plays": "Plays", "listeners": "Listeners"}
    titles |= {"share_of_plays": "Share of plays"}
    days = periods.extent(source, periods.PLAYS)
    drawn = periods.mark(frame[frame["plays"] > 0], "month", "month", days)  # other months had tracks on playlists only
    chart = charts.stacked(drawn, "month", "plays", "cluster_name", titles, share=True, known=filters.clusters(source))
    answer.show(
        "cluster_mix", frame, chart, titles, "Columns of the share of plays by month, a colour for each cluster"
    )
    periods.explain(drawn, "month", "month", days)
