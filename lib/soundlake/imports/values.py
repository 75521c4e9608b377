"""From cells to values: each reader takes a cell (a text, or what JSON and Parquet hold) and gives a value or None.

None means that the cell is empty. A cell that holds something else than it should raises UnreadableError.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from soundlake.imports import fields as f
from soundlake.imports.cell_times import date_reader, time_reader
from soundlake.imports.devices import family_of
from soundlake.imports.lists import LITERAL, as_list
from soundlake.imports.mapping import FieldSource
from soundlake.imports.unreadable import UnreadableError

Reader = Callable[[Any], Any]

MADE_UP = "soundlake-import"

# In names they are names: there are songs called None and NA. A mapping may say otherwise with `null`.
_NO_NUMBER = frozenset({"na", "n/a", "#n/a", "nan", "null", "none", "nil", "\\n", "-", "--", "?"})
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_GREATEST = 10**300
_LONGEST_MATCHED = 1_000
_LONGEST_DURATION = 10**12  # in seconds
_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0"})
_LINK = re.compile(
    r"(?:spotify:(?:user:[^:]+:)?|https?://open\.spotify\.com/(?:intl-\w+/)?)(\w+)[:/]([^:/?#\s]+)(?:[?#].*)?"
)
_CLOCK = re.compile(r"(?:(\d{1,6}):)?(\d{1,3}):(\d{2})(?:\.(\d{1,3}))?|(\d{1,12})", re.ASCII)


def reader(source: FieldSource, type_: str, null: tuple[str, ...] = (), thing: str | None = None) -> Reader:
    """The reader for a field of a type, as its source in the mapping wants it.

    `null` holds for the whole file; `thing` says what an id is an id of, so that a link to something else is none.
    """
    read = _base(source, source.type or type_)
    if thing is not None and source.made_up is None:
        read = _linked(thing, read)
    if source.match is not None or source.before is not None or source.after is not None:
        read = _part_of(source, read)
    if source.made_up is not None:
        thing, name_of = source.made_up, read
        read = lambda cell: _made_up(thing, name_of(cell))  # noqa: E731
    if source.map is not None:
        read = _replaced(source.map, read)
    nulls = frozenset((*null, *source.null))
    return _with_nulls(nulls, read) if nulls else read


def _base(source: FieldSource, type_: str) -> Reader:
    if type_ == f.TEXTS:
        return lambda cell: as_list(cell, source.list or ",", source.item)
    if type_ in (f.INTEGER, f.NUMBER):
        return _number(type_ == f.INTEGER, source)
    if type_ in (f.DATE, f.TIME):
        formats = (source.format,) if isinstance(source.format, str) else source.format or ()
        is_date = type_ == f.DATE
        return (
            date_reader(formats, text, _is_nothing) if is_date else time_reader(formats, source.zone, text, _is_nothing)
        )
    return {f.TEXT: text, f.ID: identifier, f.FLAG: flag, f.DURATION: duration, f.PLATFORM: platform}[type_]


def _part_of(source: FieldSource, read: Reader) -> Reader:
    """The reader for a part of a text: before or after some text, or what a regular expression finds."""
    match = None if source.match is None else re.compile(source.match)

    def part(cell: Any) -> str | None:
        value = text(cell)
        if value is not None and source.after is not None:
            value = value.partition(source.after)[2]
        if value is not None and source.before is not None:
            value, found, _ = value.partition(source.before)
            value = value if found else ""
        if value is not None and match is not None:
            found_by = match.search(value[:_LONGEST_MATCHED])
            value = found_by[1] if found_by is not None else ""
        return None if value is None else value.strip()

    def read_part(cell: Any) -> Any:
        value = part(cell)
        if value == "":
            raise UnreadableError(f"without the part that is meant: {str(cell)[:80]}")
        return read(value)

    return read_part


def _made_up(thing: str, name: Any) -> Any:
    """The id of a name, or of each of several."""
    if isinstance(name, list):
        return [_made_up(thing, one) for one in name]
    return None if name is None else made_up_id(thing, name)


@lru_cache(65_536)
def made_up_id(thing: str, name: str) -> str:
    """An id for something that has none in the data: the prefix says that it is made up; equal names, equal ids."""
    return f"{MADE_UP}-{thing}:{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _replaced(texts: Mapping[str, Any], read: Reader) -> Reader:
    def replaced(cell: Any) -> Any:
        key = cell.strip() if isinstance(cell, str) else str(cell)
        return texts[key] if key in texts else read(cell)

    return replaced


def _with_nulls(nulls: frozenset[str], read: Reader) -> Reader:
    def read_unless_null(cell: Any) -> Any:
        return None if isinstance(cell, str) and cell.strip() in nulls else read(cell)

    return read_unless_null


def text(cell: Any) -> str | None:
    """A text as it stands; blank is nothing."""
    if isinstance(cell, str):
        return cell if cell and not cell.isspace() else None
    if cell is None:
        return None
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        raise UnreadableError(f"not a text: {type(cell).__name__}")
    number: Any = cell
    if number != number or number in (math.inf, -math.inf):  # what is not equal to itself is no number
        return None
    if abs(number) > _GREATEST:
        raise UnreadableError("not a number that a table can hold")
    return str(number)


def joined_text(cell: Any) -> str | None:
    """A text, of a list the texts in it."""
    if isinstance(cell, list):
        return ", ".join(filter(None, as_list(cell, LITERAL) or ())) or None
    return text(cell)


def identifier(cell: Any) -> str | None:
    """An id, as it stands but for the space around it."""
    value = text(cell)
    if value is None:
        return None
    value = value.strip()
    return None if value.lower() in _NO_NUMBER else value


def linked_id(cell: str | None, thing: str) -> str | None:
    """The id in a Spotify URI or link to a thing, None for another thing's; what is no link is an id already."""
    if cell is None or not (":" in cell or "/" in cell):
        return cell
    link = _LINK.fullmatch(cell.strip())
    if link is None:
        return None if cell.startswith(("spotify:", "http")) else cell
    return link[2] if link[1] == thing else None


