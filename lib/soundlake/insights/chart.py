"""How the table of an insight is drawn: the `chart` line of its header, read and checked. Needs no Spark."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

Kind = Literal["bar", "line", "column", "area", "heatmap", "scatter", "table"]
Function = Literal["sum", "max", "count", "distinct", "mean", "ratio"]
Step = Literal["day", "week", "month"]

_OVER_TIME = ("line", "column", "area")
_AXES: dict[str, tuple[str, ...]] = {
    "bar": ("x", "y"),
    "line": ("x", "y"),
    "column": ("x", "y"),
    "area": ("x", "y"),
    "heatmap": ("x", "y", "colour"),
    "scatter": ("x", "y", "colour"),
    "table": (),
}
_COLUMNS = ("x", "y", "colour", "each", "beside", "n", "order")
_PARTS = (*_COLUMNS, "aggregate", "top", "one", "every", "until", "label", "reverse")
_WORDS = ("sum", "max", "count", "distinct")
_MEAN = re.compile(r"mean by (\w+)")
_RATIO = re.compile(r"(\w+) / (\w+)")
_UNTIL = re.compile(r"gold_\w+\.\w+")


@dataclass(frozen=True)
class Aggregate:
    """How the rows of one mark are aggregated: a function of one or two columns."""

    function: Function = "sum"
    value: str = ""
    weight: str = ""


@dataclass(frozen=True)
class Chart:
    """How a table is drawn.

    `measure` is the column drawn as a number, aggregated by `aggregate` over the rows of one mark. `names` is the
    column whose values get a colour or bar each; `each` is its id, where names repeat; `beside` stands beside it.
    `one` lists columns of which exactly one value is shown, with the default, empty for the value with the most rows.
    `until` names the date column, as `gold_TABLE.COLUMN`, whose range is that of the data.
    """

    kind: Kind
    x: str = ""
    y: str = ""
    colour: str = ""
    each: str = ""
    beside: str = ""
    aggregate: Aggregate = Aggregate()
    n: str = ""
    order: str = ""
    top: int | None = None
    one: tuple[tuple[str, str], ...] = ()
    every: Step | None = None
    until: str = ""
    label: str = ""
    is_reversed: bool = False

    @property
    def measure(self) -> str:
        """The column that is drawn as a number."""
        return {"bar": self.x, "heatmap": self.colour}.get(self.kind, self.y)

    @property
    def names(self) -> str:
        """The column whose values get a colour or bar each; empty for a single line."""
        return self.y if self.kind == "bar" else self.colour

    @property
    def is_over_time(self) -> bool:
        """Whether x is time."""
        return self.kind in _OVER_TIME


def parse_chart(text: str, types: Mapping[str, str]) -> Chart:
    """Read the `chart` line of a header.

    Args:
        text: `kind; part: value; …`, as docs/insights.md describes it.
        types: The declared columns with their types.

    Raises:
        ValueError: The line is wrong; the message lists all problems.
    """
    kind, *given = (part.strip() for part in text.split(";"))
    parts = {name: value for name, _, value in (part.partition(": ") for part in given)}
    if kind not in _AXES:
        raise ValueError(f"chart: {kind!r} is not a kind of chart; the kinds are {', '.join(_AXES)}")
    wrong = [*_wrong_parts(kind, parts), *_wrong_columns(parts, types), *_wrong_values(kind, parts, types)]
    if wrong:
        raise ValueError("chart: " + "; ".join(wrong))
    chart = Chart(
        kind=cast("Kind", kind),
        x=parts.get("x", ""),
        y=parts.get("y", ""),
        colour=parts.get("colour", ""),
        each=parts.get("each", ""),
        beside=parts.get("beside", ""),
        n=parts.get("n", ""),
        order=parts.get("order", ""),
        until=parts.get("until", ""),
        label=parts.get("label", ""),
        top=int(parts["top"]) if "top" in parts else None,
        one=tuple(_ones(parts)),
        every=cast("Step | None", parts.get("every")),
        is_reversed="reverse" in parts,
    )
    return replace(chart, aggregate=_aggregate(parts.get("aggregate", "sum"), chart.measure))


def _wrong_parts(kind: str, parts: Mapping[str, str]) -> Iterable[str]:
    for name in parts.keys() - set(_PARTS):
        yield f"{name!r} is not a part of a chart{_hint(name, _PARTS)}"
    for name in _AXES[kind]:
        if not parts.get(name):
            yield f"a {kind} needs {name}"


def _wrong_columns(parts: Mapping[str, str], types: Mapping[str, str]) -> Iterable[str]:
    named = {name: [parts[name]] for name in _COLUMNS if parts.get(name)}
    named["one"] = [column for column, _ in _ones(parts)]
    named["aggregate"] = _columns_of(parts.get("aggregate", "sum"))
    for part, columns in named.items():
        for column in columns:
            if column not in types:
                yield f"{part} names {column!r}, which is not a column{_hint(column, types)}"


def _wrong_values(kind: str, parts: Mapping[str, str], types: Mapping[str, str]) -> Iterable[str]:
    aggregate = parts.get("aggregate", "sum")
    if aggregate not in _WORDS and not _MEAN.fullmatch(aggregate) and not _RATIO.fullmatch(aggregate):
        yield f"aggregate is {aggregate!r}, not {', '.join(_WORDS)}, 'mean by COLUMN' or 'COLUMN / COLUMN'"
    if "top" in parts and not parts["top"].isdecimal():
        yield f"top is {parts['top']!r}, not a number"
    if "every" in parts and parts["every"] not in get_args(Step):
        yield f"every is {parts['every']!r}, not {', '.join(get_args(Step))}"
    if "until" in parts and not _UNTIL.fullmatch(parts["until"]):
        yield f"until is {parts['until']!r}, not gold_TABLE.COLUMN"
    if kind in _OVER_TIME and types.get(parts.get("x", ""), "date") != "date":
        yield f"x of a {kind} must be a date, and {parts['x']!r} is not"


def _aggregate(text: str, measure: str) -> Aggregate:
    if found := _MEAN.fullmatch(text):
        return Aggregate("mean", measure, found[1])
    if found := _RATIO.fullmatch(text):
        return Aggregate("ratio", found[1], found[2])
    return Aggregate(cast("Function", text), measure)


def _columns_of(aggregate: str) -> list[str]:
    found = _MEAN.fullmatch(aggregate) or _RATIO.fullmatch(aggregate)
    return list(found.groups()) if found else []


def _ones(parts: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for part in filter(None, parts.get("one", "").split(", ")):
        column, _, value = part.partition(" = ")
        yield column, value


def _hint(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f": did you mean {close[0]}?" if close else ""
