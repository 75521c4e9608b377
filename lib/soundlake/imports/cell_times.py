"""Dates and times in cells: ISO 8601 by soundlake.times, other forms only as the mapping says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from soundlake.imports.unreadable import UnreadableError
from soundlake.times import DAY_MICROS, any_instant, calendar_date, instant, micros_of, within_years

Reader = Callable[[Any], Any]
Parse = Callable[[Any], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def date_reader(formats: tuple[str, ...], to_text: Parse, is_nothing: Callable[[str], bool]) -> Reader:
    """The reader of dates: `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, the date of a time, or what the formats say."""

    @lru_cache(16_384)
    def of_text(value: str) -> str | None:
        if not formats:
            plain = value.removesuffix(".0")
            if calendar_date(plain) is not None:
                return plain
            if any_instant(value) is not None:
                day = value.replace("-", "")[:8]
                return f"{day[:4]}-{day[4:6]}-{day[6:]}"
        for pattern in formats:
            if (moment := _by_pattern(value, pattern, UTC)) is not None:
                return moment.date().isoformat()
        if is_nothing(value):
            return None
        raise UnreadableError(f"not a date in the format of the mapping: {value[:80]}")

    def read(cell: Any) -> str | None:
        if isinstance(cell, datetime | date):
            return cell.isoformat()[:10]
        if isinstance(cell, int) and not isinstance(cell, bool) and not formats:
            cell = f"{cell:04}"
        value = to_text(cell)
        return None if value is None else of_text(value.strip())

    return read


def time_reader(
    formats: tuple[str, ...], zone_name: str | None, to_text: Parse, is_nothing: Callable[[str], bool]
) -> Reader:
    """The reader of times, as UTC: ISO 8601 or what the formats say; `zone_name` holds where the text has no zone."""
    zone: tzinfo = ZoneInfo(zone_name) if zone_name else UTC

    @lru_cache(16_384)
    def of_text(value: str) -> str | None:
        if formats:
            moments = (_by_pattern(value, pattern, zone) for pattern in formats)
            if (moment := next(filter(None, moments), None)) is not None:
                return utc_text(moment)
        elif (micros := instant(value, zone)) is not None:
            return utc_text(_EPOCH + timedelta(microseconds=micros))
        if is_nothing(value):
            return None
        raise UnreadableError(f"not a time in the format of the mapping: {value[:80]}")

    def read(cell: Any) -> str | None:
        if isinstance(cell, datetime):
            return utc_text(cell if cell.tzinfo else cell.replace(tzinfo=zone))
        if isinstance(cell, date):
            cell = cell.isoformat()
        value = to_text(cell)
        return None if value is None else of_text(value.strip())

    return read


def not_in_future(read: Reader) -> Reader:
    """The reader for `fetched_at`: what lies more than a day ahead would be rejected later."""

    def checked(cell: Any) -> Any:
        value = read(cell)
        if value is not None and is_in_future(value):
            raise UnreadableError(f"lies in the future: {value}")
        return value

    return checked


def is_in_future(text: str) -> bool:
    """Whether a time lies more than a day ahead."""
    micros = any_instant(text)
    return micros is not None and micros > micros_of(datetime.now(UTC)) + DAY_MICROS


def _by_pattern(value: str, pattern: str, zone: tzinfo) -> datetime | None:
    try:
        if pattern in ("epoch_s", "epoch_ms"):
            return _EPOCH + timedelta(seconds=float(value) / (1000 if pattern == "epoch_ms" else 1))
        moment = datetime.strptime(value, pattern)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def utc_text(moment: datetime) -> str:
    """A time as Spotify writes it: `2021-05-01T12:00:00Z`, with milliseconds where it has some.

    Raises UnreadableError for one that lies beyond the years of the tables.
    """
    if within_years(micros_of(moment)) is None:
        raise UnreadableError(f"a time beyond the years that tables hold: {moment}")
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(timespec="milliseconds" if plain.microsecond else "seconds") + "Z"
