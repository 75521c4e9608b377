"""The axes of charts: of days and months, of counts and shares, of ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

_TICKS = 6
_LONG = pd.Timedelta(days=60)  # from here on, ticks are months


def time(days: pd.Series[Any]) -> alt.Axis:
    """The axis of days: a tick for each of a few, and none without its year."""
    found = sorted(pd.to_datetime(days.dropna().unique()))
    if len(found) <= _TICKS:
        ticks = [alt.DateTime(year=day.year, month=day.month, date=day.day) for day in found]
        return alt.Axis(labelOverlap=True, values=ticks, format=day_format(found))
    is_long = found[-1] - found[0] > _LONG
    return alt.Axis(labelOverlap=True, tickCount=_TICKS, format="%b %Y" if is_long else "%Y-%m-%d")


def day_format(days: Sequence[pd.Timestamp]) -> str:
    """How the starts of periods are written: months without the day."""
    return "%Y-%m" if len(days) > 1 and all(day.day == 1 for day in days) else "%Y-%m-%d"


def numbers(values: pd.Series[Any], title: str) -> alt.Axis:
    """The axis of numbers: shares in percent, whole ones with whole ticks."""
    if is_share(title):
        return alt.Axis(tickCount=_TICKS, format="~%")
    if pd.api.types.is_integer_dtype(values):
        return alt.Axis(tickMinStep=1, tickCount=_TICKS, format=",d")
    return alt.Axis(tickCount=_TICKS)


def ranks(values: pd.Series[Any]) -> alt.Axis:
    """The axis of ranks: the first and every tenth."""
    last = int(values.max()) if len(values) else 1
    return alt.Axis(values=[1, *range(10, last + 1, 10)] if last >= 10 else list(range(1, last + 1)))


def is_share(title: str) -> bool:
    """Whether a heading says that its numbers are parts of 1."""
    return title.lower().split(" ")[0] == "share"
