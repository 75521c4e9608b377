"""Tables that are not there: what they mean to a reader, and what would fill them.

A table comes to be when its job first has something to write. So a table of records or of a model that is not there
holds nothing: a query over it is answered, and the reader is told. A mart that is not there was never built: a query
that reads it fails.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from functools import cache, partial

from soundlake.catalog.delta import open_table
from soundlake.catalog.glue import public_tables
from soundlake.errors import UsageError
from soundlake.insights.insight import Insight, load_insights
from soundlake.kinds import KINDS
from soundlake.settings import Settings, check_lake_exists
from soundlake.tables import TABLES, Table
from soundlake.views import VIEWS

KIND_OF = {kind.table.view: kind.name for kind in KINDS.values()}


def made_by(view: str) -> str:
    """The job that makes a table, by the table's name in SQL."""
    return _makers().get(view, "stream")


def why_empty(view: str) -> str:
    """Say that a table is not there, and what would fill it; of a name that no table has, which are like it."""
    if view not in _makers():
        return unknown(view)
    if (kind := KIND_OF.get(view)) is not None:
        return f"{view} is empty here: no records of kind {kind} have come; soundlake extract or import brings some"
    return f"{view} is empty here: ./spark-submit.sh {made_by(view)} fills it"


def unknown(name: str) -> str:
    """Say that no table has a name, which names are like it, with or without the layer, and what makes these tables."""
    by_word = {word: view for view in _makers() for word in (view, view.partition("_")[2])}
    near = dict.fromkeys(by_word[word] for word in difflib.get_close_matches(name.lower(), by_word, n=3))
    if not near:
        return f"there is no table {name}: soundlake status lists the tables of a lake"
    meant = " or ".join(f"{view} (made by ./spark-submit.sh {made_by(view)})" for view in near)
    return f"there is no table {name}: did you mean {meant}?"


@cache
def _makers() -> dict[str, str]:
    """The job that makes each table and view for analysts, by its name in SQL."""
    makers = {table.view: table.made_by for table in public_tables()}
    return makers | {view.view: makers[view.source.view] for view in VIEWS}


def missing_behind(names: Iterable[str], rows_of: Callable[[Table], int | None]) -> tuple[str, ...]:
    """The tables that are not there and because of which those of these names have nothing to say, marts' own included.

    `rows_of` tells how many rows a table has, None where it is not there. Behind a mart that has rows nothing is looked
    for.
    """
    insights = {insight.table.view: insight for insight in load_insights()}
    tables = {table.view: table for table in TABLES}
    sources = {view.view: view.source for view in VIEWS}
    found: set[str] = set()
    todo, seen = list(names), set(names)
    while todo:
        name = todo.pop()
        if name in insights:
            behind = set() if rows_of(insights[name].table) else set(insights[name].reads)
        elif name in sources:
            behind = {sources[name].view}
        else:
            behind = set()
            if name in tables and rows_of(tables[name]) is None:
                found.add(name)
        todo += behind - seen
        seen |= behind
    return tuple(sorted(found))


def state_of_marts(settings: Settings) -> dict[str, str]:
    """Say of each insight, by name, what its table holds in the settings' lake, or why it holds nothing.

    Nothing is said where catalog.type is glue, for Athena would be asked, nor where there is no lake.
    """
    if settings.catalog.type == "glue":
        return {}
    try:
        check_lake_exists(settings)
    except UsageError:
        return {}
    rows_of = cache(partial(rows_in, settings))
    return {insight.name: _state(insight, rows_of) for insight in load_insights()}


def rows_in(settings: Settings, table: Table) -> int | None:
    """How many rows a table has, by its Delta log; None where it is not there."""
    opened = open_table(settings, table)
    return None if opened is None else opened.count()


def _state(insight: Insight, rows_of: Callable[[Table], int | None]) -> str:
    rows = rows_of(insight.table)
    if rows is None:
        return f"not built: ./spark-submit.sh {insight.table.made_by}"
    if rows:
        return "1 row" if rows == 1 else f"{rows:,} rows"
    return f"empty: no {', '.join(missing_behind([insight.table.view], rows_of)) or 'rows fit'}"
