"""A draft of a mapping, made from a file's columns and first rows: a beginning for a person to check."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from soundlake.imports import guesses
from soundlake.imports.columns import plain_name
from soundlake.imports.dialect import Dialect
from soundlake.imports.drafts import Drafted, drafted_records
from soundlake.imports.exports import export_holding
from soundlake.imports.fields import TIME
from soundlake.imports.input_file import Input
from soundlake.imports.likely_names import NAMES, TIMES, LikelyColumns
from soundlake.imports.mapping import FileShape
from soundlake.imports.opening import UnopenedError
from soundlake.imports.personal import is_personal, without_personal
from soundlake.imports.rowset import peek_columns

_DAY = re.compile(r"(?<!\d)\d{4}-[01]\d-[0-3]\d(?!\d)")


def drafted(file: Input) -> str:
    """The text of a mapping file for a file. Raises UnopenedError where nothing in it looks like Spotify's data."""
    shape: dict[str, str] = {}
    names, rows, format_, dialect = peek_columns(file)
    if rows and isinstance(rows[0], Mapping) and (held := export_holding(rows[0])):
        what = " and ".join(export.name for export in held)
        raise UnopenedError(f"it holds {what}: `soundlake import {file.name}` takes it as it is, without a mapping")
    path = _wrapped(rows)
    if path is not None and not drafted_records(names, _columns(rows, names), is_nested=False)[0]:
        shape["rows"] = path
        names, rows, format_, dialect = peek_columns(file, shape=FileShape(**shape))
    elif path is None and _are_turned(rows):
        raise UnopenedError(
            "it is one object that holds values by their keys, and no list of rows: write it out as a list, in pandas "
            "with to_json(orient='records', lines=True)"
        )
    each = _nested(rows)
    if each is not None:
        shape["each"] = each
        names, rows, format_, dialect = peek_columns(file, shape=FileShape(**shape))
    values = _columns(rows, names)
    fetched_at = _fetched_at(names, values)
    records, notes = drafted_records(names, values, is_nested=each is not None)
    if not records and len(names) == 1:
        raise UnopenedError(
            f"it has one column, {names[0]}; where that holds ids or links, "
            "`soundlake extract tracks --from FILE` reads what Spotify knows of them"
        )
    if not records:
        known = ", ".join((*NAMES["track"]["id"][:4], "artist_id", "album_id", "playlist_id"))
        raise UnopenedError(
            f"its columns are {', '.join(names[:20])}: none of them looks like an id ({known}, …) or like the names of "
            "a track and its artist, so that nothing can be drafted; write the mapping by hand (docs/imports.md)"
        )
    told = "\n".join([text for _, fields in records for _, text in fields] + [fetched_at or ""])
    used = {name for name in names if json.dumps(name, ensure_ascii=False) in told or f"{{{name}}}" in told}
    # What only holds what is used is used too.
    used |= {name for name in names if any(one.startswith(f"{name}.") for one in names)}
    lines = [
        *_head(file, format_, dialect, fetched_at),
        *[f"{name} = {json.dumps(where)}" for name, where in shape.items()],
        *[f"# {note}" for note in notes],
        *_body(records, ("track", "playlist_item", "audio_features", "album", "artist") if each is not None else ()),
        *_unused(names, used, values),
    ]
    return "\n".join(lines)


def _wrapped(rows: Sequence[Any]) -> str | None:
    """Where the rows are, if the file is one object that holds a list of objects, in objects within it or not."""
    if len(rows) != 1 or not isinstance(rows[0], Mapping):
        return None
    lists = dict(_lists_within(rows[0]))
    # An object with an id or a name is a row itself, of a playlist say.
    return max(lists, key=lambda name: len(lists[name])) if lists and not {"id", "name"} & rows[0].keys() else None


def _lists_within(row: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, list[Any]]]:
    """The lists of objects in an object and in the objects within it, by their paths."""
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _lists_within(value, f"{above}{name}.")
    yield from ((f"{above}{name}", found) for name, found in _lists_in(row).items())


