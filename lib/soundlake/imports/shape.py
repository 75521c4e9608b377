"""Payloads from rows: the tree of a record's fields, made once for a file, filled for every row.

There are two roads through one tree. `Node.value` takes any row and gives Python's values. `Node.texts` takes many rows
of texts at once and gives pieces of JSON, column by column: that is several times as quick, and how big tables are
read. A piece is `,"name":"value"`, or nothing where there is no value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from operator import itemgetter
from typing import Any, Protocol

from soundlake.imports.plain_columns import LENGTH_OF_ID, are_ids, integers, numbers
from soundlake.imports.unreadable import UnreadableError
from soundlake.imports.values import Reader

Cells = Sequence[Any]
Complain = Callable[[str, str], None]
Filler = Callable[[Cells, Complain], Any]
Tell = Callable[[int, str, str], None]
Path = tuple[str, ...]

# How many different cells of a column are remembered with their results.
_REMEMBERED = 20_000
_text = json.encoder.encode_basestring


class Node(Protocol):
    """A field of a payload."""

    name: str

    def value(self, cells: Cells, complain: Complain) -> Any:
        """The value for one row; None where there is none."""

    def texts(self, rows: Sequence[Sequence[str]], tell: Tell) -> list[str]:
        """The pieces of JSON for rows of texts; `tell` takes the row's place, the field and what is wrong."""


