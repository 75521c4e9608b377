"""Every insight, as its own file says that it is best shown."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from soundlake.dashboard import answer, charts, filters, sql
from soundlake.dashboard.explain import explained
from soundlake.dashboard.source import Source
from soundlake.insights import Insight, load_insights

_CHOSEN_BY_TEXT = ("string",)
_MOST_FILTERS = 4
_FEW = 60  # values that a filter can list


def show(source: Source) -> None:
    """Draw the page."""
    st.title("All Insights")
    insights = {insight.title: insight for insight in load_insights()}
    insight = insights[st.selectbox("Insight", sorted(insights))]
    st.caption(f"{insight.question} {insight.grain[:1].upper()}{insight.grain[1:]}.")
    with explained(source):
        _rows(source, insight)


def _rows(source: Source, insight: Insight) -> None:
    view = insight.table.view
    names = insight.table.column_names
    days = next(
        (column.name for column in insight.columns if column.type == "date" and column.name in insight.key), None
    )
    conditions = []
    if days is not None and (span := filters.days(source, view, days, days)) is not None:
        conditions.append(sql.between(days, span))
    conditions += _choices(source, insight)
    order = ", ".join(insight.key)
    frame = source.ask(f"SELECT {', '.join(names)} FROM {view} {sql.where(*conditions)} ORDER BY {order} LIMIT 2000")
    titles = {column.name: column.name for column in insight.columns}
    chart = None if frame.empty else _chart(insight, frame, titles)
    answer.show(insight.name, frame, chart, titles, insight.title)
    if source.settings.catalog.type == "none":
        st.caption(f"In SQL: `SELECT * FROM {view}`, with `soundlake query`, DuckDB or Spark.")


def _choices(source: Source, insight: Insight) -> list[str]:
    """A filter for each text column that has few values."""
    candidates = [c.name for c in insight.columns if c.type in _CHOSEN_BY_TEXT and not c.name.endswith("_id")]
    if not candidates:
        return []
    view = insight.table.view
    counts = source.ask(
        f"SELECT {', '.join(f'count(DISTINCT {name}) AS {name}' for name in candidates)} FROM {view}"
    ).iloc[0]
    few = [name for name in candidates if 1 < counts[name] <= _FEW][:_MOST_FILTERS]
    conditions = []
    for place, name in zip(st.columns(max(1, len(few))), few, strict=False):
        with place:
            conditions.append(sql.one_of(name, filters.several(view, name, filters.values(source, view, name))))
    return conditions


def _chart(insight: Insight, frame: pd.DataFrame, titles: dict[str, str]) -> charts.Chart | None:
    kind, *given = (part.strip() for part in insight.chart.split(";"))
    parts = dict(part.split(": ", 1) for part in given)
    x, y, colour = (parts.get(name, "") for name in ("x", "y", "colour"))
    if kind == "bar" and x in frame and y in frame:
        value, label = (x, y) if frame[x].dtype.kind in "if" else (y, x)
        top = frame.nlargest(30, value).drop_duplicates(label)
        return charts.bars(top.assign(shown=top[label].astype(str)), value, "shown", titles)
    if kind == "line" and x in frame and y in frame:
        grouped = frame.assign(series=frame[colour].astype(str) if colour in frame else y).dropna(subset=[y])
        largest = grouped["series"].value_counts().index[: charts.MOST_COLOURS].tolist()
        return charts.lines(grouped[grouped["series"].isin(largest)], x, y, "series", titles, order=largest)
    if kind == "scatter" and x in frame and y in frame and colour in frame:
        known = frame.dropna(subset=[x, y, colour])
        return charts.scatter(known, x, y, colour, {name: name for name in dict.fromkeys([*insight.key, x, y, colour])})
    return None
