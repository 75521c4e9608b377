"""The charts: coloured by `soundlake.dashboard.colours`, with shapes beside the colours of lines.

Each function takes rows from the lake and returns a chart that fits its container, also on a phone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from soundlake.dashboard import axes
from soundlake.dashboard.colours import BLUE, PALETTE, RED

MOST_COLOURS = 8  # more lines are hard to follow
LINK = "link"  # a column: where a click on the row's mark leads
UNFINISHED = "unfinished"  # a column: whether the data cover the row's week or month only in part
SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-right",
)  # seven, so that colours and shapes do not repeat together
_BAR_HEIGHT = 24
_AXIS_HEIGHT = 60
_HEIGHT = 340
# The widths of names in pixels: a phone has less to give.
_LABEL = alt.ExprRef("containerSize()[0] > 600 ? 300 : 125")  # in a legend
_BAR_LABEL = alt.ExprRef("containerSize()[0] > 600 ? 330 : 160")

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
Width = int | alt.ExprRef
Titles = Mapping[str, str]


def bars(frame: pd.DataFrame, value: str, label: str, titles: Titles, *, known: Sequence[str] = ()) -> Chart:
    """Horizontal bars in the order of the rows; labels must be unique. `known` names keep their colours."""
    drawn = alt.Chart(frame).mark_bar(color=BLUE, cornerRadiusEnd=3)
    if known:
        drawn = drawn.encode(color=colours(label, frame[label].tolist(), titles, known=known).legend(None))
    return _bars(drawn, frame, value, label, titles)


def stacked_bars(frame: pd.DataFrame, value: str, label: str, colour: str, titles: Titles) -> Chart:
    """Horizontal bars in the order of the rows, each divided into its parts."""
    names = frame[colour].drop_duplicates().tolist()
    drawn = alt.Chart(frame).mark_bar().encode(color=colours(colour, names, titles))
    return _bars(drawn, frame, value, label, titles)


def _bars(drawn: alt.Chart, frame: pd.DataFrame, value: str, label: str, titles: Titles) -> Chart:
    names = frame[label].drop_duplicates().tolist()
    labels = alt.Axis(labelLimit=_BAR_LABEL, labelOverlap=False, ticks=False, domain=False)
    chart: Chart = (
        _leading(drawn, frame)
        .encode(
            x=alt.X(f"{value}:Q", title=titles[value], axis=axes.numbers(frame[value], titles[value])),
            y=alt.Y(f"{label}:N", sort=names, title=None, axis=labels),
            tooltip=_tooltip(frame, titles),
        )
        .properties(height=_BAR_HEIGHT * len(names) + _AXIS_HEIGHT)
    )
    return chart


def _leading(drawn: alt.Chart, frame: pd.DataFrame) -> alt.Chart:
    """Marks that lead where their LINK says when they are clicked."""
    return drawn.encode(href=f"{LINK}:N") if LINK in frame else drawn


def lines(
    frame: pd.DataFrame,
    x: str,
    y: str,
    colour: str,
    titles: Titles,
    *,
    reverse: bool = False,
    order: Sequence[str] = (),
) -> Chart:
    """A line for each colour over time, with marks of different shapes; `reverse` puts the smallest value on top.

    The line is dashed towards UNFINISHED rows. Counts and shares are drawn from zero up.
    """
    names = list(order) or frame[colour].drop_duplicates().tolist()
    has_zero = not reverse and (pd.api.types.is_integer_dtype(frame[y]) or axes.is_share(titles[y]))
    scale = alt.Scale(reverse=reverse, zero=has_zero, nice=not reverse)
    axis = axes.ranks(frame[y]) if reverse else axes.numbers(frame[y], titles[y])
    encoding: dict[str, Any] = {
        "x": alt.X(f"{x}:T", title=None, axis=axes.time(frame[x])),
        "y": alt.Y(f"{y}:Q", title=titles[y], scale=scale, axis=axis),
        "color": colours(colour, names, titles),
    }
    whole, dashed = _dashed(frame, x, colour)
    drawn = [alt.Chart(whole).mark_line(strokeWidth=2).encode(**encoding)]
    if len(dashed):
        broken = alt.Chart(dashed).mark_line(strokeWidth=2, strokeDash=[4, 4])
        drawn.append(broken.encode(**encoding, detail="segment:N"))
    points = _leading(alt.Chart(frame).mark_point(filled=True, size=45), frame).encode(
        **encoding, shape=shapes(colour, names), opacity=_paler(frame), tooltip=_tooltip(frame, titles)
    )
    return alt.layer(*drawn, points).properties(height=_HEIGHT)


def _dashed(frame: pd.DataFrame, x: str, colour: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split off the pieces at both ends of each line that lead to UNFINISHED rows."""
    if UNFINISHED not in frame or not frame[UNFINISHED].any():
        return frame, frame.head(0)
    pieces = []
    for _, line in frame.sort_values(x).groupby(colour, sort=False):
        whole = line.index[~line[UNFINISHED]]
        if whole.empty:
            pieces.append(line.assign(segment="all"))
            continue
        pieces += [line.loc[: whole[0]].assign(segment="first"), line.loc[whole[-1] :].assign(segment="last")]
    return frame[~frame[UNFINISHED]], pd.concat([piece for piece in pieces if len(piece) > 1] or [frame.head(0)])


