"""The SQL of an insight's chart, in the subset that DuckDB and Athena share: one row a mark, over the whole mart.

The rows have neutral columns: `at` (time), `id`, `name`, `beside`, `part`, `value`, `n`, and `known`: how many things
there are without the limit.
"""

from __future__ import annotations

from collections.abc import Sequence

from soundlake.catalog.sql_text import literal
from soundlake.dashboard import sql
from soundlake.insights import Chart, Insight

_ALL = "all"


def marks_sql(insight: Insight, conditions: Sequence[str], fewest: int = 0) -> str:
    """The SELECT that gives the marks of an insight's chart.

    Args:
        insight: Its header says what is drawn.
        conditions: What the viewer chose, each an expression of SQL.
        fewest: Marks with a smaller `n` are left out, where the header names one.
    """
    chart = insight.drawn_as
    picked = _picked(insight, conditions)
    if chart.kind == "scatter":
        return (
            f"WITH {picked} SELECT id, name, beside, x, value, count(*) OVER () AS known FROM picked "
            f"WHERE x IS NOT NULL AND value IS NOT NULL AND name IS NOT NULL ORDER BY placed DESC, id LIMIT {chart.top}"
        )
    value, n = _measure(chart), "CAST(sum(counted) AS bigint)" if chart.n else "CAST(NULL AS bigint)"
    enough = f" AND {n} >= {fewest}" if chart.n and fewest else ""
    if chart.kind == "heatmap":
        return f"WITH {picked} SELECT x, y, {value} AS value FROM picked GROUP BY x, y ORDER BY y, x"
    order = "min(placed)" if chart.order else f"{value} DESC"
    if chart.kind == "bar" and not chart.colour:
        return (
            f"WITH {picked} SELECT id, max(name) AS name, max(beside) AS beside, {value} AS value, "
            f"count(*) OVER () AS known FROM picked WHERE name IS NOT NULL GROUP BY id "
            f"HAVING {value} IS NOT NULL ORDER BY {order}, id{_limit(chart)}"
        )
    across = "part" if chart.kind == "bar" else "at"
    return (
        f"WITH {picked}, largest AS (SELECT id, max(name) AS name, max(beside) AS beside, {_weight(chart)} AS total, "
        f"count(*) OVER () AS known FROM picked WHERE name IS NOT NULL GROUP BY id ORDER BY total DESC NULLS LAST, id"
        f"{_limit(chart)}) "
        f"SELECT p.{across}, l.id, l.name, l.beside, l.known, {value} AS value, {n} AS n "
        f"FROM picked AS p JOIN largest AS l ON l.id = p.id "
        f"GROUP BY p.{across}, l.id, l.name, l.beside, l.known, l.total HAVING {value} IS NOT NULL{enough} "
        f"ORDER BY l.total DESC NULLS LAST, l.id, p.{across}"
    )


def options_sql(view: str, column: str, conditions: Sequence[str]) -> str:
    """The SELECT that gives the values of a column, the one with the most rows first."""
    clause = sql.where(f"{column} IS NOT NULL", *conditions)
    return f"SELECT {column} AS v, count(*) AS n FROM {view} {clause} GROUP BY {column} ORDER BY n DESC, v LIMIT 1000"


def _picked(insight: Insight, conditions: Sequence[str]) -> str:
    """The rows that are chosen, with the columns that the chart needs under neutral names."""
    chart, view = insight.drawn_as, insight.table.view
    types = {column.name: column.type for column in insight.columns}
    name = _text(chart.names, types) if chart.names else literal(_ALL)
    id_ = sql.known_id(f"CAST({chart.each} AS varchar)", name) if chart.each else name
    columns = {"id": id_, "name": name, "beside": chart.beside or "CAST(NULL AS varchar)"}
    if chart.kind == "scatter":
        columns |= {"id": insight.key[-1], "x": chart.x, "value": chart.y, "placed": chart.order}
    elif chart.kind == "heatmap":
        columns |= {"x": chart.x, "y": chart.y}
    elif chart.kind == "bar":
        columns |= {"part": chart.colour} if chart.colour else {}
        columns |= {"placed": chart.order} if chart.order else {}
    else:
        columns["at"] = f"CAST(date_trunc('{chart.every}', {chart.x}) AS date)" if chart.every else chart.x
    if chart.kind != "scatter":
        columns |= {"measured": chart.aggregate.value}
        columns |= {"weighed": chart.aggregate.weight} if chart.aggregate.weight else {}
        columns |= {"counted": chart.n} if chart.n else {}
    listed = ", ".join(f"{expression} AS {column}" for column, expression in columns.items())
    return f"picked AS (SELECT {listed} FROM {view} {sql.where(*conditions)})"


def _text(column: str, types: dict[str, str]) -> str:
    if types[column] == "boolean":
        words = column.replace("_", " ")
        return f"CASE WHEN {column} THEN '{words}' WHEN NOT {column} THEN 'not {words}' END"
    return column if types[column] == "string" else f"CAST({column} AS varchar)"


def _measure(chart: Chart) -> str:
    match chart.aggregate.function:
        case "count":
            return "count(measured)"
        case "distinct":
            return "count(DISTINCT measured)"
        case "max":
            return "max(measured)"
        case "mean":
            known = "CASE WHEN measured IS NOT NULL THEN weighed END"
            return f"sum(CAST(measured AS double) * weighed) / nullif(sum({known}), 0)"
        case "ratio":
            known = "CASE WHEN measured IS NOT NULL THEN weighed END"
            return f"CAST(sum(measured) AS double) / nullif(sum({known}), 0)"
        case "sum":
            return "sum(measured)"


def _weight(chart: Chart) -> str:
    """What picks the largest: for a mean, how much it is taken over, so that a high mean over little does not win."""
    return {"mean": "sum(weighed)", "ratio": "sum(measured)"}.get(chart.aggregate.function, _measure(chart))


def _limit(chart: Chart) -> str:
    return f" LIMIT {chart.top}" if chart.top else ""
