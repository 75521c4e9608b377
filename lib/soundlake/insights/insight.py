"""The .sql files: what they ask, what their tables hold, and in which order they are built. Needs no Spark."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from graphlib import TopologicalSorter
from importlib.resources import files
from pathlib import Path
from typing import Literal

from soundlake.insights.chart import Chart, parse_chart
from soundlake.tables import TABLES, Column, Table

_HEADER = re.compile(r"-- (title|question|grain|key|chart): (.+)")
_INCREMENTAL = re.compile(r"-- incremental: (\w+) = (.+) of (\w+)")
_COLUMN = re.compile(r"-- column (\w+) ([\w<>,:]+): (.+)")
_COMMENT = re.compile(r"--.*")
_INCLUDE = re.compile(r"\{include (\w+)(?:: (\w+) = ([^}]+))?\}")
_TABLE_NAME = re.compile(r"\b(?:silver|gold)_\w+")
_LOCAL = re.compile(r"\{local:(\w+)\}")

Engine = Literal["spark", "duckdb", "trino"]

# The local time of a moment, in each engine's words; the only words that differ.
_LOCAL_TIME: dict[Engine, str] = {
    "spark": "from_utc_timestamp({moment}, '{zone}')",
    "duckdb": "timezone('{zone}', {moment})",
    "trino": "({moment} AT TIME ZONE '{zone}')",
}


@dataclass(frozen=True)
class Incremental:
    """How the table of an insight is built partition by partition.

    Its rows with one value of `column` come from the rows of `source` (a table's name in SQL) with one value of
    `expression`, and from nothing else. So partitions whose source did not change need not be computed again.
    """

    column: str
    expression: str
    source: str


@dataclass(frozen=True)
class Insight:
    """A question, the query that answers it, and the table that holds the answer.

    `sql` may hold parameters, see `render`. `chart` is the header's line of that name, `drawn_as` what it means.
    """

    name: str
    title: str
    question: str
    grain: str
    key: tuple[str, ...]
    chart: str
    columns: tuple[Column, ...]
    sql: str
    incremental: Incremental | None = None

    @cached_property
    def drawn_as(self) -> Chart:
        """How the table is drawn."""
        return parse_chart(self.chart, {column.name: column.type for column in self.columns})

    @cached_property
    def table(self) -> Table:
        """The table of the answer, declared as every other table is."""
        grain = self.grain[:1].upper() + self.grain[1:]
        return Table("gold", self.name, f"{self.question} {grain}.", self.key, self.columns, made_by="build_insights")

    @cached_property
    def reads(self) -> frozenset[str]:
        """The tables that the query reads, by their names in SQL."""
        return frozenset(_TABLE_NAME.findall(self.code))

    @property
    def code(self) -> str:
        """The query without the header and other comments."""
        return _COMMENT.sub("", self.sql)


@cache
def load_insights() -> tuple[Insight, ...]:
    """Return all insights, each after those whose tables it reads; raises ValueError for a header that lacks a part."""
    insights = [
        parse_insight(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
        for file in files(__package__).iterdir()
        if file.name.endswith(".sql")
    ]
    return tuple(in_order(insights))


def all_tables() -> tuple[Table, ...]:
    """Return every table of a lake: those that `soundlake.tables` declares, and one for each insight."""
    return (*TABLES, *(insight.table for insight in load_insights()))


def parse_insight(name: str, text: str) -> Insight:
    """Read the text of one .sql file, with what it includes.

    Raises ValueError when its header lacks a part, the parts do not agree, or there is nothing of an included name.
    """
    try:
        text = _INCLUDE.sub(_included, text)
    except FileNotFoundError as error:
        file = Path(error.filename).name
        raise ValueError(f"insights/{name}.sql includes {file}, which is not in insights/shared") from None
    header = dict(_HEADER.findall(text))
    columns = tuple(Column(*found) for found in _COLUMN.findall(text))
    missing = {"title", "question", "grain", "key", "chart"} - header.keys()
    if missing or not columns:
        raise ValueError(f"insights/{name}.sql: the header lacks {', '.join(sorted(missing)) or 'columns'}")
    key = tuple(header.pop("key").split(", "))
    found = _INCREMENTAL.search(text)
    incremental = None if found is None else Incremental(*found.groups())
    insight = Insight(name=name, **header, key=key, columns=columns, sql=text, incremental=incremental)
    _check_incremental(insight)
    _check_chart(insight)
    return insight


def _included(found: re.Match[str]) -> str:
    """The SQL that `{include NAME}` or `{include NAME: PARAMETER = VALUE}` stands for."""
    name, parameter, value = found.groups()
    sql = (files(__package__) / "shared" / f"{name}.sql").read_text(encoding="utf-8").rstrip()
    return sql if parameter is None else sql.replace(f"{{{parameter}}}", value)


def _check_chart(insight: Insight) -> None:
    try:
        _ = insight.drawn_as
    except ValueError as error:
        raise ValueError(f"insights/{insight.name}.sql: {error}") from None


def _check_incremental(insight: Insight) -> None:
    incremental = insight.incremental
    if incremental is None:
        return
    if insight.reads != {incremental.source}:
        raise ValueError(f"insights/{insight.name}.sql: an incremental insight reads its one source and nothing else")
    if (incremental.column, "date") not in [(column.name, column.type) for column in insight.columns]:
        raise ValueError(
            f"insights/{insight.name}.sql: incremental is by {incremental.column}, which is none of its dates"
        )


def in_order(insights: Iterable[Insight]) -> list[Insight]:
    """Sort insights by name, each after those it reads; raises graphlib.CycleError when some read each other."""
    by_view = {insight.table.view: insight for insight in sorted(insights, key=lambda insight: insight.name)}
    order = TopologicalSorter({view: sorted(insight.reads & by_view.keys()) for view, insight in by_view.items()})
    return [by_view[view] for view in order.static_order()]


def with_needed(insights: Iterable[Insight], names: Iterable[str]) -> list[Insight]:
    """Return the insights of these names and those they need, in the order given; raises KeyError for unknown names."""
    insights = list(insights)
    by_view = {insight.table.view: insight for insight in insights}
    by_name = {insight.name: insight for insight in insights}
    wanted: set[str] = set()
    todo = [by_name[name] for name in names]
    while todo:
        insight = todo.pop()
        if insight.name not in wanted:
            wanted.add(insight.name)
            todo += [by_view[view] for view in insight.reads & by_view.keys()]
    return [insight for insight in insights if insight.name in wanted]


def render(sql: str, as_of: date | None, time_zone: str = "UTC", engine: Engine = "spark") -> str:
    """Fill in the parameters, for one engine.

    `{as_of}` becomes a date, or null where the newest data decide. `{local:column}` becomes the local time of a moment
    in the time zone. The session that runs the text has to be in UTC.
    """
    day = f"DATE '{as_of.isoformat()}'" if as_of else "CAST(NULL AS date)"
    return _LOCAL.sub(lambda found: local_time(found[1], time_zone, engine), sql).replace("{as_of}", day)


def local_time(moment: str, time_zone: str, engine: Engine) -> str:
    """The expression for the local time of a moment; the session that runs it has to be in UTC."""
    return moment if time_zone == "UTC" else _LOCAL_TIME[engine].format(moment=moment, zone=time_zone)
