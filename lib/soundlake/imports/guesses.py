"""How the values of a column are read, guessed from some of them: for drafts of mappings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from soundlake.imports import fields as f
from soundlake.imports.lists import LITERAL, are_ids, members, syntax_of
from soundlake.imports.mapping import FieldSource
from soundlake.imports.unreadable import UnreadableError
from soundlake.imports.values import duration, linked_id, parse_number, reader

_PATTERNS = (
    "%Y/%m/%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%B %d, %Y",
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", ", %H:%M", ", %H:%M:%S", " %I:%M %p")
# Measured from 0 to 1; some files write them from 0 to 100.
_SHARES = frozenset(f.MEASURED) - {"loudness", "tempo"}
_NOTES = {
    **{note: number for number, note in enumerate(("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"))},
    **{"Db": 1, "Eb": 3, "Gb": 6, "Ab": 8, "Bb": 10},
}
_MODES = {"major": 1, "minor": 0}


def by_links(thing: str | None, values: Mapping[str, Sequence[Any]]) -> str | None:
    """The first column that holds links to things of a kind."""
    for name, of_column in values.items() if thing is not None else ():
        if any(isinstance(v, str) and linked_id(v.strip(), thing or "") not in (None, v.strip()) for v in of_column):
            return name
    return None


def of_bare_ids(names: Sequence[str], values: Mapping[str, Sequence[Any]], taken: Container[str]) -> str | None:
    """The first column of ids that are no links, and that is not taken for another thing's."""
    for name in names:
        texts = [value.strip() for value in values[name] if isinstance(value, str) and value.strip()]
        if name not in taken and are_ids(texts) and not any(":" in text for text in texts):
            return name
    return None


def counts_from_one(values: Sequence[Any]) -> bool:
    """Whether places are counted from 1, as people do."""
    numbers = [number for value in values if (number := _number(value)) is not None]
    return bool(numbers) and min(numbers) >= 1


def source(name: str, path: str, type_: str, values: Sequence[Any]) -> str | None:
    """How a column is read for a field, as TOML: its name alone, or a table with what its values ask for.

    None where it holds objects, or no value that the field could have.
    """
    there = [value for value in values if value is not None and value != ""]
    texts = [value.strip() for value in there if isinstance(value, str) and value.strip()]
    is_list = type_ == f.TEXTS or "[]" in path
    if any(isinstance(value, Mapping) for value in there) or (not is_list and any(map(_is_list, there))):
        return None
    if type_ == f.TEXT and path.rpartition(".")[2] == "name" and are_ids(texts):
        return None  # a column of ids is no column of names, whatever it is called
    if type_ == f.ID and not is_list and any(not are_ids([text]) and are_ids(_parts(text)) for text in texts):
        return None  # several ids in one cell are no id
    options: list[str] = []
    if is_list:
        options += _list(path, type_, there, texts)
    elif type_ in (f.DATE, f.TIME):
        pattern = _pattern(there, type_)
        if pattern is None:
            return None
        options += [f"format = {json.dumps(pattern)}"] if pattern else []
    elif path in ("key", "mode") and (named := _named(path, texts)):
        options.append(f"map = {named}")
    elif type_ in (f.INTEGER, f.NUMBER):
        options += _numbers(name.lower(), path, there, texts)
    quoted = json.dumps(name, ensure_ascii=False)
    return f"{{ column = {', '.join([quoted, *options])} }}" if options else quoted