def _linked(thing: str, read: Reader) -> Reader:
    def read_link(cell: Any) -> Any:
        value = read(cell)
        return [linked_id(one, thing) for one in value] if isinstance(value, list) else linked_id(value, thing)

    return read_link


def flag(cell: Any) -> bool | None:
    """True or false, however it is written."""
    if isinstance(cell, bool):
        return cell
    value = text(cell)
    if value is None:
        return None
    word = value.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    _refuse(word, value, "true or false")
    return None


def platform(cell: Any) -> str | None:
    """The family of a device; None for an unknown one."""
    value = text(cell)
    return None if value is None else family_of(value)


def duration(cell: Any) -> int | None:
    """Milliseconds from `h:mm:ss` or `m:ss`; a number alone is seconds."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if not abs(cell) < _LONGEST_DURATION:
            raise UnreadableError(f"not a duration: {str(cell)[:80]}")
        return round(cell * 1000)
    value = text(cell)
    if value is None:
        return None
    match = _CLOCK.fullmatch(value.strip())
    if match is None:
        _refuse(value.strip().lower(), value, "a duration")
        return None
    hours, minutes, seconds, fraction, alone = match.groups()
    whole = int(alone) if alone else (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1000 + int((fraction or "0").ljust(3, "0"))


def _number(is_whole: bool, source: FieldSource) -> Reader:
    scale, add, decimal = source.scale, source.add, source.decimal

    def number(cell: Any) -> int | float | None:
        value = parse_number(cell, decimal)
        if value is None:
            return None
        if scale is not None:
            value = round(value * scale, 10)
        if add is not None:
            value = value + add
        if not abs(value) <= _GREATEST:
            raise UnreadableError("not a number that a table can hold")
        if is_whole and isinstance(value, float):
            if scale is None and not value.is_integer():
                raise UnreadableError(f"not a whole number: {str(cell)[:80]}")
            return round(value)
        return value

    if scale is add is None and decimal == "." and is_whole:

        def whole_number(cell: Any) -> int | float | None:
            # What nearly every cell holds, without a detour.
            is_plain = type(cell) is str and len(cell) < 19 and cell.isascii() and cell.isdigit()
            return int(cell) if is_plain else number(cell)

        return whole_number
    return number


def parse_number(cell: Any, decimal: str = ".") -> int | float | None:
    """A number as people and programs write it: `48,633,449.00`, `+1,327`, `204053.0`, `1.2E+05`."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if cell != cell or cell in (math.inf, -math.inf):
            return None
        if abs(cell) > _GREATEST:
            raise UnreadableError("not a number that a table can hold")
        return cell
    value = text(cell)
    if value is None:
        return None
    plain = value.strip().replace("\u00a0", "").replace("\u202f", "").replace("\u2212", "-")
    if decimal == ",":
        plain = plain.replace(".", "").replace(",", ".")
    elif "," in plain and _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    if not _PLAIN.fullmatch(plain):
        _refuse(plain.lower(), value, "a number")
        return None
    if _WHOLE.fullmatch(plain):
        return int(plain)
    number = float(plain)
    if not abs(number) <= _GREATEST:
        raise UnreadableError(f"not a number that a table can hold: {value[:80]}")
    return number


def _is_nothing(value: str) -> bool:
    return value.lower() in _NO_NUMBER


def _refuse(word: str, value: str, what: str) -> None:
    """Raise UnreadableError, but where the text says that there is nothing."""
    if word not in _NO_NUMBER:
        raise UnreadableError(f"not {what}: {value[:80]}")
