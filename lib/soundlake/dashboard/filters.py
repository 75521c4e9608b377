"""The viewer's choices. Options come from the marts, so that only what exists is offered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from soundlake.catalog.sql_text import literal
from soundlake.dashboard import sql
from soundlake.dashboard.charts import MOST_COLOURS
from soundlake.dashboard.colours import BLUE
from soundlake.dashboard.explain import explained, nothing
from soundlake.dashboard.source import DataSource
from soundlake.errors import MissingTableError

Days = tuple[date, date]

_MOST_LISTED = 1000
_PHONE = 640  # pixels, as Streamlit stacks columns below
_UNFOLD, _FILTERS = "unfold", "filters"


def kept(*parts: str) -> dict[str, Any]:
    """Arguments that keep a widget's value across reloads, pages and copied links; `parts` name it in the URL."""
    name = re.sub(r"\W+", "-", "-".join(parts).removeprefix("gold_").lower()).strip("-")
    return {"key": name, "bind": "query-params", "persist_state": "session"}


@contextmanager
def folded() -> Iterator[None]:
    """Hold filters that a phone hides behind a checkbox, so that the first chart is visible without scrolling."""
    st.checkbox("Filters", key=_UNFOLD)
    with st.container(key=_FILTERS):
        yield


def style() -> None:
    """Draw the CSS that folds filters on a phone, shows which link has the focus, and makes chosen values readable."""
    unfolded = f".stMain:has(.st-key-{_UNFOLD} input:checked)"
    hidden = f".st-key-{_FILTERS}:not(:has(.stAlert))"  # messages stay visible
    st.html(
        "<style>.stMainBlockContainer {padding-top: 3rem; padding-bottom: 3rem} .stHtml a {color: inherit}"
        "a:focus-visible {outline: 2px solid currentColor !important; outline-offset: -2px}"
        f".stMultiSelect [data-tag] {{background-color: {BLUE}}}"
        f"@media (min-width: {_PHONE + 1}px) {{.st-key-{_UNFOLD} {{display: none}}}}"
        f"@media (max-width: {_PHONE}px) {{.stMainBlockContainer {{padding-top: 4rem}}"
        f".stMain {hidden} {{display: none}}"
        f"{unfolded} {hidden} {{display: flex}}}}</style>"
    )


def months(source: DataSource, view: str, column: str = "month", label: str = "Months") -> Days | None:
    """Choose a range among the months of a mart; None where it is empty. A single month is no choice."""
    return _range(source, view, column, label, "%Y-%m")


def weeks(source: DataSource, view: str, column: str = "week", label: str = "Weeks (Monday)") -> Days | None:
    """Choose a range among the weeks of a mart; None where it is empty."""
    return _range(source, view, column, label, "%Y-%m-%d")


def days(source: DataSource, view: str, column: str, label: str) -> Days | None:
    """Choose a first and a last day among those of a mart; None where it is empty."""
    found = source.ask(f"SELECT min({column}) AS first, max({column}) AS last FROM {view}")
    if found.empty or pd.isna(found["first"][0]):
        return None
    first, last = (pd.Timestamp(found[name][0]).date() for name in ("first", "last"))
    left, right = st.columns(2)
    begin = left.date_input(f"{label} from", first, min_value=first, max_value=last, **kept(view, column, "from"))
    end = right.date_input("to", last, min_value=first, max_value=last, **kept(view, column, "to"))
    return (begin, end)


def values(source: DataSource, view: str, column: str, condition: str = "") -> list[str]:
    """The values of a column, sorted, without null."""
    clause = f"WHERE {column} IS NOT NULL" + (f" AND {condition}" if condition else "")
    found = source.ask(f"SELECT DISTINCT {column} AS v FROM {view} {clause} ORDER BY v")
    return [str(value) for value in found["v"]]


def several(
    view: str, label: str, options: Sequence[str], default: Sequence[str] = (), most: int | None = None
) -> list[str]:
    """Choose any number of values; none means all where there is no default. Without options, nothing is drawn.

    What was chosen stays chosen when other filters change the options.
    """
    if not options:
        return []
    return st.multiselect(
        label,
        options,
        default=list(default),
        max_selections=most,
        placeholder="choose" if default else "all",
        **kept(view, label),
    )


def compared(view: str, thing: str, options: Sequence[str], first: int = 6) -> list[str]:
    """Choose things to compare, the `first` options by default; shows a message where none is chosen."""
    chosen = several(view, f"{thing}s, at most {MOST_COLOURS}", options, options[:first], most=MOST_COLOURS)
    if not chosen:
        nothing(f"No {thing.lower()} is chosen.")
    return chosen


def question(
    label: str, address: str, questions: Mapping[str, Callable[[DataSource], None]], source: DataSource
) -> None:
    """Choose one of a page's questions, called `address` in the URL, and draw its answer."""
    first = next(iter(questions))
    chosen = st.pills(label, list(questions), default=first, required=True, **kept(address))
    with explained(source):
        questions[chosen or first](source)


def clusters(source: DataSource) -> list[str]:
    """The names of the current model's clusters, in the order that fixes their colours; empty without a model."""
    try:
        found = source.ask("SELECT cluster, cluster_name FROM gold_cluster_overview ORDER BY cluster")
    except MissingTableError:
        return []
    return [str(name) for name in found["cluster_name"]]


def listener(
    source: DataSource, label: str = "Listener", address: str = "listener", skip: str | None = None
) -> str | None:
    """Choose a listener other than `skip`, those with the most plays first; None where nobody fits.

    The URL calls the choice `address`.
    """
    left, right = st.columns(2)
    words = left.text_input(f"{label}'s id has", placeholder="any", **kept(address, "words"))
    users = source.ask(
        "SELECT user_id, plays FROM gold_listeners "
        f"{sql.where(sql.contains(words, 'user_id'), f'user_id <> {literal(skip)}' if skip else '')} "
        f"ORDER BY plays DESC, user_id LIMIT {_MOST_LISTED}"
    )["user_id"].tolist()
    if not users:
        return None
    chosen: str = right.selectbox(label, users, **kept(address))
    return chosen


def how_many(label: str = "How many", default: int = 20) -> int:
    """Choose how many rows a chart shows."""
    return int(st.select_slider(label, [10, 20, 30, 50, 100], value=default, **kept("top")))


def _range(source: DataSource, view: str, column: str, label: str, form: str) -> Days | None:
    found = source.ask(f"SELECT DISTINCT {column} AS v FROM {view} WHERE {column} IS NOT NULL ORDER BY v")
    options = {f"{pd.Timestamp(value):{form}}": pd.Timestamp(value).date() for value in found["v"]}
    if not options:
        return None
    first, last = next(iter(options)), next(reversed(options))
    if first == last:
        st.caption(f"{label}: {first}, the only one there is")
        return (options[first], options[first])
    begin, end = st.select_slider(label, list(options), value=(first, last), **kept(view, column))
    return (options[begin], options[end])
