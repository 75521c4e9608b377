"""Checks that keep a value or null it: what is possible, and what every reader can represent.

Each takes a JSON value; for a wrong type or an impossible value the result is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from soundlake.times import calendar_date

INT_MAX = 2**31 - 1
EXACT_MAX = 2**53  # many writers of JSON hold numbers as doubles: whole numbers are exact up to here

Json = Mapping[str, Any]
NOTHING: Json = MappingProxyType({})


def text(value: object) -> str | None:
    """A text, an empty one included."""
    return value if type(value) is str else None


def identifier(value: object) -> str | None:
    """An id: a text that is not blank."""
    return value if type(value) is str and value.strip(" ") else None


def catalog_id(value: object) -> str | None:
    """An id that Spotify gave; some writers make the text "null" of one that is null."""
    return identifier(value) if value != "null" else None


def flag(value: object) -> bool | None:
    """True or false."""
    return value if type(value) is bool else None


def thing(value: object) -> Json:
    """An object; an empty one for anything else."""
    return value if type(value) is dict else NOTHING


def things(value: object) -> list[Json] | None:
    """A list of objects; what is no object in it counts as an empty one."""
    return [thing(each) for each in value] if type(value) is list else None


def texts(value: object) -> list[str | None] | None:
    """A list of texts; what is no text in it is None."""
    return [text(each) for each in value] if type(value) is list else None


def whole(value: object, low: int, high: int) -> int | None:
    """A whole number between two bounds, both included; 5.0 is one too."""
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and low <= value <= high else None


def percent(value: object) -> int | None:
    """A popularity: a whole number from 0 to 100."""
    return whole(value, 0, 100)


def count(value: object) -> int | None:
    """A number of followers or streams: whole, not negative."""
    return whole(value, 0, EXACT_MAX)


def small_count(value: object) -> int | None:
    """A number of tracks or a place in a list: whole, not negative, within int."""
    return whole(value, 0, INT_MAX)


def milliseconds(value: object) -> int | None:
    """A duration: whole milliseconds, not negative."""
    return whole(value, 0, EXACT_MAX)


def pitch_class(value: object) -> int | None:
    """A key: 0 = C to 11 = B, -1 for none."""
    return whole(value, -1, 11)


def mode(value: object) -> int | None:
    """1 for major, 0 for minor."""
    return whole(value, 0, 1)


def _number(value: object, low: float, high: float) -> float | None:
    """A number between two bounds, both included; never NaN, which lies between none."""
    return float(value) if type(value) in (int, float) and low <= value <= high else None  # type: ignore[arg-type,operator]


def share(value: object) -> float | None:
    """A confidence or share from 0 to 1."""
    return _number(value, 0.0, 1.0)


_MOST = 1.7976931348623157e308


def decibels(value: object) -> float | None:
    """A loudness: any finite number (real data exceed 0)."""
    return _number(value, -_MOST, _MOST)


def beats_per_minute(value: object) -> float | None:
    """A tempo: finite and not negative; 0 means that none was found."""
    return _number(value, 0.0, _MOST)


def precision(date: str | None, given: object) -> str | None:
    """day, month or year: as given, but never finer than the text of the date; None where the date is unreadable."""
    if date is None or calendar_date(date) is None:
        return None
    if given == "year" or len(date) == 4:
        return "year"
    return "month" if given == "month" or len(date) == 7 else "day"
