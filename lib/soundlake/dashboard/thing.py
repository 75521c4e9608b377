"""What the pages of tracks, artists, albums and playlists share: which thing, its head, its plays and its charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, urlsplit

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from soundlake.dashboard import answer, charts, links, periods, sql
from soundlake.dashboard.drawn import readable
from soundlake.dashboard.explain import explained, nothing, plain
from soundlake.dashboard.labels import told_apart
from soundlake.dashboard.links import PLAYLISTS
from soundlake.dashboard.playlist import named
from soundlake.dashboard.source import DataSource
from soundlake.errors import MissingTableError
from soundlake.tables import ALBUMS

_SPOTIFY = "https://open.spotify.com"
_COVER = 160  # pixels


def chosen(source: DataSource, select: str) -> str | None:
    """The id in the URL; without one, the `id` of the first row of a SELECT."""
    if id_ := st.query_params.get("id"):
        return id_
    found = source.ask(select)
    return None if found.empty else str(found["id"][0])


def most_played(column: str) -> str:
    """Select the id of what is played most."""
    return (
        f"SELECT {column} AS id FROM gold_tracks_wide WHERE {column} IS NOT NULL "
        f"GROUP BY {column} ORDER BY sum(plays) DESC NULLS LAST, id LIMIT 1"
    )


def sections(source: DataSource, *parts: Callable[[], None]) -> None:
    """Draw the parts of a page; one that fails says so, the others are drawn."""
    for part in parts:
        with explained(source):
            part()


def titled(thing: str) -> DeltaGenerator:
    """Draw the title of a page before its thing is known; give its place to `head`."""
    title = st.empty()
    title.title(thing.capitalize())
    return title


def head(title: DeltaGenerator, thing: str, id_: str, name: str, words: str, numbers: Mapping[str, object]) -> None:
    """Draw a thing's name, a line of HTML about it with a link to Spotify, and its numbers that are known.

    `id_` is empty where only the name is known.
    """
    title.title(plain(name))
    link = id_ and f'<a href="{_SPOTIFY}/{thing}/{quote(id_, safe="")}" rel="noopener noreferrer">Open in Spotify</a>'
    if words or link:
        st.html(" · ".join(part for part in (words, link) if part))
    with st.container(horizontal=True):
        for label, number in numbers.items():
            if pd.notna(number):  # type: ignore[call-overload]  # any scalar
                shown = f"{number:,.0f}" if isinstance(number, int | float) else str(number)
                st.metric(label, shown, border=True, width="content")


def cover(source: DataSource, album: str | None, name: str | None) -> None:
    """Show an album's cover, where a record had its address and the operator allows the host that has it."""
    if not source.settings.dashboard.cover_hosts or not album:
        return
    asked = f"SELECT cover_url FROM {ALBUMS.view} {sql.where(sql.one_of('album_id', [album]), 'cover_url IS NOT NULL')}"
    try:
        found = source.ask(asked, (ALBUMS.view, "album_id", album))
    except MissingTableError:
        return
    if len(found) and _is_allowed(source, found["cover_url"][0]):
        st.image(found["cover_url"][0], width=_COVER, alt=f"Cover of {name or album}")


