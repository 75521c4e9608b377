"""A draft of a mapping, made from a file's columns and first rows: a beginning for a person to check."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from soundlake.extract.imports import guesses
from soundlake.extract.imports.columns import Columns, plain_name
from soundlake.extract.imports.fields import FIELDS, ID, MEASURED, NEEDED, TIME
from soundlake.extract.imports.inputs import Input
from soundlake.extract.imports.mapping import parse_mapping
from soundlake.extract.imports.opening import UnopenedError
from soundlake.extract.imports.rowset import peek_columns
from soundlake.extract.imports.table import Dialect

_ORDER = ("track", "audio_features", "album", "artist", "playlist", "playlist_item", "play")

# Ids that are known by their links where their columns have other names.
_THING_OF = {
    ("track", "id"): "track",
    ("audio_features", "id"): "track",
    ("playlist_item", "track.id"): "track",
    ("play", "track.id"): "track",
    ("playlist_item", "playlist.id"): "playlist",
    ("playlist", "id"): "playlist",
    ("album", "id"): "album",
    ("track", "album.id"): "album",
    ("artist", "id"): "artist",
}


def drafted(file: Input) -> str:
    """The text of a mapping file for a file. Raises UnopenedError where nothing in it looks like Spotify's data."""
    names, rows, format_, dialect = peek_columns(file)
    path = _wrapped(rows)
    if path is not None:
        names, rows, format_, dialect = peek_columns(file, path)
    values = {name: list(_values(rows, names, name)) for name in names}
    records = [record for kind in _ORDER if (record := _record(kind, names, values)) is not None]
    if not records:
        known = ", ".join((*guesses.NAMES["track"]["id"][:4], "artist_id", "album_id", "playlist_id"))
        raise UnopenedError(
            f"its columns are {', '.join(names[:20])}: none of them looks like an id ({known}, …), so that nothing "
            "can be drafted; write the mapping by hand (docs/imports.md)"
        )
    used = {column for _, fields in records for _, text in fields for column in names if json.dumps(column) in text}
    stamp = _stamp(names, values)
    used |= {name for name in names if stamp and json.dumps(name) in stamp}
    lines = [
        *_head(file, format_, dialect, names, stamp),
        *_rows_at(path),
        *_body(records),
        *_unused(names, used, values),
    ]
    return "\n".join(lines)


def _wrapped(rows: Sequence[Any]) -> str | None:
    """Where the rows are, if the file is one object that holds a list of objects."""
    if len(rows) != 1 or not isinstance(rows[0], Mapping):
        return None
    lists = {k: v for k, v in rows[0].items() if isinstance(v, list) and v and isinstance(v[0], Mapping)}
    return max(lists, key=lambda name: len(lists[name])) if lists and "id" not in rows[0] else None


def _rows_at(path: str | None) -> list[str]:
    return [] if path is None else [f"rows = {json.dumps(path)}"]


def _stamp(names: Sequence[str], values: Mapping[str, Sequence[Any]]) -> str | None:
    """When the rows were true, where a column says it."""
    columns = Columns(names)
    index = next((i for name in guesses.TIMES if (i := columns.find(name)) is not None), None)
    if index is None:
        return None
    text = guesses.source(names[index], TIME, values[names[index]], is_list=False)
    return f"fetched_at = {{ column = {text} }}" if text.startswith('"') else f"fetched_at = {text}"


def _head(file: Input, format_: str, dialect: Dialect, names: Sequence[str], stamp: str | None) -> Iterator[str]:
    name = (
        "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in file.stem.lower()).strip("-.")
        or "mine"
    )
    yield f"# Drafted from {file.name}: check every line, then: soundlake import {file.name} --mapping {name}.toml"
    yield f"name = {json.dumps(name)}"
    yield f'# source = "import:{name}"  # what `source` of the records says'
    yield stamp or '# fetched_at = "2023-12-20T00:00:00Z"  # when the data were true; else the time of the file'
    yield f"detect = {json.dumps(list(names[:4]), ensure_ascii=False)}"
    yield ""
    yield "[file]"
    yield f"format = {json.dumps(format_)}"
    if format_ in ("csv", "tsv") and dialect.delimiter:
        yield f"delimiter = {json.dumps(dialect.delimiter)}"
    yield '# null = ["NA"]  # texts that mean: no value'