def alike(fields: dict[str, str]) -> dict[str, str]:
    """Measures from 0 to 1 are written alike: where one is in percent, one that is 0 as far as was seen is so too."""
    if not any(path in _SHARES and "scale = 0.01" in text for path, text in fields.items()):
        return fields
    percent = {path: f"{{ column = {text}, scale = 0.01 }}" for path, text in fields.items() if path in _SHARES}
    return {path: percent[path] if path in percent and text.startswith('"') else text for path, text in fields.items()}


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _list(path: str, type_: str, there: Sequence[Any], texts: Sequence[str]) -> Iterator[str]:
    wanted = path.rpartition(".")[2]
    of_objects = members(there)
    if of_objects:
        yield f'list = "auto", item = {json.dumps(wanted if wanted in of_objects else "name")}'
    elif any(map(_is_list, there)):
        yield 'list = "auto"'
    elif syntax := _list_syntax(texts, always=type_ == f.TEXTS):
        yield f"list = {json.dumps(syntax)}"


def _list_syntax(texts: Sequence[str], always: bool) -> str | None:
    syntax = syntax_of(texts)
    # A comma also stands within names: it separates only where a list is certain.
    if syntax == LITERAL or not any(syntax in text for text in texts):
        return "auto" if always or syntax == LITERAL else None
    is_certain = always or syntax != "," or any("," in text and are_ids(_parts(text)) for text in texts)
    return syntax if is_certain else None


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _pattern(there: Sequence[Any], type_: str) -> str | None:
    """The pattern of dates or times; empty where none is needed, None where they are none."""
    clean = [value for value in there if not (isinstance(value, str) and not value.strip())]
    if not clean:
        return ""
    if all(_reads(reader(FieldSource(column="x"), type_), value) for value in clean):
        return ""
    numbers = [_number(value) for value in clean]
    digits = {len(str(int(number))) for number in numbers if number is not None}
    if None not in numbers and digits in ({10}, {13}):
        return "epoch_s" if digits == {10} else "epoch_ms"
    texts = [value.strip() for value in clean if isinstance(value, str)]
    for pattern in (day + clock for day in _PATTERNS for clock in _CLOCKS) if texts else ():
        if all(_is_written(text, pattern) for text in texts):
            return pattern
    # Where only some are, the others are told row by row.
    return "" if any(_reads(reader(FieldSource(column="x"), type_), value) for value in clean) else None


def _is_written(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text, pattern)
    except ValueError:
        return False
    return True


def _named(path: str, texts: Sequence[str]) -> str:
    """A map from names of keys and modes to their numbers, where they are written so."""
    known = _NOTES if path == "key" else _MODES
    found = {text: known[plain] for text in texts if (plain := _plain_name(path, text)) in known}
    if not found:
        return ""
    pairs = {**known, **found} if path == "key" else found
    return "{ " + ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {v}" for k, v in pairs.items()) + " }"


def _plain_name(path: str, text: str) -> str:
    if path == "mode":
        return text.lower()
    note = re.split(r"[/\s]", text.replace("♯", "#").replace("♭", "b"))[0]
    return note[:1].upper() + note[1:]


def _numbers(name: str, path: str, there: Sequence[Any], texts: Sequence[str]) -> list[str]:
    if any(":" in text for text in texts):
        return ['type = "duration"'] if all(_reads(duration, text) for text in texts) else []
    options = []
    decimal = "."
    if any(not _reads(parse_number, text) for text in texts) and all(_reads(_with_comma, text) for text in texts):
        decimal = ","
        options.append('decimal = ","')
    numbers = [number for value in there if (number := _number(value, decimal)) is not None]
    if not numbers:
        return options
    most = max(map(abs, numbers))
    if path == "duration_ms":
        if most < 60 and ("min" in name or any(n != int(n) for n in numbers)):
            return [*options, "scale = 60000"]
        return [*options, *(["scale = 1000"] if most < 36_000 and "ms" not in name else [])]
    if path in _SHARES and most > 1:
        options.append("scale = 0.01")
    return options


def _with_comma(value: Any) -> int | float | None:
    return parse_number(value, ",")


def _number(value: Any, decimal: str = ".") -> int | float | None:
    try:
        return parse_number(value, decimal)
    except UnreadableError:
        return None


def _reads(read: Callable[[Any], Any], value: Any) -> bool:
    try:
        read(value)
    except UnreadableError:
        return False
    return True