def _nested(rows: Sequence[Any]) -> str | None:
    """The list of objects that rows hold, where it is entries of a playlist: each of them is a row then."""
    for row in rows:
        for name in _lists_in(row) if isinstance(row, Mapping) else ():
            if plain_name(name) in ("tracks", "items", "songs", "entries"):
                return name
    return None


def _lists_in(row: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: v for name, v in row.items() if isinstance(v, list) and v and isinstance(v[0], Mapping)}


def _are_turned(rows: Sequence[Any]) -> bool:
    """Whether the file is one object of columns, or of rows by their keys, as pandas writes them."""
    if len(rows) != 1 or not isinstance(rows[0], Mapping) or len(rows[0]) < 2:
        return False
    inner = list(rows[0].values())
    return all(isinstance(value, Mapping) for value in inner) and len({tuple(value) for value in inner}) == 1


def _fetched_at(names: Sequence[str], values: Mapping[str, Sequence[Any]]) -> str | None:
    """When the rows were true, where a column says it."""
    likely = LikelyColumns(names).meant_by(TIMES)
    text = next((text for name in likely if (text := guesses.source(name, "fetched_at", TIME, values[name]))), None)
    if text is None:
        return None
    return f"fetched_at = {{ column = {text} }}" if text.startswith('"') else f"fetched_at = {text}"


def _head(file: Input, format_: str, dialect: Dialect, fetched_at: str | None) -> Iterator[str]:
    name = (
        "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in file.stem.lower()).strip("-.")
        or "mine"
    )
    yield f"# Drafted from {file.name}: check every line, then: soundlake import {file.name} --mapping {name}.toml"
    yield f"name = {json.dumps(name)}"
    yield f'# source = "import:{name}"  # what `source` of the records says'
    day = next(iter(_DAY.findall(file.stem)), "2023-12-20")
    yield fetched_at or f'# fetched_at = "{day}T00:00:00Z"  # when the data were true; else the time of the file'
    yield ""
    yield "[file]"
    yield f"format = {json.dumps(format_)}"
    if format_ in ("csv", "tsv") and dialect.delimiter:
        yield f"delimiter = {json.dumps(dialect.delimiter)}"
    yield '# null = ["NA"]  # texts that mean: no value'


def _body(records: Sequence[Drafted], optional: Sequence[str] = ()) -> Iterator[str]:
    for kind, fields in records:
        yield ""
        yield "[[records]]"
        yield f"kind = {json.dumps(kind)}"
        if kind in ("album", "artist", "playlist"):
            yield "distinct = true"
        if kind in optional:
            yield "optional = true  # there may be playlists without entries"
        yield "[records.fields]"
        for path, text in fields:
            yield f"{json.dumps(path) if '.' in path or '[' in path else path} = {text}"


def _unused(names: Sequence[str], used: set[str], values: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    rest = [name for name in names if name not in used]
    if rest:
        yield ""
        yield "# Columns that nothing was made of:"
        for name in rest:
            shown = "personal" if is_personal(name) else f"e.g. {_shown(values[name])}"
            yield f"#   {json.dumps(name, ensure_ascii=False)}, {shown}"
    yield ""


def _shown(values: Sequence[Any]) -> str:
    first = next((value for value in values if value not in (None, "")), "")
    return without_personal(json.dumps(first, ensure_ascii=False, default=str))[:60]


def _columns(rows: Sequence[Any], names: Sequence[str]) -> dict[str, list[Any]]:
    return {name: list(_values(rows, names, name)) for name in names}


def _values(rows: Sequence[Any], names: Sequence[str], name: str) -> Iterator[Any]:
    place = list(names).index(name)
    for row in rows:
        if isinstance(row, Mapping):
            value: Any = row
            for part in [name] if name in row else name.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
            yield value
        else:
            yield row[place]
