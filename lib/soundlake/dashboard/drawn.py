"""The chart of an insight, drawn from its marks as its header says."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from soundlake.dashboard import charts
from soundlake.dashboard.labels import labels
from soundlake.dashboard.links import NAMES, Links, leading
from soundlake.insights import Chart, Insight

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def titles_of(insight: Insight) -> dict[str, str]:
    """The marks' columns in the table under the chart, with their headings."""
    chart = insight.drawn_as
    measure = chart.label or readable(chart.measure)
    if chart.kind == "scatter":
        named = {"beside": readable(chart.beside), "name": readable(chart.names), "x": readable(chart.x)}
        return {**named, "value": measure}
    if chart.kind == "heatmap":
        return {"y": readable(chart.y), "x": readable(chart.x), "value": measure}
    titles = {"at": readable(chart.every or chart.x)} if chart.is_over_time else {}
    titles |= {"name": readable(chart.names)} if chart.names else {}
    titles |= {"beside": readable(chart.beside)} if chart.beside else {}
    titles |= {"part": readable(chart.colour)} if chart.kind == "bar" and chart.colour else {}
    return {**titles, "value": measure, **({"n": readable(chart.n)} if chart.n else {})}


def columns_of(insight: Insight) -> dict[str, str]:
    """The names of the marks' columns in the CSV: those of the mart."""
    chart = insight.drawn_as
    # What is counted, or divided by another column, is not what its own column holds.
    is_other = chart.aggregate.function in ("count", "distinct", "ratio") and chart.aggregate.value == chart.measure
    value = chart.label.partition(",")[0].lower().replace(" ", "_") if is_other else chart.measure
    names = {"x": chart.x, "y": chart.y, "at": chart.every or chart.x, "name": chart.names, "part": chart.colour}
    return {**names, "beside": chart.beside, "n": chart.n, "value": value}


def links_of(insight: Insight) -> Links:
    """Which columns of the marks name things with a page."""
    chart = insight.drawn_as
    if chart.kind == "scatter":  # its ids are those of what stands beside
        columns = {"beside": (chart.beside, "id")}
    else:
        columns = {"name": (chart.names, "id"), "beside": (chart.beside, "beside_id")}
    return {mark: (NAMES[column][0], id_) for mark, (column, id_) in columns.items() if column in NAMES}


def linked(insight: Insight, marks: pd.DataFrame) -> pd.DataFrame:
    """Marks that lead to the page of the thing that they are of."""
    links = links_of(insight)
    if not links:
        return marks
    # A thing without an id has its name in its place, see `sql.known_id`.
    known = marks.assign(id=marks["id"].where(marks["id"] != marks["name"]))
    return leading(known, next(iter(links)), links)


def readable(column: str) -> str:
    """The name of a column as a heading."""
    return "Period" if column == "starts_on" else column.removesuffix("_name").replace("_", " ").capitalize()


def prepared(chart: Chart, marks: pd.DataFrame) -> pd.DataFrame:
    """Prepare marks for drawing: unique labels, names of weekdays, zeros where nothing was counted."""
    if chart.kind == "heatmap" and chart.y == "weekday":
        return marks.assign(y=pd.Series([WEEKDAYS[int(day) - 1] for day in marks["y"]], marks.index))
    if chart.kind in ("heatmap", "scatter"):
        return marks
    marks = marks.assign(shown=pd.Series(labels(marks), marks.index))
    if chart.is_over_time and chart.aggregate.function in ("sum", "count"):
        return with_zeros(marks)
    return marks


def with_zeros(marks: pd.DataFrame) -> pd.DataFrame:
    """Add zeros for what was not counted at a time between the first and the last count: no gaps in a line."""
    counts = marks[marks["value"] > 0]["at"]
    if counts.empty:
        return marks
    marks = marks[marks["at"].between(counts.min(), counts.max())]
    things = marks[["id", "name", "beside", "shown"]].drop_duplicates("id")
    everything = things.merge(marks[["at"]].drop_duplicates().sort_values("at"), how="cross")
    counted = marks.drop(columns=["name", "beside", "shown", "known"])
    filled = everything.merge(counted, on=["id", "at"], how="left")
    return filled.assign(value=filled["value"].fillna(0).astype(marks["value"].dtype))


def draw(insight: Insight, marks: pd.DataFrame, known: Sequence[str] = ()) -> charts.Chart | None:
    """The chart of prepared marks; `known` names keep their colours."""
    chart, titles = insight.drawn_as, titles_of(insight)
    match chart.kind:
        case "bar" if chart.colour:
            return charts.stacked_bars(marks, "value", "shown", "part", titles)
        case "bar":
            return charts.bars(marks, "value", "shown", titles, known=known)
        case "line":
            return charts.lines(marks, "at", "value", "shown", titles, reverse=chart.is_reversed)
        case "column":
            return charts.stacked(marks, "at", "value", "shown", titles)
        case "area":
            whole = marks[~marks[charts.UNFINISHED]] if charts.UNFINISHED in marks else marks
            return charts.areas(whole if len(whole) else marks, "at", "value", "shown", titles, known=known)
        case "heatmap":
            return charts.heatmap(marks, "x", "y", "value", titles)
        case "scatter":
            return charts.scatter(marks, "x", "value", "name", titles, reverse=chart.is_reversed, known=known)
        case "table":
            return None