def as_json(value: Any) -> str:
    """A value as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def key_of(cell: Any) -> Any:
    """A cell as what it can be looked up by: lists and objects by what they hold."""
    return as_json(cell) if isinstance(cell, list | dict) else cell


@dataclass
class Constant:
    """The same value for all rows."""

    name: str
    constant: Any

    def value(self, cells: Cells, complain: Complain) -> Any:
        """The value."""
        return self.constant

    def texts(self, rows: Sequence[Sequence[str]], tell: Tell) -> list[str]:
        """The pieces."""
        return [_piece(self.name, self.constant)] * len(rows)


@dataclass
class Cell:
    """One cell and its reader; `quick` names the way to read a whole column of them, if there is one."""

    name: str
    path: str
    index: int
    read: Reader
    quick: str | None = None
    nulls: frozenset[str] = frozenset()
    _memo: dict[str, str] = field(default_factory=dict)
    _bad: dict[str, str] = field(default_factory=dict)

    def value(self, cells: Cells, complain: Complain) -> Any:
        """The value of the cell."""
        try:
            return self.read(cells[self.index])
        except UnreadableError as error:
            complain(self.path, str(error))
            return None

    def texts(self, rows: Sequence[Sequence[str]], tell: Tell) -> list[str]:
        """The pieces."""
        column = list(map(itemgetter(self.index), rows))
        head = f',"{self.name}":'
        if self.quick == "text" and self.nulls:
            nulls = self.nulls
            return [head + _text(c) if c and not c.isspace() and c.strip() not in nulls else "" for c in column]
        if self.quick == "text":
            return [head + _text(cell) if cell and not cell.isspace() else "" for cell in column]
        if self.quick == "id" and are_ids(column):
            return [f'{head}"{cell}"' for cell in column]
        if self.quick == "number" and (found := numbers(column)) is not None:
            return [head + number for number in found]
        if self.quick == "integer" and (found := integers(column)) is not None:
            return [head + number for number in found]
        memo = self._memo
        if len(memo) > _REMEMBERED:
            memo.clear()
            self._bad.clear()
        try:
            return list(map(memo.__getitem__, column))
        except KeyError:
            pass
        plain = self.quick == "id"
        pieces = [
            f'{head}"{cell}"'
            if plain and len(cell) == LENGTH_OF_ID and cell.isascii() and cell.isalnum()
            else memo[cell]
            if cell in memo
            else self._learn(cell)
            for cell in column
        ]
        if self._bad:
            for place, cell in enumerate(column):
                if cell in self._bad:
                    tell(place, self.path, self._bad[cell])
        return pieces

    def _learn(self, cell: str) -> str:
        try:
            piece = _piece(self.name, self.read(cell))
        except UnreadableError as error:
            self._bad[cell] = str(error)
            return ""  # and not remembered: every row that holds it is told
        self._memo[cell] = piece
        return piece


@dataclass
class Computed:
    """A value of several cells, or of rows that came before (then `indexes` is None: it is computed for each row)."""

    name: str
    fill: Filler
    indexes: tuple[int, ...] | None = None
    _memo: dict[Any, str] = field(default_factory=dict)

    def value(self, cells: Cells, complain: Complain) -> Any:
        """The value."""
        return self.fill(cells, complain)

    def texts(self, rows: Sequence[Sequence[str]], tell: Tell) -> list[str]:
        """The pieces."""
        memo = self._memo
        if len(memo) > _REMEMBERED:
            memo.clear()
        keys: list[Any] = list(map(itemgetter(*self.indexes), rows)) if self.indexes else [None] * len(rows)
        try:
            return list(map(memo.__getitem__, keys))
        except KeyError:
            pass
        pieces: list[str] = []
        for place, (key, cells) in enumerate(zip(keys, rows, strict=True)):
            if key is not None and key in memo:
                pieces.append(memo[key])
                continue
            wrong: list[tuple[str, str]] = []
            piece = _piece(self.name, self.fill(cells, lambda path, detail: wrong.append((path, detail))))  # noqa: B023
            for path, detail in wrong:
                tell(place, path, detail)
            if key is not None and not wrong:
                memo[key] = piece
            pieces.append(piece)
        return pieces


@dataclass
class Object:
    """An object of the fields that have a value; None where none has."""

    name: str
    nodes: Sequence[Node]

    def value(self, cells: Cells, complain: Complain) -> dict[str, Any] | None:
        """The object."""
        payload = {}
        for node in self.nodes:
            value = node.value(cells, complain)
            if value is not None:
                payload[node.name] = value
        return payload or None

    def texts(self, rows: Sequence[Sequence[str]], tell: Tell) -> list[str]:
        """The pieces."""
        return self.enclosed(self.pieces(rows, tell, {})[1])

    def pieces(
        self, rows: Sequence[Sequence[str]], tell: Tell, found: dict[Path, list[str]], above: Path = ()
    ) -> tuple[dict[str, list[str]], list[str]]:
        """The pieces of each field, and those of each row together; all of them are put into `found` by path."""
        columns: dict[str, list[str]] = {}
        for node in self.nodes:
            path = (*above, node.name)
            if isinstance(node, Object):
                columns[node.name] = node.enclosed(node.pieces(rows, tell, found, path)[1])
            else:
                columns[node.name] = found[path] = node.texts(rows, tell)
        return columns, list(map("".join, zip(*columns.values(), strict=True)))

    def enclosed(self, bodies: Sequence[str]) -> list[str]:
        """The pieces of the object from those of its fields."""
        head = f',"{self.name}":{{'
        return [f"{head}{body[1:]}}}" if body else "" for body in bodies]


def _piece(name: str, value: Any) -> str:
    return "" if value is None else f',"{name}":{as_json(value)}'


def build_object(leaves: Mapping[str, Node], above: str = "", name: str = "") -> Object:
    """The tree of an object from its fields by path; `artists[].id` is the `id` of each object of a list."""
    nodes: list[Node] = []
    inner: dict[str, dict[str, Node]] = {}
    lists: dict[str, dict[str, Node]] = {}
    for path, leaf in leaves.items():
        head, dot, rest = path.partition(".")
        if not dot:
            nodes.append(leaf)
        elif head.endswith("[0]"):
            lists.setdefault(head.removesuffix("[0]"), {})[f"{rest}[0]"] = leaf
        elif head.endswith("[]"):
            lists.setdefault(head.removesuffix("[]"), {})[rest] = leaf
        else:
            inner.setdefault(head, {})[rest] = leaf
    nodes += [build_object(of_head, f"{above}{head}.", head) for head, of_head in inner.items()]
    nodes += [_build_list(head, members, f"{above}{head}") for head, members in lists.items()]
    return Object(name, nodes)


def indexes_of(node: Node) -> tuple[int, ...] | None:
    """The cells that a field depends on; None where it depends on more."""
    if isinstance(node, Cell):
        return (node.index,)
    return node.indexes if isinstance(node, Computed) else ()


def _build_list(name: str, members: Mapping[str, Node], above: str) -> Computed:
    """A list of objects from one column for each member; a member named `id[0]` belongs to the first object alone."""
    of_first = {key.removesuffix("[0]"): node for key, node in members.items() if key.endswith("[0]")}
    of_all = {key: node for key, node in members.items() if not key.endswith("[0]")}

    def fill(cells: Cells, complain: Complain) -> list[dict[str, Any]] | None:
        lists = {}
        for key, node in of_all.items():
            value = node.value(cells, complain)
            if value is not None:
                lists[key] = value if isinstance(value, list) else [value]
        first = {key: value for key, node in of_first.items() if (value := node.value(cells, complain)) is not None}
        if len({len(values) for values in lists.values()}) > 1:
            # Which name belongs to which id is anybody's guess then: what comes first in the mapping is kept.
            complain(above, f"{' and '.join(lists)} are not equally many")
            lists = dict([next(iter(lists.items()))])
        if not lists:
            return [first] if first else None
        objects = [
            {key: value for key, value in zip(lists, values, strict=True) if value is not None}
            for values in zip_longest(*lists.values())
        ]
        if first and objects:
            objects[0] = {**first, **objects[0]}
        return objects

    indexes = [indexes_of(node) for node in members.values()]
    known = None if None in indexes else tuple(dict.fromkeys(i for of in indexes for i in of or ()))
    return Computed(name, fill, known)
