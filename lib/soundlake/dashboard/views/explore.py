"""Every insight: the chart that its header declares, and the rows of its mart."""

from __future__ import annotations

import streamlit as st

from soundlake.dashboard import answer, filters, periods, sql
from soundlake.dashboard.chart_sql import marks_sql, options_sql
from soundlake.dashboard.drawn import columns_of, draw, linked, links_of, prepared, readable, titles_of
from soundlake.dashboard.explain import explained
from soundlake.dashboard.source import DataSource
from soundlake.insights import Insight, load_insights

_MOST_FILTERS = 4
_FEW = 60  # values that a filter can list
_MOST_ROWS = 2000  # of the mart itself


def show(source: DataSource) -> None:
    """Draw the page."""
    st.title("All Insights")
    insights = {insight.title: insight for insight in load_insights()}
    insight = insights[st.selectbox("Insight", sorted(insights), **filters.kept("insight"))]
    st.caption(f"{insight.question} {insight.grain[:1].upper()}{insight.grain[1:]}.")
    with explained(source):
        with filters.folded():
            conditions, single = _choices(source, insight)
        _chart(source, insight, conditions, single)
        _rows(source, insight, conditions)


def _choices(source: DataSource, insight: Insight) -> tuple[list[str], dict[str, str]]:
    """The viewer's choices as conditions of SQL, and the value of each column of which exactly one is shown."""
    view = insight.table.view
    days = next(
        (column.name for column in insight.columns if column.type == "date" and column.name in insight.key), None
    )
    conditions, single = [], {}
    if days is not None and (span := filters.days(source, view, days, readable(days))) is not None:
        conditions.append(sql.between(days, span))
    for column, first in insight.drawn_as.one:
        options = [str(value) for value in source.ask(options_sql(view, column, conditions))["v"]]
        if options:
            index = options.index(first) if first in options else 0
            single[column] = st.selectbox(readable(column), options, index=index, **filters.kept(view, column))
            conditions.append(sql.one_of(column, [single[column]]))
    return conditions + _several(source, insight), single


def _several(source: DataSource, insight: Insight) -> list[str]:
    """A filter for each other text column that has few values."""
    single = [column for column, _ in insight.drawn_as.one]
    texts = [column.name for column in insight.columns if column.type == "string" and column.name not in single]
    candidates = [name for name in texts if not name.endswith("_id")]
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
            chosen = filters.several(view, readable(name), filters.values(source, view, name))
            conditions.append(sql.one_of(name, chosen))
    return conditions


def _chart(source: DataSource, insight: Insight, conditions: list[str], single: dict[str, str]) -> None:
    chart = insight.drawn_as
    if chart.kind == "table":
        return
    fewest = source.settings.dashboard.min_n
    marks = source.ask(marks_sql(insight, conditions, fewest))
    shown = marks if marks.empty else prepared(chart, marks)
    step, days = _step(insight, single), _days(source, insight, single)
    if chart.is_over_time and len(shown):
        shown = periods.mark(shown, "at", step, days)
    shown = linked(insight, shown)
    known = filters.clusters(source) if chart.names == "cluster_name" else []
    picture = None if marks.empty else draw(insight, shown, known)
    titles, links = titles_of(insight), links_of(insight)
    answer.show(insight.name, shown, picture, titles, insight.title, csv_names=columns_of(insight), links=links)
    if chart.is_over_time:
        periods.explain(shown, "at", step, days, "left out of the chart" if chart.kind == "area" else "dashed or pale")
    if chart.n:
        st.caption(f"Only means of at least {fewest} {readable(chart.n).lower()} are shown (`dashboard.min_n`).")
    if len(marks) and "known" in marks and (all_ := int(marks["known"].max())) > (drawn := marks["id"].nunique()):
        st.caption(f"The first {drawn:,} of {all_:,}.")


def _step(insight: Insight, single: dict[str, str]) -> str:
    """The length of the periods, from the header, the chosen period or the column's name."""
    chart = insight.drawn_as
    return chart.every or (single.get("period", "") if chart.x == "starts_on" else chart.x)


def _days(source: DataSource, insight: Insight, single: dict[str, str]) -> periods.Extent | None:
    """The first and last day of the data that the chart shows."""
    until = insight.drawn_as.until
    if not until:
        return None
    view = until.partition(".")[0]
    known = next(one.table.column_names for one in load_insights() if one.table.view == view)
    return periods.extent(source, until, [sql.one_of(name, [one]) for name, one in single.items() if name in known])


def _rows(source: DataSource, insight: Insight, conditions: list[str]) -> None:
    view = insight.table.view
    st.subheader("Rows of the mart")
    known = int(source.ask(f"SELECT count(*) AS n FROM {view} {sql.where(*conditions)}")["n"][0])
    frame = source.ask(
        f"SELECT {', '.join(insight.table.column_names)} FROM {view} {sql.where(*conditions)} "
        f"ORDER BY {', '.join(insight.key)} LIMIT {_MOST_ROWS}"
    )
    if known > _MOST_ROWS:
        st.caption(f"The first {_MOST_ROWS:,} of {known:,} rows: the chart counts them all.")
    answer.show(f"{insight.name}-rows", frame, None, {column.name: column.name for column in insight.columns})
    if source.settings.catalog.type == "none":
        st.caption(f"In SQL: `SELECT * FROM {view}`, with `soundlake query`, DuckDB or Spark.")