def _paler(frame: pd.DataFrame) -> Any:
    """Opacity: UNFINISHED rows are pale."""
    if UNFINISHED not in frame:
        return alt.value(1)
    return alt.condition(f"datum['{UNFINISHED}']", alt.value(0.45), alt.value(1))


def stacked(
    frame: pd.DataFrame,
    x: str,
    y: str,
    colour: str,
    titles: Titles,
    *,
    share: bool = False,
    known: Sequence[str] = (),
) -> Chart:
    """Stacked columns, one for each day or month in `x`; `share` makes each of them 100 %, UNFINISHED ones are pale."""
    names = frame[colour].drop_duplicates().tolist()
    values = alt.Axis(format="%") if share else axes.numbers(frame[y], titles[y])
    shown = frame.assign(**{x: frame[x].dt.strftime(axes.day_format(frame[x].drop_duplicates().tolist()))})
    chart: Chart = (
        alt.Chart(shown)
        .mark_bar()
        .encode(
            x=alt.X(f"{x}:O", title=None, axis=alt.Axis(labelOverlap="greedy", labelAngle=0)),
            y=alt.Y(f"{y}:Q", title=titles[y], stack="normalize" if share else "zero", axis=values),
            color=colours(colour, names, titles, known=known),
            opacity=_paler(shown),
            tooltip=_tooltip(shown, titles),
        )
        .properties(height=_HEIGHT)
    )
    return chart


def areas(frame: pd.DataFrame, x: str, y: str, colour: str, titles: Titles, *, known: Sequence[str] = ()) -> Chart:
    """Areas on top of each other over time; every colour has a row for every `x`."""
    names = frame[colour].drop_duplicates().tolist()
    chart: Chart = (
        alt.Chart(frame)
        .mark_area()
        .encode(
            x=alt.X(f"{x}:T", title=None, axis=axes.time(frame[x])),
            y=alt.Y(f"{y}:Q", title=titles[y], stack="zero", axis=axes.numbers(frame[y], titles[y])),
            color=colours(colour, names, titles, known=known),
            tooltip=_tooltip(frame, titles),
        )
        .properties(height=_HEIGHT)
    )
    return chart


def heatmap(frame: pd.DataFrame, x: str, y: str, value: str, titles: Titles) -> Chart:
    """A grid of cells, darker where there is more; rows and columns in the order of the rows."""
    across = alt.Axis(labelAngle=0, labelOverlap=True, ticks=False, domain=False)
    down = alt.Axis(labelOverlap=False, ticks=False, domain=False)
    chart: Chart = (
        alt.Chart(frame)
        .mark_rect()
        .encode(
            x=alt.X(f"{x}:O", title=titles[x], axis=across),
            y=alt.Y(f"{y}:O", title=None, sort=frame[y].drop_duplicates().tolist(), axis=down),
            color=alt.Color(
                f"{value}:Q",
                title=titles[value],
                scale=alt.Scale(scheme="blues"),
                legend=alt.Legend(orient="bottom", gradientLength=160),
            ),
            tooltip=_tooltip(frame, titles),
        )
        .properties(height=_BAR_HEIGHT * frame[y].nunique() + 3 * _AXIS_HEIGHT)
    )
    return chart