def _body(records: Sequence[tuple[str, list[tuple[str, str]]]]) -> Iterator[str]:
    for kind, fields in records:
        yield ""
        yield "[[records]]"
        yield f"kind = {json.dumps(kind)}"
        if kind in ("album", "artist", "playlist"):
            yield "distinct = true"
        yield "[records.fields]"
        for path, text in fields:
            yield f"{json.dumps(path) if '.' in path or '[' in path else path} = {text}"


def _unused(names: Sequence[str], used: set[str], values: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    rest = [name for name in names if name not in used]
    if rest:
        yield ""
        yield "# Columns that nothing was made of:"
        for name in rest:
            yield f"#   {json.dumps(name, ensure_ascii=False)}, e.g. {_shown(values[name])}"
    yield ""


def _shown(values: Sequence[Any]) -> str:
    first = next((value for value in values if value not in (None, "")), "")
    return json.dumps(first, ensure_ascii=False, default=str)[:60]


def _record(
    kind: str, names: Sequence[str], values: Mapping[str, Sequence[Any]]
) -> tuple[str, list[tuple[str, str]]] | None:
    """The fields that the columns have names for; None where they do not make a record of the kind."""
    fields: list[tuple[str, str]] = []
    columns = Columns(names)
    for path, type_ in FIELDS[kind].items():
        known = guesses.NAMES.get(kind, {}).get(path, ())
        name = next((names[i] for candidate in known if (i := columns.find(candidate)) is not None), None)
        if name is None and type_ == ID:
            name = guesses.by_links(_THING_OF.get((kind, path)), values)
        if name is None:
            continue
        text = guesses.source(name, type_, values[name], is_list="[]" in path)
        if path == "position" and text.startswith('"') and guesses.counts_from_one(values[name]):
            text = f"{{ column = {text}, add = -1 }}"
        fields.append((path, text))
    fields = _disentangled(kind, fields, names)
    found = {path for path, _ in fields}
    if kind == "playlist_item" and "playlist.id" in found and "position" not in found:
        of = dict(fields)
        within, inner = of.get("playlist.id"), of.get("track.id")
        if inner and within and within.startswith('"') and inner.startswith('"'):
            fields.append(("position", f"{{ place = {{ within = {within}, of = {inner} }} }}"))
            found.add("position")
    groups = [group for group in NEEDED[kind] if group != ("user_id",)]
    if not all(any(path in found for path in group) for group in groups):
        return None
    if kind == "audio_features":
        return (kind, fields) if len(found & set(MEASURED)) >= 3 else None
    if len(found) < 2:
        return None
    parse_mapping({"name": "draft", "records": [{"kind": kind, "fields": _parsed(fields)}]}, "draft")
    return kind, fields


def _parsed(fields: Sequence[tuple[str, str]]) -> dict[str, Any]:
    import tomllib

    return {path: tomllib.loads(f"value = {text}")["value"] for path, text in fields}


def _disentangled(kind: str, fields: list[tuple[str, str]], names: Sequence[str]) -> list[tuple[str, str]]:
    """`id` and `name` alone belong to what the file is about: an artist's, where it speaks of artists only."""
    about = guesses.about([plain_name(name) for name in names])
    bare = {json.dumps(name) for name in names if plain_name(name) in ("id", "name", "popularity", "uri")}
    of_track = {"track": "track", "audio_features": "track", "playlist_item": "track"}.get(kind, kind)
    return fields if of_track == about else [(p, t) for p, t in fields if not any(b in t for b in bare)]


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
