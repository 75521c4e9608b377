"""How playlists change from day to day, and how those of two markets differ."""

from __future__ import annotations

import streamlit as st

from soundlake.dashboard import answer, charts, filters, links, periods, sql
from soundlake.dashboard.explain import nothing
from soundlake.dashboard.labels import told_apart
from soundlake.dashboard.playlist import named
from soundlake.dashboard.source import DataSource


def turnover(source: DataSource) -> None:
    """How much of each playlist is new, week by week."""
    view = "gold_playlist_turnover"
    with filters.folded():
        span = filters.days(source, view, "snapshot_date", "Days")
        ids = named(source, view, "turnover IS NOT NULL")
        if span is None or not ids:
            nothing("No playlist has two days yet.")
            return
        chosen = filters.compared(view, "Playlist", list(ids), 4)
    if not chosen:
        return
    labels = {ids[label]: label for label in chosen}
    these = sql.one_of("playlist_id", labels)
    frame = source.ask(
        "SELECT CAST(date_trunc('week', snapshot_date) AS date) AS week, playlist_id, "
        "CAST(sum(entered) AS double) / sum(tracks) AS turnover, count(*) AS snapshots, sum(entered) AS entered, "
        f"sum(left_behind) AS left_behind FROM {view} "
        f"{sql.where(sql.between('snapshot_date', span), these, 'turnover IS NOT NULL')} "
        "GROUP BY CAST(date_trunc('week', snapshot_date) AS date), playlist_id ORDER BY week, playlist_id"
    )
    frame["playlist"] = frame["playlist_id"].map(labels)
    titles = {"week": "Week", "playlist": "Playlist", "turnover": "Share of new tracks in a snapshot"}
    titles |= {"snapshots": "Snapshots", "entered": "Entered", "left_behind": "Left"}
    days = periods.extent(source, periods.SNAPSHOTS, [these])
    drawn = periods.mark(links.leading(frame, "playlist", links.PLAYLISTS), "week", "week", days)
    chart = charts.lines(drawn, "week", "turnover", "playlist", titles, order=chosen)
    answer.show("turnover", frame, chart, titles, "Lines of the turnover of playlists by week", links=links.PLAYLISTS)
    periods.explain(drawn, "week", "week", days)


def overlap(source: DataSource) -> None:
    """How much of a playlist is on those of other markets, day by day."""
    view = "gold_market_overlap"
    with filters.folded():
        span = filters.days(source, view, "snapshot_date", "Days")
        ids = named(source, view)
        playlists = sorted(ids)
        if span is None or not playlists:
            nothing("No two playlists of different markets were seen on one day yet.")
            return
        japan = next((i for i, name in enumerate(playlists) if "japan" in name.lower()), 0)
        playlist = st.selectbox("Playlist", playlists, index=japan, **filters.kept("overlap-playlist"))
    frame = source.ask(
        "SELECT snapshot_date, coalesce(other_playlist_name, other_playlist_id) AS name, other_market AS beside, "
        f"other_playlist_id, shared, tracks, share, jaccard FROM {view} "
        f"{sql.where(sql.one_of('playlist_id', [ids[playlist]]), sql.between('snapshot_date', span))} "
        "ORDER BY snapshot_date, name, other_playlist_id"
    )
    others = frame.rename(columns={"other_playlist_id": "id"}).drop_duplicates("id", keep="last")
    frame["other"] = frame["other_playlist_id"].map(told_apart(others))
    titles = {"snapshot_date": "Day", "other": "Other playlist", "share": "Share of tracks that are on both"}
    titles |= {"shared": "Shared tracks", "tracks": "Tracks", "jaccard": "Jaccard"}
    leads = {"other": ("playlist", "other_playlist_id")}
    chart = charts.lines(links.leading(frame, "other", leads), "snapshot_date", "share", "other", titles)
    words = f"Lines of the share of {playlist} that other playlists have too"
    answer.show("market_overlap", frame, chart, titles, words, links=leads)
