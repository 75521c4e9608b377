"""What rises and what falls: genres against four weeks ago, songs and artists against the week or month before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
import streamlit as st

from soundlake.dashboard import answer, charts, filters, links, periods, sql
from soundlake.dashboard.explain import nothing
from soundlake.dashboard.labels import numbered
from soundlake.dashboard.source import DataSource

_GENRES = "gold_genre_momentum"


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("What Rises")
    filters.question("Of", "of", _QUESTIONS, source)


def _genres(source: DataSource) -> None:
    st.caption("Shares of all plays in four weeks against the four weeks before; |z| above 3 is more than chance.")
    week = _newest(source, _GENRES, "week", "week", "")
    if week is None:
        nothing("Fewer than eight weeks have plays.")
        return
    origin = st.selectbox("Genre from", filters.values(source, _GENRES, "genre_source"), **filters.kept("genre-from"))
    frame = source.ask(
        "SELECT genre, 100 * (share - share_before) AS change, share, share_before, z, momentum, lasted, plays "
        f"FROM {_GENRES} {sql.where(sql.between('week', (week, week)), sql.one_of('genre_source', [origin]))} "
        "ORDER BY change DESC, genre"
    )
    titles = {"genre": "Genre", "change": "Change of its share, in percentage points", "share": "Share"}
    titles |= {"share_before": "Share before", "z": "z", "momentum": "Momentum", "lasted": "Lasted", "plays": "Plays"}
    gains, loses = (int((frame["momentum"] == word).sum()) for word in ("gaining", "losing"))
    st.caption(f"{gains} of {len(frame)} genres gain, {loses} lose.")
    chart = charts.bars(frame, "change", "genre", titles)
    answer.show("genre_momentum", frame, chart, titles, "Bars of the change of genres' shares, what gains on top")


def _songs(source: DataSource) -> None:
    _things(source, "gold_song_popularity", ["track_name", "artist_name"], {"track_name": "Track"})


def _artists(source: DataSource) -> None:
    _things(source, "gold_artist_popularity", ["artist_name"], {})


def _things(source: DataSource, view: str, names: list[str], more: dict[str, str]) -> None:
    with filters.folded():
        left, right = st.columns(2)
        with left:
            step = st.radio("Against the one before", ["week", "month"], horizontal=True, **filters.kept("against"))
            falls = st.toggle("What falls", **filters.kept("falls"))
        with right:
            when = _newest(source, view, "starts_on", step, sql.one_of("period", [step]))
            genres = filters.several(view, "Genre of the artist", filters.values(source, view, "genre"))
        top = filters.how_many()
    if when is None:
        nothing(f"Fewer than two {step}s have plays.")
        return
    days = periods.extent(source, periods.PLAYS)
    if days and periods.follows_unfinished(when, step, days):
        st.caption(
            f"The data begin on {days[0]}, so they do not cover the {step} before: a change against it says little."
        )
    clause = sql.where(
        sql.one_of("period", [step]),
        sql.between("starts_on", (when, when)),
        sql.one_of("genre", genres),
        f"plays_change {'<' if falls else '>'} 0",
        f"{names[0]} IS NOT NULL",
    )
    columns = [*names, "plays_change", "plays", "previous_plays", "listeners", "popularity", "genre"]
    is_song = names[0] == "track_name"
    ids = ["track_id", "artist_id"] if is_song else ["artist_id"]
    frame = source.ask(
        f"SELECT {', '.join([*columns, *ids])} FROM {view} {clause} "
        f"ORDER BY plays_change {'' if falls else 'DESC'}, plays DESC, {', '.join(names)} LIMIT {top}"
    )
    frame["place"] = range(1, len(frame) + 1)
    frame["shown"] = numbered(frame, "place", *names)
    titles = {"place": "Place", **more, "artist_name": "Artist", "plays_change": "Change of plays", "plays": "Plays"}
    titles |= {"previous_plays": f"Plays the {step} before", "listeners": "Listeners", "popularity": "Popularity"}
    titles |= {"genre": "Genre"}
    shown = links.leading(frame, names[0])
    chart = charts.bars(shown, "plays_change", "shown", titles)
    way = "lost" if falls else "gained"
    words = f"Bars of the plays that were {way}, most on top"
    answer.show(view.removeprefix("gold_"), frame, chart, titles, words)


def _newest(source: DataSource, view: str, column: str, step: str, condition: str) -> date | None:
    """Choose a week or month, by default the newest that the plays cover completely."""
    clause = sql.where(f"{column} IS NOT NULL", condition, "plays > 0")
    found = source.ask(f"SELECT DISTINCT {column} FROM {view} {clause} ORDER BY {column} DESC")
    marked = periods.mark(found, column, step, periods.extent(source, periods.PLAYS))
    starts = [pd.Timestamp(start).date() for start in marked[column]]
    is_partial = dict(zip(starts, marked.get(charts.UNFINISHED, [False] * len(starts)), strict=True))
    if not starts:
        return None
    form = "%Y-%m" if step == "month" else "%Y-%m-%d"
    label = step.capitalize() + (" from (Monday)" if step == "week" else "")
    chosen: date = st.selectbox(
        label,
        starts,
        index=periods.newest_whole(marked),
        format_func=lambda start: f"{start:{form}}{' (incomplete)' if is_partial[start] else ''}",
        **filters.kept(view, step),
    )
    return chosen


_QUESTIONS: dict[str, Callable[[DataSource], None]] = {"Songs": _songs, "Artists": _artists, "Genres": _genres}
