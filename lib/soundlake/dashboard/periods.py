"""Weeks and months that the data cover only in part, often the first and the last.

Drawn like a whole one, such a period looks like a rise or a fall, so charts show it dashed or pale.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import streamlit as st

from soundlake.dashboard import sql
from soundlake.dashboard.charts import UNFINISHED
from soundlake.dashboard.source import DataSource
from soundlake.errors import MissingTableError

Extent = tuple[date, date]

PLAYS = "gold_listening_by_content_type.day"
SNAPSHOTS = "gold_playlist_turnover.snapshot_date"


def days_of(source: DataSource, until: str, conditions: Sequence[str] = ()) -> Extent | None:
    """The first and the last day of `gold_TABLE.COLUMN`, or of some of its rows; None where it has no rows.

    Days in the future come from a wrong clock, and count only where there are no others. Raises MissingTableError.
    """
    view, _, column = until.partition(".")
    has_come = f"{column} <= DATE '{tomorrow().isoformat()}'"
    found = source.ask(
        f"SELECT min({column}) AS first, coalesce(max(CASE WHEN {has_come} THEN {column} END), max({column})) AS last "
        f"FROM {view} {sql.where(*conditions)}"
    )
    if found.empty or pd.isna(found["first"][0]):
        return None
    return pd.Timestamp(found["first"][0]).date(), pd.Timestamp(found["last"][0]).date()


def extent(source: DataSource, until: str, conditions: Sequence[str] = ()) -> Extent | None:
    """What `days_of` returns; None also where the table is missing."""
    try:
        return days_of(source, until, conditions)
    except MissingTableError:
        return None


def mark(frame: pd.DataFrame, column: str, step: str, days: Extent | None) -> pd.DataFrame:
    """Add the column UNFINISHED: whether the days cover the row's week or month only in part."""
    if days is None or step not in ("week", "month"):
        return frame
    first, last = days
    starts = [pd.Timestamp(start).date() for start in frame[column]]
    unfinished = [start < first or _end(start, step) > last for start in starts]
    return frame.assign(**{UNFINISHED: pd.Series(unfinished, frame.index, dtype=bool)})


def follows_unfinished(start: date, step: str, days: Extent) -> bool:
    """Whether the week or month before is not covered completely, so that a change against it says little."""
    before = start - timedelta(days=7) if step == "week" else (start - timedelta(days=1)).replace(day=1)
    return before < days[0]


def newest_whole(frame: pd.DataFrame) -> int:
    """The index of the first row that is not UNFINISHED; 0 where all of them are."""
    return int((~frame[UNFINISHED]).to_numpy().argmax()) if UNFINISHED in frame and len(frame) else 0


def explain(frame: pd.DataFrame, column: str, step: str, days: Extent | None, how: str = "dashed or pale") -> None:
    """Say which periods are incomplete, and which days the data cover."""
    if days is None or UNFINISHED not in frame or not frame[UNFINISHED].any():
        return
    shown = sorted({pd.Timestamp(start).date() for start in frame[frame[UNFINISHED]][column]})
    names = enumerated([f"{start:%Y-%m}" if step == "month" else f"the week of {start}" for start in shown])
    are = "is" if len(shown) == 1 else "are"
    st.caption(f"{names[:1].upper()}{names[1:]} {are} {how}: the data cover {days[0]} to {days[1]} only.")


def explain_week(source: DataSource, week: date, conditions: Sequence[str]) -> None:
    """Say whether the snapshots of some playlists cover a week only in part."""
    days = extent(source, SNAPSHOTS, conditions)
    explain(mark(pd.DataFrame({"week": [week]}), "week", "week", days), "week", "week", days, "incomplete")


def enumerated(names: Sequence[str]) -> str:
    """Names as a sentence lists them."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def tomorrow() -> date:
    """The day after today (UTC): the last one that may have begun in some time zone."""
    return datetime.now(UTC).date() + timedelta(days=1)


def _end(start: date, step: str) -> date:
    if step == "week":
        return start + timedelta(days=6)
    return (start.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
