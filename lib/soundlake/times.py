"""The only parser of times and dates: ISO 8601 texts to microseconds, and days, since 1970 in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

SECOND_MICROS = 1_000_000
DAY_MICROS = 86_400 * SECOND_MICROS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
# pandas holds nanoseconds since 1970 in 64 bits and fails beyond.
_FIRST_YEAR, _LAST_YEAR = 1678, 2261

_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)? ?(Z|z|UTC|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII,
)
# 20260102T030405Z
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})[Tt](\d{2})(\d{2})(\d{2})(\D.*)?", re.ASCII)
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?", re.ASCII)


def micros_of(moment: datetime) -> int:
    """An aware datetime as microseconds since 1970 in UTC."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND_MICROS + since.microseconds


def any_instant(text: str, otherwise: tzinfo = UTC) -> int | None:
    """An ISO 8601 time as microseconds since 1970, however far away; None where it is unreadable.

    A date alone is midnight; without a zone the time is in the zone given, UTC else. Digits beyond the microsecond are
    cut off. docs/imports.md lists the forms.
    """
    # The form that Spotify uses, without the regular expression.
    if text[-1:] == "Z" and len(text) in (20, 24) and text[10] == "T" and text[4] == text[7] == "-":
        try:
            return micros_of(datetime.fromisoformat(text))
        except ValueError:
            return None
    found = _INSTANT.fullmatch(text) or _INSTANT.fullmatch(_COMPACT.sub(r"\1-\2-\3T\4:\5:\6\7", text))
    if found is None:
        return None
    day, hour, minute, second, fraction, zone = found.groups()
    if hour is None and zone is not None:
        return None
    try:
        whole = datetime.fromisoformat(f"{day}T{hour or '00'}:{minute or '00'}:{second or '00'}")
        micros = int((fraction or "")[:6].ljust(6, "0"))
        return micros_of(whole.replace(microsecond=micros, tzinfo=_zone(zone, otherwise)))
    except ValueError:
        return None


def _zone(text: str | None, otherwise: tzinfo) -> tzinfo:
    if text is None:
        return otherwise
    if text in ("Z", "z", "UTC"):
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if minutes > 59:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def instant(text: object, otherwise: tzinfo = UTC) -> int | None:
    """An ISO 8601 time in the years 1678 to 2261 as microseconds since 1970; None for anything else."""
    if type(text) is not str:
        return None
    micros = any_instant(text, otherwise)
    return None if micros is None else within_years(micros)


def within_years(micros: int) -> int | None:
    """A time if it lies in the years that every reader can represent; else None."""
    return micros if _FIRST <= micros < _BEYOND else None


@lru_cache(maxsize=65_536)
def calendar_date(text: str | None) -> int | None:
    """A date YYYY, YYYY-MM or YYYY-MM-DD as days since 1970; the first day of a month or year.

    None where it is unreadable or before year 1.
    """
    if text is None or not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text + "-01-01"[len(text) - 4 :] if len(text) < 10 else text).toordinal() - _EPOCH_DAY
    except ValueError:
        return None


def instant_text(micros: int) -> str:
    """A time as an ISO 8601 text, in UTC."""
    return (_EPOCH + timedelta(microseconds=micros)).isoformat()


def day_text(day: int) -> str:
    """A day, in days since 1970, as an ISO 8601 text."""
    return date.fromordinal(day + _EPOCH_DAY).isoformat()


def day_of(micros: int) -> int:
    """The UTC day of a time, in days since 1970."""
    return micros // DAY_MICROS


_FIRST = micros_of(datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC))
_BEYOND = micros_of(datetime(_LAST_YEAR + 1, 1, 1, tzinfo=UTC))
