"""Checks that keep a value or null it: what is possible, and what every reader can hold.

Each takes and gives a Column. Where a value is of the wrong type or impossible, the result is null.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

INT_MAX = 2**31 - 1
EXACT_MAX = 2**53  # JSON numbers are read as doubles: whole numbers are exact up to here

_ISO_INSTANT = (
    r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?)?(Z|[+-]\d{2}:\d{2})?$"  # date alone is midnight UTC
)
_ISO_DATE = r"^\d{4}(-\d{2}(-\d{2})?)?$"


def identifier(text: Column) -> Column:
    """An id: a text that is not blank."""
    return F.when(F.trim(text) != "", text)


def whole(number: Column, low: int, high: int, type_: str = "bigint") -> Column:
    """A whole number between two bounds, both included."""
    return F.when((number == F.floor(number)) & number.between(float(low), float(high)), number.cast(type_))


def percent(number: Column) -> Column:
    """A popularity: a whole number from 0 to 100."""
    return whole(number, 0, 100, "int")


def count(number: Column) -> Column:
    """A number of followers or streams: whole, not negative."""
    return whole(number, 0, EXACT_MAX)


def small_count(number: Column) -> Column:
    """A number of tracks or a place in a list: whole, not negative, within int."""
    return whole(number, 0, INT_MAX, "int")


def milliseconds(number: Column) -> Column:
    """A duration: whole milliseconds, not negative."""
    return whole(number, 0, EXACT_MAX)


def pitch_class(number: Column) -> Column:
    """A key: 0 = C to 11 = B, -1 for none."""
    return whole(number, -1, 11, "int")


def mode(number: Column) -> Column:
    """1 for major, 0 for minor."""
    return whole(number, 0, 1, "int")


def share(number: Column) -> Column:
    """A confidence or share from 0 to 1."""
    return F.when(number.between(0.0, 1.0), number)


def decibels(number: Column) -> Column:
    """A loudness: any finite number (real data exceed 0)."""
    return F.when(F.abs(number) < float("inf"), number)


def beats_per_minute(number: Column) -> Column:
    """A tempo: finite and not negative; 0 means that none was found."""
    return F.when((number >= 0.0) & (number < float("inf")), number)


def any_instant(text: Column) -> Column:
    """An ISO 8601 time as a UTC timestamp, however far away; without a zone it is taken as UTC."""
    return F.when(text.rlike(_ISO_INSTANT), F.try_to_timestamp(F.translate(text, ",", ".")))


def instant(text: Column) -> Column:
    """An ISO 8601 time in the years 1678 to 2261: pandas holds nanoseconds since 1970 in 64 bits and fails beyond."""
    readable = any_instant(text)
    return F.when(F.year(readable).between(1678, 2261), readable)


def calendar_date(text: Column) -> Column:
    """A date given as YYYY, YYYY-MM or YYYY-MM-DD: the first day of what is given; null before year 1."""
    full = F.concat(text, F.when(F.length(text) == 4, "-01-01").when(F.length(text) == 7, "-01").otherwise(""))
    readable = F.when(text.rlike(_ISO_DATE) & ~text.startswith("0000"), F.try_to_timestamp(full))
    return F.to_date(readable)


def precision(text: Column, given: Column) -> Column:
    """day, month or year: as given, but never finer than the text of the date; null where the date is unreadable."""
    shape = F.when(F.length(text) == 4, "year").when(F.length(text) == 7, "month").otherwise("day")
    coarser = (
        F.when((given == "year") | (shape == "year"), "year")
        .when((given == "month") | (shape == "month"), "month")
        .otherwise("day")
    )
    return F.when(calendar_date(text).isNotNull(), coarser)
