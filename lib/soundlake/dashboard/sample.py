"""Says on every page that listeners are made up, while the lake has plays of the bundled sample."""

from __future__ import annotations

import streamlit as st

from soundlake.dashboard import sql
from soundlake.dashboard.source import DataSource
from soundlake.errors import SoundlakeError
from soundlake.tables import PLAYS, SAMPLE_SOURCE

_KEPT_SECONDS = 3600  # the check reads a column of all plays


def banner(source: DataSource) -> None:
    """Draw the banner, unless no play is of the sample or the lake cannot be read."""
    if is_shown(source):
        st.warning(
            "**Made-up listeners:** plays of this lake come with Soundlake's sample and are generated. "
            "Tracks, artists and charts are real.",
            icon=":material/science:",
        )


def is_shown(source: DataSource) -> bool:
    """Whether the banner is shown."""
    return bool(_has_sample(source, source.place))


@st.cache_data(ttl=_KEPT_SECONDS, show_spinner=False)
def _has_sample(_source: DataSource, place: str) -> bool:  # noqa: ARG001 - the cache tells lakes apart by it
    try:
        return has_sample(_source)
    except SoundlakeError:  # the page itself says what is wrong with the lake
        return False


def has_sample(source: DataSource) -> bool:
    """Whether a lake has plays of the sample; raises what `DataSource.ask` raises."""
    is_sample = sql.one_of("source", [SAMPLE_SOURCE])
    found = source.ask(
        f"SELECT count(*) AS n FROM (SELECT source FROM {PLAYS.view} WHERE {is_sample} LIMIT 1) AS one",
        (PLAYS.view, "source", SAMPLE_SOURCE),
    )
    return int(found["n"][0]) > 0
