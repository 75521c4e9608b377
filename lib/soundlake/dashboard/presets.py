"""Periods by name, counted back from the last week or month that the data cover completely, and the ones before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from soundlake.dashboard import sql
from soundlake.dashboard.periods import Extent

PRESETS = ("4 weeks", "6 months", "this year", "all")
_WEEKS, _MONTHS = 4, 6


@dataclass(frozen=True)
class Period:
    """Whole weeks or months: the column of a mart that has them, the first and the last one, and its days."""

    column: str
    starts: tuple[date, date]
    days: tuple[date, date]

    @property
    def condition(self) -> str:
        """The SQL condition on marts with the column."""
        return sql.between(self.column, self.starts)

    def __str__(self) -> str:
        return f"{self.days[0]} to {self.days[1]}"


def period(preset: str, covered: Extent) -> tuple[Period, Period | None]:
    """The period of a preset, and the one to compare it with: None for `all`, and where the data begin later.

    The current week or month counts only where there is no whole one. `this year` is compared with the same months of
    the year before.
    """
    first, last = covered
    if preset == "4 weeks":
        end = _monday(last + timedelta(days=1)) - timedelta(weeks=1)
        end = end if end >= _monday(first) else _monday(last)
        now, before = _weeks(end), _weeks(end - timedelta(weeks=_WEEKS))
    else:
        newest = _shifted((last + timedelta(days=1)).replace(day=1), -1)
        newest = newest if newest >= first.replace(day=1) else last.replace(day=1)
        if preset == "all":
            return _months(first.replace(day=1), last.replace(day=1), (first, last)), None
        if preset == "this year":
            now = _months(newest.replace(month=1), newest)
            before = _months(newest.replace(month=1, year=newest.year - 1), newest.replace(year=newest.year - 1))
        else:
            now = _months(_shifted(newest, 1 - _MONTHS), newest)
            before = _months(_shifted(newest, 1 - 2 * _MONTHS), _shifted(newest, -_MONTHS))
    return now, before if before.days[0] >= first else None


def _weeks(last: date) -> Period:
    first = last - timedelta(weeks=_WEEKS - 1)
    return Period("week", (first, last), (first, last + timedelta(days=6)))


def _months(first: date, last: date, days: tuple[date, date] | None = None) -> Period:
    return Period("month", (first, last), days or (first, _shifted(last, 1) - timedelta(days=1)))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _shifted(month: date, by: int) -> date:
    years, months = divmod(month.month - 1 + by, 12)
    return date(month.year + years, months + 1, 1)
