"""A listener's year: how much, when, what most and what new; a page to print and a picture to keep."""

from __future__ import annotations

from datetime import date
from itertools import product

import pandas as pd
import streamlit as st

from soundlake.dashboard import answer, charts, filters, links, periods, sample
from soundlake.dashboard.drawn import WEEKDAYS
from soundlake.dashboard.explain import explained, nothing, plain
from soundlake.dashboard.labels import numbered
from soundlake.dashboard.listener import Heard, heard
from soundlake.dashboard.poster import poster
from soundlake.dashboard.save import print_style, save_buttons
from soundlake.dashboard.source import DataSource
from soundlake.dashboard.year_facts import facts

_NUMBERS = {
    "plays": "Plays",
    "hours": "Hours known",
    "tracks": "Tracks",
    "artists": "Artists",
    "new_artists": "New artists",
    "days": "Days with music",
}


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("A Year in Music")
    print_style()
    with explained(source):
        with filters.folded():
            user = filters.listener(source)
            if user is None:
                nothing("No such listener has played anything.")
                return
            everything = heard(source, user)
            years = [int(year) for year in reversed(everything.totals["year"].tolist())]
            if not years:
                nothing("This listener has played no tracks.")
                return
            has_come = next((place for place, year in enumerate(years) if year <= periods.tomorrow().year), 0)
            year = st.selectbox("Year", years, index=has_come, **filters.kept("year-of"))
        of_year = everything.of(year)
        st.header(f"{plain(user)} in {year}")
        days = periods.extent(source, periods.PLAYS)
        _numbers(of_year, everything.of(year - 1), days)
        st.html(f"<ul>{''.join(f'<li>{fact}</li>' for fact in facts(of_year))}</ul>")
        _months(of_year, everything.ends["heard_at"].min(), days)
        _hours(of_year)
        for title, thing, frame in (
            ("Most played tracks", "track", of_year.tracks),
            ("Most played artists", "artist", of_year.artists),
            ("Most played albums", "album", of_year.albums),
            ("New artists", "artist", of_year.discoveries if year > min(years) else pd.DataFrame()),
        ):
            _most(title, thing, frame)
        st.subheader("To share")
        picture = poster(of_year, user, year, is_made_up=sample.is_shown(source))
        save_buttons(picture, f"{user}-{year}")


def _numbers(of_year: Heard, before: Heard, days: periods.Extent | None) -> None:
    """The numbers, each with its change against the year before where that had plays."""
    now, then = (one.totals.assign(hours=one.totals["minutes"] / 60) for one in (of_year, before))
    with st.container(horizontal=True):
        for name, label in _NUMBERS.items():
            value, old = now[name][0], then[name][0] if len(then) else None
            if pd.isna(value) or (name == "new_artists" and _are_all_new(now)):
                continue
            if name == "new_artists" and len(then) and _are_all_new(then):
                old = None
            change = round(value - old) if pd.notna(old) else None
            st.metric(label, f"{value:,.0f}", change, border=True, width=150)
    if len(then):
        year = int(then["year"][0])
        st.caption(f"The arrows show the change from {year}{_covered(year, days)}.")


def _are_all_new(totals: pd.DataFrame) -> bool:
    """Whether every artist of a year is new, as in the first."""
    return bool(totals["new_artists"][0] == totals["artists"][0])


def _covered(year: int, days: periods.Extent | None) -> str:
    """What a comparison of a year with the next has to know: where the data begin within it, or end within the next."""
    if days is None:
        return ""
    begins = [f"begin on {days[0]}"] if days[0] > date(year, 1, 1) else []
    ends = [f"end on {days[1]}"] if days[1] < date(year + 1, 12, 31) else []
    return f"; the data {' and '.join(begins + ends)}" if begins or ends else ""


def _months(of_year: Heard, since: pd.Timestamp, days: periods.Extent | None) -> None:
    st.subheader("Month by month")
    frame = of_year.months.assign(again=of_year.months["plays"] - of_year.months["new_tracks"])
    frame["rate"] = frame["new_tracks"] / frame["plays"]
    starts = pd.date_range(f"{frame['year'][0]}-01-01", periods=12, freq="MS")
    filled = frame.set_index("month").reindex(starts, fill_value=0).rename_axis("month").reset_index()
    parts = {"again": "played again", "new_tracks": "first play"}
    drawn = filled.melt("month", list(parts), "part", "n").assign(part=lambda rows: rows["part"].map(parts))
    titles = {"month": "Month", "part": "Of a track", "n": "Plays"}
    drawn = periods.mark(drawn, "month", "month", days)
    chart = charts.stacked(drawn, "month", "n", "part", titles)
    columns = {"month": "Month", "plays": "Plays", "minutes": "Minutes, as far as known", "tracks": "Tracks"}
    columns |= {"new_tracks": "New tracks", "rate": "Share of plays that were the first of their track"}
    answer.show("year_months", frame, chart, columns, "Columns of plays by month, first plays of tracks apart")
    periods.explain(drawn[drawn["n"] > 0], "month", "month", days)
    rate = frame["new_tracks"].sum() / frame["plays"].sum()
    st.caption(
        f"Discovery rate: {rate:.0%} of the plays were the first of their track. "
        f"The data of this listener begin on {since:%Y-%m-%d}: what was heard before counts as new."
    )


def _hours(of_year: Heard) -> None:
    st.subheader("Hours and weekdays")
    grid = pd.DataFrame(product(range(1, 8), range(24)), columns=["weekday", "hour"])
    frame = grid.merge(of_year.hours, on=["weekday", "hour"], how="left").fillna({"plays": 0})
    frame["plays"] = frame["plays"].astype(int)
    frame["weekday"] = [WEEKDAYS[day - 1] for day in frame["weekday"]]
    titles = {"weekday": "Weekday", "hour": "Hour", "plays": "Plays"}
    chart = charts.heatmap(frame, "hour", "weekday", "plays", titles)
    answer.show("year_hours", frame, chart, titles, "A grid of plays by hour and weekday, darker where there are more")


def _most(title: str, thing: str, frame: pd.DataFrame) -> None:
    if frame.empty:
        return
    name = f"year_{title.lower().replace(' ', '_')}"
    st.subheader(title)
    shown = frame.copy()
    shown["label"] = numbered(frame, "place", *[one for one in ("name", "beside") if _is_told(frame, one)])
    titles = {"place": "Place", "name": "Name", "beside": "Artist", "first_on": "First heard", "plays": "Plays"}
    titles |= {"minutes": "Minutes, as far as known"}
    told = {column: heading for column, heading in titles.items() if _is_told(frame, column)}
    named = {"name": (thing, "id"), "beside": ("artist", "beside_id")}
    shown = links.leading(shown, "name", named)
    answer.show(name, shown, charts.bars(shown, "plays", "label", told), told, f"Bars of plays: {title}", links=named)


def _is_told(frame: pd.DataFrame, column: str) -> bool:
    return column in frame and bool(frame[column].notna().any())
