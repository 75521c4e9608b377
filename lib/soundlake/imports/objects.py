"""Objects as rows: which of their fields a mapping reads, and the cells it gets of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from soundlake.imports.columns import Columns, plain_name, plain_pattern
from soundlake.imports.mapping import FieldSource, TableMapping

Row = Mapping[str, Any]

_PLACE = re.compile(r"\d{1,9}", re.ASCII)


def sources_of(mapping: TableMapping) -> Iterator[FieldSource]:
    """Everything in a mapping that may read a column."""
    for record in mapping.records:
        yield from record.fields.values()
    yield from (source for source in (mapping.fetched_at, mapping.market) if source is not None)


def field_names(rows: Sequence[Row]) -> list[str]:
    """The dotted names of the fields of some objects, in the order of their first appearance."""
    names: dict[str, None] = {}
    for row in rows:
        for name in _names(row):
            names.setdefault(name)
    return list(names)


def wanted_names(mapping: TableMapping, seen: Sequence[str]) -> list[str]:
    """The fields that a mapping reads, of those that were seen; and those that nobody saw yet, as they may come."""
    columns = Columns(seen, mapping.aliases)
    wanted: dict[str, None] = {}
    groups = [group for source in sources_of(mapping) for group in (source.names, *source.single_names)]
    for record in mapping.records:
        groups += [(record.when.column,)] if record.when else []
    for group in groups:
        found = [seen[index] for name in group if (index := columns.find(name)) is not None]
        for name in found or group[:1]:
            wanted.setdefault(name)
    for source in sources_of(mapping):
        for pattern in map(plain_pattern, source.columns or ()):
            for name in seen:
                if fnmatchcase(plain_name(name), pattern):
                    wanted.setdefault(name)
    return list(wanted)


def each_row(rows: Iterator[tuple[int, Row]], path: str | None) -> Iterator[tuple[int, Row]]:
    """Rows of the elements of a list that objects hold at a path, numbered anew: each in the place of the list.

    `<path>.#` is its place from 0. An object without elements stays a row, without the list.
    """
    if path is None:
        yield from rows
        return
    way, number = path.split("."), 0
    for _, row in rows:
        found = _walk(row, path, way)
        elements = found if isinstance(found, list) and found else [None]
        for place, element in enumerate(elements):
            number += 1
            yield number, {**_with(row, way, element), f"{path}.#": None if element is None else place}


def _with(row: Row, way: Sequence[str], value: Any) -> dict[str, Any]:
    """The object with another value at a path."""
    first, *rest = way
    inner = row.get(first)
    return {**row, first: value if not rest else _with(inner if isinstance(inner, Mapping) else {}, rest, value)}


def getter(names: Sequence[str]) -> Callable[[Row], list[Any]]:
    """A function that gives an object's values for these names."""
    if all("." not in name for name in names):
        return lambda row: [row.get(name) for name in names]
    ways = [(name, name.split(".")) for name in names]
    return lambda row: [_walk(row, name, way) for name, way in ways]


def _walk(row: Row, name: str, way: Sequence[str]) -> Any:
    if name in row:
        return row[name]
    value: Any = row
    for part in way:
        if isinstance(value, list) and _PLACE.fullmatch(part):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _names(row: Row, above: str = "") -> Iterator[str]:
    for name, value in row.items():
        yield above + name
        if isinstance(value, Mapping):
            yield from _names(value, f"{above}{name}.")