def scatter(
    frame: pd.DataFrame,
    x: str,
    y: str,
    colour: str,
    titles: Titles,
    *,
    reverse: bool = False,
    known: Sequence[str] = (),
) -> Chart:
    """Points in two dimensions, a colour and a shape for each group; `reverse` puts the smallest `y` on top."""
    names = sorted(frame[colour].drop_duplicates().tolist())
    axis, scale = alt.Axis(tickCount=8), alt.Scale(zero=False, reverse=reverse, nice=not reverse)
    chart: Chart = (
        _leading(alt.Chart(frame).mark_point(filled=True, size=28, opacity=0.7), frame)
        .encode(
            x=alt.X(f"{x}:Q", title=titles[x], scale=alt.Scale(zero=False), axis=axis),
            y=alt.Y(f"{y}:Q", title=titles[y], scale=scale, axis=axes.ranks(frame[y]) if reverse else axis),
            color=colours(colour, names, titles, known=known),
            shape=shapes(colour, names, known=known),
            tooltip=_tooltip(frame, titles),
        )
        .properties(height=460)
    )
    return chart


def curve(frame: pd.DataFrame, x: str, y: str, marked: str, titles: Titles) -> Chart:
    """A curve over whole numbers, with the marked point larger and of another shape."""
    base = alt.Chart(frame).encode(
        x=alt.X(f"{x}:O", title=titles[x], axis=alt.Axis(labelAngle=0)),
        y=alt.Y(
            f"{y}:Q",
            title=titles[y].split(" (")[0],
            scale=alt.Scale(zero=False),
            axis=alt.Axis(tickCount=4, format=",.2~f"),
        ),
        tooltip=_tooltip(frame, titles),
    )
    points = base.mark_point(filled=True, size=50, color=BLUE)
    chosen = base.transform_filter(f"datum['{marked}']").mark_point(filled=True, size=180, shape="diamond", color=RED)
    return alt.layer(base.mark_line(color=BLUE), points, chosen).properties(height=170)


def pace(frame: pd.DataFrame, x: str, y: str, titles: Titles) -> Chart:
    """A number over time, from zero up."""
    times = alt.Axis(format="%H:%M:%S", labelOverlap=True, tickCount=5)
    base = alt.Chart(frame).encode(
        x=alt.X(f"{x}:T", title=titles[x], axis=times),
        y=alt.Y(f"{y}:Q", title=titles[y], axis=alt.Axis(tickCount=5, format=",.0f")),
        tooltip=_tooltip(frame, titles),
    )
    return alt.layer(base.mark_line(color=BLUE), base.mark_point(filled=True, color=BLUE)).properties(height=240)


def colours(
    column: str, names: Sequence[str], titles: Titles, label: Width = _LABEL, known: Sequence[str] = ()
) -> alt.Color:
    """A colour for each name, by its place in `known` (else in `names`), so that it is the same in every chart."""
    domain = known or names
    scale = alt.Scale(domain=list(domain), range=cycle(PALETTE, len(domain)))
    return alt.Color(f"{column}:N", scale=scale, legend=legend(names, label), title=titles.get(column, column))


def shapes(column: str, names: Sequence[str], label: Width = _LABEL, known: Sequence[str] = ()) -> alt.Shape:
    """A shape for each name, as `colours` gives colours."""
    domain = known or names
    scale = alt.Scale(domain=list(domain), range=cycle(SHAPES, len(domain)))
    return alt.Shape(f"{column}:N", scale=scale, legend=legend(names, label))


def legend(names: Sequence[str], label: Width = _LABEL) -> alt.Legend | None:
    """The names of colours and shapes, cut at this width; one alone needs none."""
    if len(names) < 2:
        return None
    # Below the chart and in two columns: beside it, a phone would have no chart left.
    return alt.Legend(orient="bottom", columns=2, title=None, labelLimit=label, values=list(names))


def _tooltip(frame: pd.DataFrame, titles: Titles) -> list[alt.Tooltip]:
    shown = {column: title for column, title in titles.items() if column in frame}
    return [alt.Tooltip(f"{column}:{_type(frame[column])}", title=title) for column, title in shown.items()]


def _type(values: pd.Series[Any]) -> str:
    """Altair's letter for the type of a column; it cannot infer one from nulls alone."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return "T"
    is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    return "Q" if is_number else "N"


def cycle(values: Sequence[str], count: int) -> list[str]:
    """The first `count` values, repeated where there are fewer."""
    return [values[i % len(values)] for i in range(count)]