def _is_allowed(source: DataSource, address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "https" and parts.netloc in source.settings.dashboard.cover_hosts


def released(year: float | None) -> str | None:
    """The year of a release as text, where it is known."""
    return None if pd.isna(year) else f"{year:.0f}"


def unknown(thing: str) -> None:
    """Say that there is no such thing."""
    nothing(f"No such {thing} is known.")


def plays_of_tracks(source: DataSource, name: str, tracks: Sequence[str]) -> None:
    """Draw the plays of tracks by month."""
    asked = (
        "SELECT month AS starts_on, sum(plays) AS plays, count(DISTINCT user_id) AS listeners FROM gold_weekly_plays "
        f"{sql.where(sql.one_of('track_id', tracks))} GROUP BY month ORDER BY month"
    )
    plays(source, name, source.ask(asked, ("gold_weekly_plays", "track_id", tuple(tracks))))


def plays(source: DataSource, name: str, frame: pd.DataFrame) -> None:
    """Draw the plays of a thing by month: `starts_on`, `plays` and `listeners` of the months with plays, in order."""
    st.subheader("Plays by month")
    if frame.empty:
        st.caption("It has not been played.")
        return
    starts = pd.date_range(frame["starts_on"].min(), frame["starts_on"].max(), freq="MS")
    filled = frame.set_index("starts_on").reindex(starts, fill_value=0).rename_axis("starts_on").reset_index()
    titles = {"starts_on": "Month", "plays": "Plays", "listeners": "Listeners"}
    days = periods.extent(source, periods.PLAYS)
    drawn = periods.mark(filled.assign(all="all"), "starts_on", "month", days)
    chart = charts.lines(drawn, "starts_on", "plays", "all", titles)
    answer.show("plays_by_month", filled, chart, titles, f"A line of the plays of {name} by month")
    periods.explain(drawn, "starts_on", "month", days)


def tracks(name: str, frame: pd.DataFrame, beside: str) -> None:
    """List tracks with bars of their plays; the column `beside` tells those of one name apart."""
    st.subheader("Tracks")
    titles = {"track_name": "Track", beside: readable(beside), "plays": "Plays", "popularity": "Popularity"}
    named = told_apart(frame.rename(columns={"track_id": "id", "track_name": "name", beside: "beside"}))
    shown = links.leading(frame, "track_name").assign(label=frame["track_id"].map(named))
    is_played = bool(frame["plays"].sum())
    chart = charts.bars(shown, "plays", "label", titles) if is_played else None
    answer.show(name, frame, chart, titles, "Bars of plays by track", is_open=not is_played)


def chart_history(source: DataSource, condition: str, *, is_track: bool = False) -> None:
    """List the charts that tracks were on, with peak and weeks; for one track also its rank by week."""
    st.subheader("On charts")
    titles = {"track_name": "Track", "playlist_name": "Chart", "market": "Market", "peak_position": "Peak"}
    titles |= {"peak_on": "Peak on", "weeks": "Weeks", "days": "Days", "entry_position": "Entered at"}
    titles |= {"first_on": "First on", "last_on": "Last on", "re_entries": "Re-entries"}
    frame = source.ask(
        f"SELECT {', '.join(titles)}, track_id, playlist_id FROM gold_chart_tracks {sql.where(condition)} "
        "ORDER BY peak_position, weeks DESC, days DESC, playlist_name, track_id LIMIT 100"
    )
    if frame.empty:
        st.caption("It was on no chart.")
        return
    if is_track:
        _ranks(source, condition)
        titles.pop("track_name")
    answer.show("on_charts", frame, None, titles, is_open=True)


def _ranks(source: DataSource, condition: str) -> None:
    frame = source.ask(
        f"SELECT week, playlist_id, min(rank) AS rank FROM gold_top_tracks {sql.where(condition)} "
        "GROUP BY week, playlist_id ORDER BY week, playlist_id"
    )
    labels = {id_: label for label, id_ in named(source, "gold_top_tracks", condition).items()}
    frame["playlist"] = frame["playlist_id"].map(labels)
    most = frame["playlist"].value_counts().index[: charts.MOST_COLOURS]
    frame = frame[frame["playlist"].isin(most)].reset_index(drop=True)
    titles = {"week": "Week", "playlist": "Chart", "rank": "Rank"}
    days = periods.extent(source, periods.SNAPSHOTS)
    drawn = periods.mark(links.leading(frame, "playlist", PLAYLISTS), "week", "week", days)
    chart = charts.lines(drawn, "week", "rank", "playlist", titles, reverse=True)
    words = "Lines of its ranks on charts by week, rank 1 on top"
    answer.show("ranks_by_week", frame, chart, titles, words, links=PLAYLISTS)
    periods.explain(drawn, "week", "week", days)
    st.caption("The rank of a week is by the points of all its days, the peak by the best of them.")
