"""Rows on a terminal: the columns that fit in its width, or else a card for each row."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import pyarrow as pa
from rich.cells import cell_len
from rich.console import Group, JustifyMethod, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from soundlake.arrow_values import python_values

_GAP = 2  # between two columns: a space on either side of each
_LEAST_TEXT, _MOST_TEXT = 16, 60  # cells of a text in a table: as few where others need the room, as many at most
_LEAST_COLUMNS = 4  # where fewer would fit, each row becomes a card
_IDS = re.compile(r"(^|_)ids?$|_uri$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # would move the cursor or turn the text


@dataclass(frozen=True)
class Shown:
    """What to print, and the names of the columns that are not in it."""

    content: RenderableType
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Column:
    """A column: its place in the rows and its cells (None is null). Of these kinds only texts may be cut."""

    place: int
    name: str
    is_number: bool
    is_text: bool
    cells: tuple[str | None, ...]

    @cached_property
    def _widest_cell(self) -> int:
        return max((cell_len("null" if cell is None else cell) for cell in self.cells), default=0)

    @cached_property
    def width(self) -> int:
        """The cells that it takes where there is room."""
        return max(min(self._widest_cell, _MOST_TEXT) if self.is_text else self._widest_cell, cell_len(self.name))

    @cached_property
    def least(self) -> int:
        """The cells that it takes at least: a text may be cut, and the name broken after underscores."""
        cell = min(self._widest_cell, _LEAST_TEXT) if self.is_text else self._widest_cell
        return max(cell, *map(cell_len, _parts(self.name)), 0)

    def heading(self, width: int) -> str:
        """The name, broken into lines of this width."""
        lines = [""]
        for part in _parts(self.name):
            if lines[-1] and cell_len(lines[-1] + part) > width:
                lines.append("")
            lines[-1] += part
        return "\n".join(lines)

    @property
    def is_empty(self) -> bool:
        """Whether it has no value in any row."""
        return bool(self.cells) and all(cell is None for cell in self.cells)


def whole(rows: pa.Table, as_text: Callable[[Any], str]) -> Table:
    """All columns, each as wide as it is: a terminal wraps or scrolls the lines, nothing is cut."""
    columns = _columns(rows, as_text)
    grid = Table(box=None)
    for column in columns:
        # Names are shown as they are: nothing in them is markup.
        grid.add_column(Text(column.name), justify="right" if column.is_number else "left", overflow="fold")
    _fill(grid, columns)
    return grid


def fitted(rows: pa.Table, width: int, first: Sequence[str], as_text: Callable[[Any], str]) -> Shown:
    """The columns that fit in `width` cells, in their order; where too few fit, a card for each row.

    Columns without values are left out. Of the others those of `first` are chosen first, ids last. Texts are cut where
    that makes room for a column; numbers are rounded to three decimals.
    """
    columns = _columns(rows, lambda value: _rounded(value) if isinstance(value, float) else as_text(value))
    ranks = {name: rank for rank, name in enumerate(first)}
    wanted = [column for column in columns if not column.is_empty] or columns
    wanted.sort(key=lambda each: (bool(_IDS.search(each.name)), ranks.get(each.name, len(ranks)), each.place))
    ends = accumulate(each.least + _GAP for each in wanted)
    n_fitting = sum(end <= width for end in ends)
    is_table = n_fitting >= min(_LEAST_COLUMNS, len(wanted))
    chosen = sorted(wanted[:n_fitting] if is_table else wanted, key=lambda each: each.place)
    left_out = tuple(each.name for each in columns if each.place not in {one.place for one in chosen})
    return Shown(_grid(chosen, width) if is_table else _cards(chosen), left_out)


def _grid(columns: Sequence[_Column], width: int) -> Table:
    """A table of the columns; what is left of `width` goes to the texts that are cut most."""
    widths = {each.place: each.least for each in columns}
    for _ in range(width - sum(each.least + _GAP for each in columns)):
        if cut := [each for each in columns if widths[each.place] < each.width]:
            widths[min(cut, key=lambda each: widths[each.place]).place] += 1
    grid = Table(box=None)
    for each in columns:
        width = widths[each.place]
        justify: JustifyMethod = "right" if each.is_number else "left"
        grid.add_column(Text(each.heading(width)), justify=justify, width=width, no_wrap=True)
    _fill(grid, columns)
    return grid


def _cards(columns: Sequence[_Column]) -> Group:
    cards: list[RenderableType] = []
    for place, row in enumerate(zip(*(each.cells for each in columns), strict=True), start=1):
        card = Table.grid(padding=(0, 2))
        card.add_column(no_wrap=True, style="bold")
        card.add_column(overflow="fold")
        for column, cell in zip(columns, row, strict=True):
            if cell is not None:
                card.add_row(Text(column.name), Text(cell))
        cards += [Rule(str(place), align="left"), card]
    return Group(*cards)


def _fill(grid: Table, columns: Sequence[_Column]) -> None:
    for row in zip(*(each.cells for each in columns), strict=True):
        grid.add_row(*(Text("null", style="dim") if cell is None else Text(cell, overflow="ellipsis") for cell in row))


def _columns(rows: pa.Table, as_text: Callable[[Any], str]) -> list[_Column]:
    return [
        _Column(
            place,
            _visible(field.name),
            is_number=pa.types.is_integer(field.type)
            or pa.types.is_floating(field.type)
            or pa.types.is_decimal(field.type),
            is_text=(pa.types.is_string(field.type) or pa.types.is_nested(field.type)) and not _IDS.search(field.name),
            cells=tuple(None if value is None else _visible(as_text(value)) for value in python_values(column)),
        )
        for place, (field, column) in enumerate(zip(rows.schema, rows.columns, strict=True))
    ]


def _parts(name: str) -> list[str]:
    return re.findall(r"[^_]*_+|[^_]+", name)


def _visible(text: str) -> str:
    """A text whose control characters are told and not carried out: names come from strangers."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _rounded(value: float) -> str:
    if not math.isfinite(value) or 0 < abs(value) < 0.001:
        return f"{value:.3g}"
    return f"{value:.3f}".rstrip("0").rstrip(".")
