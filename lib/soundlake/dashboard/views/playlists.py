"""Charts and other playlists: who is on them, who comes and goes, and how they differ between markets."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from soundlake.dashboard import answer, charts, filters, links, periods, sql
from soundlake.dashboard.explain import nothing
from soundlake.dashboard.labels import numbered, told_apart
from soundlake.dashboard.moves import moves
from soundlake.dashboard.playlist import choose, so_far
from soundlake.dashboard.source import DataSource
from soundlake.dashboard.views._albums_of_year import albums_of_year
from soundlake.dashboard.views._playlist_changes import overlap, turnover


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("Charts")
    st.caption("Playlists, day by day: charts are playlists too.")
    filters.question("Question", "question", _QUESTIONS, source)


def _top_tracks(source: DataSource) -> None:
    view = "gold_top_tracks"
    with filters.folded():
        playlist, on_list = choose(source, view)
        known = source.ask(f"SELECT DISTINCT week FROM {view} {sql.where(*on_list)} ORDER BY week DESC")
        if known.empty:
            nothing("This playlist has no week yet.")
            return
        left, right = st.columns(2)
        weeks = [pd.Timestamp(week).date() for week in known["week"]]
        with left:
            week = st.selectbox("Week from (Monday)", weeks, format_func=str, **filters.kept("week"))
        with right:
            genres = filters.several(view, "Genre of the artist", filters.values(source, view, "genre"))
        top = filters.how_many(default=20)
    titles = {
        "rank": "Rank",
        "move": "Move",
        "track_name": "Track",
        "artist_name": "Artist",
        "previous_rank": "Last week",
        "peak": "Peak so far",
        "weeks": "Weeks so far",
        "album_name": "Album",
        "genre": "Genre",
        "points": "Points",
        "best_position": "Best position in the week",
        "snapshots": "Days on it",
        "streams": "Streams",
    }
    columns = [name for name in titles if name not in ("move", "peak", "weeks")] + ["track_id", "artist_id", "album_id"]
    frame = source.ask(
        f"WITH {so_far(view, on_list, week)} SELECT {', '.join(f'c.{name}' for name in columns)}, s.peak, s.weeks "
        f"FROM {view} AS c JOIN so_far AS s ON s.track_id = c.track_id "
        f"{sql.where(*on_list, sql.between('week', (week, week)), sql.one_of('genre', genres))} "
        f"ORDER BY rank LIMIT {top}"
    )
    frame["move"] = moves(frame["rank"], frame["previous_rank"], frame["weeks"])
    frame["shown"] = numbered(frame, "rank", "track_name", "artist_name")
    chart = charts.bars(links.leading(frame, "track_name"), "points", "shown", titles)
    words = "Bars of the points of tracks in a week, the first on top"
    answer.show("top_tracks", frame, chart, titles, words, is_open=True)
    if len(frame):
        st.caption("Points: for each day of the week 50 for the top of fifty places, down to 1 for the last.")
        periods.explain_week(source, week, on_list)
        _ranks(source, view, on_list, frame, f"{view}-{playlist}-{week}")


def _ranks(source: DataSource, view: str, on_list: list[str], top: pd.DataFrame, place: str) -> None:
    st.subheader("Rank, week by week")
    known = top.dropna(subset=["track_name"]).drop_duplicates("track_id")
    names = told_apart(known.rename(columns={"track_id": "id", "track_name": "name", "artist_name": "beside"}))
    chosen = filters.compared(place, "Track", list(names.values()))
    if not chosen:
        return
    titles = {"week": "Week", "track_name": "Track", "rank": "Rank", "mean_position": "Mean position"}
    ids = [one for one, name in names.items() if name in chosen]
    frame = source.ask(
        f"SELECT week, track_id, min(rank) AS rank, min(mean_position) AS mean_position FROM {view} "
        f"{sql.where(*on_list, sql.one_of('track_id', ids))} GROUP BY week, track_id ORDER BY week, track_id"
    )
    frame["track_name"] = frame["track_id"].map(names)
    days = periods.extent(source, periods.SNAPSHOTS, on_list)
    drawn = periods.mark(links.leading(frame, "track_name"), "week", "week", days)
    chart = charts.lines(drawn, "week", "rank", "track_name", titles, reverse=True, order=chosen)
    answer.show("ranks", frame, chart, titles, "Lines of the ranks of tracks by week, rank 1 on top")
    periods.explain(drawn, "week", "week", days)


def _artists(source: DataSource) -> None:
    _appearances(source, "gold_artist_appearances", "artist_name", "Artist", {"trend": "Trend", "change": "Change"})


def _albums(source: DataSource) -> None:
    _appearances(source, "gold_album_frequency", "album_name", "Album", {"artist_name": "Artist", "share": "Share"})


def _appearances(source: DataSource, view: str, name: str, title: str, more: dict[str, str]) -> None:
    """How many tracks an artist or an album has on a playlist on an average day of each week or month."""
    with filters.folded():
        playlist, on_list = choose(source, view)
        left, right = st.columns(2)
        with left:
            period = st.radio("By", ["week", "month"], horizontal=True, **filters.kept("by"))
        with right:
            words = st.text_input(title, placeholder="any", **filters.kept(view, "words"))
        span = filters.weeks(source, view, "starts_on", "From")
        if span is None:
            nothing("This playlist has no period yet.")
            return
    clause = [
        *on_list,
        sql.one_of("period", [period]),
        sql.between("starts_on", span),
        sql.contains(words, name),
    ]
    id_ = f"{title.lower()}_id"
    largest = source.ask(
        f"SELECT {id_} AS id, max({name}) AS name, max(artist_name) AS beside, sum(entries) AS entries FROM {view} "
        f"{sql.where(*clause, f'{name} IS NOT NULL')} GROUP BY {id_} ORDER BY entries DESC, name, id LIMIT 50"
    )
    names = told_apart(largest)
    chosen = filters.compared(f"{view}-{playlist}-{period}", title, list(names.values()))
    if not chosen:
        return
    titles = {
        "starts_on": f"{period.capitalize()} from",
        name: title,
        "tracks_per_snapshot": "Tracks on an average day",
    }
    titles |= {"tracks": "Tracks", "entries": "Entries", "rank": "Rank", **more}
    ids = [one for one, label in names.items() if label in chosen]
    columns = ", ".join(dict.fromkeys([*titles, id_, "artist_id"]))
    frame = source.ask(
        f"SELECT {columns} FROM {view} {sql.where(*clause, sql.one_of(id_, ids))} ORDER BY starts_on, rank"
    )
    frame[name] = frame[id_].map(names)
    days = periods.extent(source, periods.SNAPSHOTS, on_list)
    drawn = periods.mark(links.leading(frame, name), "starts_on", period, days)
    chart = charts.lines(drawn, "starts_on", "tracks_per_snapshot", name, titles, order=chosen)
    answer.show(view.removeprefix("gold_"), frame, chart, titles, f"Lines of tracks on the playlist by {period}")
    periods.explain(drawn, "starts_on", period, days)


def _entries(source: DataSource) -> None:
    view = "gold_chart_entries"
    with filters.folded():
        _, on_list = choose(source, view)
        span = filters.days(source, view, "snapshot_date", "Days")
        if span is None:
            nothing("This playlist has no entries yet.")
            return
        kinds = filters.several(view, "Kind of entry", ["new", "re-entry", "first snapshot"], ["new", "re-entry"])
    titles = {
        "snapshot_date": "Day",
        "entry": "Entry",
        "position": "Position",
        "track_name": "Track",
        "artist_name": "Artist",
        "left_on": "Last seen before",
        "snapshots_away": "Days away",
    }
    clause = sql.where(
        *on_list,
        sql.between("snapshot_date", span),
        sql.one_of("entry", kinds),
    )
    counts = source.ask(
        f"SELECT CAST(date_trunc('week', snapshot_date) AS date) AS week, entry, count(*) AS entries "
        f"FROM {view} {clause} "
        "GROUP BY CAST(date_trunc('week', snapshot_date) AS date), entry ORDER BY week, entry"
    )
    labels = {"week": "Week", "entry": "Entry", "entries": "Entries"}
    days = periods.extent(source, periods.SNAPSHOTS, on_list)
    drawn = periods.mark(counts, "week", "week", days)
    chart = charts.stacked(drawn, "week", "entries", "entry", labels)
    answer.show("entries_by_week", counts, chart, labels, "Columns of entries by week, a colour for each kind")
    periods.explain(drawn, "week", "week", days)
    if len(counts):
        st.subheader("The newest entries")
        newest = (
            f"SELECT {', '.join(titles)}, track_id, artist_id FROM {view} {clause} "
            "ORDER BY snapshot_date DESC, position LIMIT 500"
        )
        answer.show("chart_entries", source.ask(newest), None, titles, is_open=True)


def _longest(source: DataSource) -> None:
    view = "gold_chart_tracks"
    with filters.folded():
        _, on_list = choose(source, view)
        left, right = st.columns(2)
        with left:
            genres = filters.several(view, "Genre of the artist", filters.values(source, view, "genre"))
            still_there = st.toggle("Only tracks that are on it now", **filters.kept("still-there"))
        with right:
            words = st.text_input("Track or artist", placeholder="any", **filters.kept(view, "words"))
            top = filters.how_many(default=20)
    titles = {
        "track_name": "Track",
        "artist_name": "Artist",
        "days": "Days on it",
        "weeks": "Weeks",
        "entry_position": "Entered at",
        "peak_position": "Peak",
        "peak_on": "Peak on",
        "re_entries": "Re-entries",
        "first_on": "First on",
        "last_on": "Last on",
        "streams": "Streams",
    }
    clause = sql.where(
        *on_list,
        sql.one_of("genre", genres),
        sql.contains(words, "track_name", "artist_name"),
        "on_chart" if still_there else "",
    )
    frame = source.ask(
        f"SELECT {', '.join(titles)}, track_id, artist_id FROM {view} {clause} "
        f"ORDER BY days DESC, peak_position, track_name LIMIT {top}"
    )
    frame["place"] = range(1, len(frame) + 1)
    frame["shown"] = numbered(frame, "place", "track_name", "artist_name")
    chart = charts.bars(links.leading(frame, "track_name"), "days", "shown", titles)
    words = "Bars of the days that tracks were on the playlist"
    answer.show("chart_tracks", frame, chart, titles, words)


_QUESTIONS: dict[str, Callable[[DataSource], None]] = {
    "Top tracks": _top_tracks,
    "Artists": _artists,
    "Albums": _albums,
    "Albums of a year": albums_of_year,
    "New entries": _entries,
    "Longest on the chart": _longest,
    "Turnover": turnover,
    "Between markets": overlap,
}
