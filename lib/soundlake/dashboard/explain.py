"""Errors, shown where the answer would have been."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from soundlake.catalog.missing import KIND_OF, made_by
from soundlake.dashboard.source import DataSource
from soundlake.errors import MissingTableError, SoundlakeError, UsageError

# Characters that Markdown interprets; an underscore within a word is not one of them.
_MARKDOWN = re.compile(r"[\\$*`\[~]|(?<![^\W_])_|_(?![^\W_])")


@contextmanager
def explained(source: DataSource) -> Iterator[None]:
    """Show an error of the lake with its meaning and what to do; the rest of the page still works."""
    try:
        yield
    except MissingTableError as error:
        _show_missing(source, error)
    except UsageError as error:
        st.warning(plain(f"{error}"), icon=":material/info:")
    except SoundlakeError as error:
        st.error(plain(f"{error}"), icon=":material/error:")


def nothing(what: str) -> None:
    """Say that a choice has no rows."""
    st.info(f"{what} Choose other filters, or bring in more records.", icon=":material/filter_alt_off:")


def _show_missing(source: DataSource, error: MissingTableError) -> None:
    if not error.tables:
        st.info(plain(str(error)), icon=":material/table_view:")
        return
    names = ", ".join(f"`{name}`" for name in error.tables)
    st.info(f"{names} is not there yet. This makes it:", icon=":material/table_view:")
    for job in sorted({made_by(name) for name in error.tables}):
        st.code(f"./spark-submit.sh {job} --lake {source.settings.lake.uri}", language=None, wrap_lines=True)
    if kinds := [KIND_OF[name] for name in error.tables if name in KIND_OF]:
        brings = "`soundlake extract` or `soundlake import` brings some"
        st.caption(f"No records of kind {', '.join(kinds)} have come: {brings}.")
    if source.is_athena:
        st.caption("Where that has run, `./spark-submit.sh register_tables` puts the table into the catalog.")


def plain(words: str) -> str:
    """Escape text so that Markdown shows it literally."""
    return _MARKDOWN.sub(r"\\\g<0>", words)
