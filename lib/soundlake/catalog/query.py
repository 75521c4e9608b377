"""Running a query: through Athena where the catalog is Glue, else on the lake itself."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from soundlake.catalog.query_result import QueryResult
from soundlake.catalog.sql_text import Shared, with_shared
from soundlake.errors import UsageError
from soundlake.insights import Engine as RenderFor
from soundlake.insights import load_insights, render
from soundlake.settings import Settings, check_lake_exists

if TYPE_CHECKING:
    from soundlake.catalog.local import Part
    from soundlake.catalog.local_engine import LocalEngine

# As Athena's grammar has it: a carriage return ends a comment of a line, too.
_COMMENT = re.compile(r"\s*(--[^\r\n]*|/\*.*?\*/)", re.DOTALL)

Engine = Literal["athena", "duckdb"]


def sql_of(settings: Settings, what: str) -> str:
    """Return the SQL of an insight, by its name, or the SELECT itself; raises UsageError where it is neither."""
    insights = {insight.name: insight for insight in load_insights()}
    if what in insights:
        engine: RenderFor = "trino" if settings.catalog.type == "glue" else "duckdb"
        return render(insights[what].sql, settings.insights.as_of, settings.insights.time_zone, engine)
    if re.fullmatch(r"\w+", what):
        close = difflib.get_close_matches(what, insights, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UsageError(f"no insight {what!r}: {hint}the insights are {', '.join(sorted(insights))}")
    sql = what.strip().removesuffix(";").rstrip()
    if not re.match(r"(select|with|values)\b|\(", _without_comments(sql), re.IGNORECASE):
        raise UsageError("only a SELECT can be run; tables are written by the jobs")
    return sql


def ask(settings: Settings, sql: str, limit: int | None) -> QueryResult:
    """Run a SELECT and return at most `limit` rows; raises UsageError and SoundlakeError, see the engines."""
    return ask_all(settings, [sql], limit)[0]


def ask_all(
    settings: Settings,
    selects: Sequence[str],
    limit: int | None,
    parts: Mapping[str, Part] | None = None,
    engine: LocalEngine | None = None,
    shared: Shared | None = None,
) -> list[QueryResult]:
    """Run SELECTs and return at most `limit` rows of each; raises what `ask` raises.

    All of them may read `shared`. `parts` is the part of each table that the queries need, and `engine` what runs them,
    see `local.run`; Athena needs neither.
    """
    if settings.catalog.type == "glue":
        from soundlake.catalog import athena

        return [athena.run(settings, with_shared(shared, sql), limit) for sql in selects]
    from soundlake.catalog import local

    check_lake_exists(settings)
    return local.run(settings, selects, limit, parts, engine, shared)


def leading_columns(what: str) -> tuple[str, ...]:
    """The columns of an insight that matter most, its key and what its chart draws; none of another question."""
    for insight in load_insights():
        if insight.name == what:
            chart = insight.drawn_as
            return (*insight.key, chart.names, chart.beside, chart.x, chart.y, chart.colour)
    return ()


def caution(settings: Settings, what: str) -> str | None:
    """Return a warning where Athena's result differs from the local engine's; else None."""
    is_insight = any(insight.name == what for insight in load_insights())
    if settings.catalog.type == "glue" and settings.insights.time_zone != "UTC" and not is_insight:
        return f"Athena tells days and months in UTC, not in {settings.insights.time_zone} as the marts do"
    return None


def _without_comments(sql: str) -> str:
    while found := _COMMENT.match(sql):
        sql = sql[found.end() :]
    return sql.lstrip()
