"""A playlist: what is on it, how long and how high, and how much of it is new each week."""

from __future__ import annotations

from functools import partial

import streamlit as st

from soundlake.dashboard import answer, charts, links, periods, sql, thing
from soundlake.dashboard.explain import explained
from soundlake.dashboard.labels import numbered
from soundlake.dashboard.source import DataSource

_VIEW = "gold_chart_tracks"
_SHOWN = 20
_FIRST = f"SELECT playlist_id AS id FROM {_VIEW} GROUP BY playlist_id ORDER BY count(*) DESC, id LIMIT 1"


def show(source: DataSource) -> None:
    """Draw the page."""
    title = thing.titled("playlist")
    with explained(source):
        playlist = thing.chosen(source, _FIRST)
        this = sql.one_of("playlist_id", [playlist or ""])
        row = source.ask(
            "SELECT max(playlist_name) AS name, max(market) AS market, count(*) AS tracks, max(last_on) AS last_on, "
            f"sum(CASE WHEN on_chart THEN 1 ELSE 0 END) AS now FROM {_VIEW} {sql.where(this)}"
        ).iloc[0]
        if playlist is None or not row["tracks"]:
            thing.unknown("playlist")
            return
        market = f"market {row['market']}" if isinstance(row["market"], str) else ""
        numbers = {"Tracks now": row["now"], "Tracks ever": row["tracks"], "Last seen": f"{row['last_on']:%Y-%m-%d}"}
        thing.head(title, "playlist", playlist, row["name"] or playlist, market, numbers)
        thing.sections(source, partial(_now, source, this), partial(_new, source, this))


def _now(source: DataSource, this: str) -> None:
    st.subheader("On it now")
    titles = {"last_position": "Position", "track_name": "Track", "artist_name": "Artist", "peak_position": "Peak"}
    titles |= {"weeks": "Weeks", "days": "Days on it", "entry_position": "Entered at", "first_on": "First on"}
    frame = source.ask(
        f"SELECT {', '.join(titles)}, track_id, artist_id FROM {_VIEW} {sql.where(this, 'on_chart')} "
        "ORDER BY last_position, track_id"
    )
    if frame.empty:
        st.caption("Nothing is on it now.")
        return
    shown = links.leading(frame.head(_SHOWN), "track_name")
    shown["label"] = numbered(shown, "last_position", "track_name", "artist_name")
    chart = charts.bars(shown, "days", "label", titles)
    answer.show("on_playlist", frame, chart, titles, "Bars of the days that tracks are on it", is_open=True)


def _new(source: DataSource, this: str) -> None:
    st.subheader("How much is new")
    week = "CAST(date_trunc('week', snapshot_date) AS date)"
    frame = source.ask(
        f"SELECT {week} AS week, 'new' AS part, sum(entered) AS entered, count(*) AS snapshots "
        f"FROM gold_playlist_turnover {sql.where(this, 'turnover IS NOT NULL')} GROUP BY {week} ORDER BY week"
    )
    titles = {"week": "Week", "entered": "New tracks", "snapshots": "Snapshots"}
    days = periods.extent(source, periods.SNAPSHOTS, [this])
    drawn = periods.mark(frame, "week", "week", days)
    chart = charts.lines(drawn, "week", "entered", "part", titles)
    answer.show("new_on_playlist", frame, chart, titles, "A line of the tracks that were new by week")
    periods.explain(drawn, "week", "week", days)
