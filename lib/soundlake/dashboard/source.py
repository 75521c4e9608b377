"""Where the pages get their rows: the local lake or Athena, asked with the same SQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import streamlit as st

from soundlake.catalog.delta import open_table
from soundlake.catalog.glue import public_tables
from soundlake.catalog.local import Part, code_of
from soundlake.catalog.local_engine import LocalEngine
from soundlake.catalog.missing import why_empty
from soundlake.catalog.query import ask_all
from soundlake.catalog.sql_text import Shared
from soundlake.clusters.drift import Drift
from soundlake.errors import MissingTableError
from soundlake.ops.status import LakeStatus, read_drift, read_status
from soundlake.settings import Settings, check_lake_exists
from soundlake.settings.checks import local_path
from soundlake.tables import EVENTS, Table
from soundlake.views import VIEWS, View

MOST_ROWS = 5000  # of one answer: pages read marts, and few of the facts
KEPT_SECONDS = 60  # how long an answer is shown again without asking
KEPT_ANSWERS = 300

Only = tuple[str, str, str | tuple[str, ...]]


@dataclass(frozen=True)
class DataSource:
    """A lake to ask. `arguments` are the options of the command line that the settings came from."""

    settings: Settings
    arguments: tuple[str, ...] = ()

    @property
    def is_athena(self) -> bool:
        """Whether answers come from Athena, where each question costs."""
        return self.settings.catalog.type == "glue"

    @cached_property
    def place(self) -> str:
        """Where the rows come from, in words."""
        if self.is_athena:
            return f"Athena, database {self.settings.catalog.database}"
        return self.settings.lake.uri

    def ask(self, sql: str, only: Only | None = None) -> pd.DataFrame:
        """Run a SELECT and return at most MOST_ROWS rows; the same question within a minute gets the same answer.

        `only` is what the query asks of a table anyway, (table, column, value or values): on a local lake, other rows
        are not even read. Raises MissingTableError, UsageError, SoundlakeError: see `soundlake.catalog.query.ask`.
        """
        return self.ask_all([sql], only)[0]

    def ask_all(
        self, selects: Sequence[str], only: Only | None = None, shared: Shared | None = None
    ) -> list[pd.DataFrame]:
        """Run SELECTs like `ask`. All may read `shared` by its name; on a local lake it is computed once."""
        return _remembered(self.settings, self._identity, tuple(selects), only, shared)

    def ask_now(self, sql: str) -> pd.DataFrame:
        """Run a SELECT and return at most MOST_ROWS rows, as they are at this moment; raises what `ask` raises."""
        return _rows(self.settings, (sql,))[0]

    def status(self) -> LakeStatus:
        """What a lake without a catalog holds, at most a minute ago; raises SoundlakeError where it holds no tables."""
        return _status(self.settings, self._identity)

    def drift(self) -> Drift | None:
        """How tracks that came after the training of the current model differ, of a lake without a catalog."""
        return _drift(self.settings, self._identity)

    def backlog(self) -> int | None:
        """How many bronze records refine has not processed yet; None on Athena, where counting them costs money.

        Read from the Delta log, not from the records. Raises SoundlakeError where that cannot be read.
        """
        if self.is_athena:
            return None
        events = open_table(self.settings, EVENTS)
        judged = self.ask_now("SELECT coalesce(sum(read), 0) AS n FROM ops_batches WHERE query = 'refine'")
        return max(0, (0 if events is None else events.count()) - int(judged["n"][0]))

    @property
    def _identity(self) -> str:
        return f"{self.settings.catalog.type} {self.settings.catalog.database} {self.settings.lake.uri}"


@st.cache_data(ttl=KEPT_SECONDS, max_entries=KEPT_ANSWERS, show_spinner="Asking the lake …")
def _remembered(
    _settings: Settings,
    identity: str,  # noqa: ARG001 - a part of the cache's key
    selects: tuple[str, ...],
    only: Only | None,
    shared: Shared | None,
) -> list[pd.DataFrame]:
    return _rows(_settings, selects, only, shared)


def engine_of(settings: Settings) -> LocalEngine | None:
    """What runs queries on a lake without a catalog, kept from query to query; None on Athena."""
    if settings.catalog.type == "glue":
        return None
    folder = local_path(settings.lake.uri)
    # Where the lake is a symbolic link, it may lead elsewhere by now.
    place = settings.lake.uri if folder is None else str(folder.resolve())
    return _started(settings, place, settings.insights.time_zone)


@st.cache_resource(max_entries=4, show_spinner=False, on_release=LocalEngine.close)
def _started(_settings: Settings, lake: str, time_zone: str) -> LocalEngine:  # noqa: ARG001 - parts of the cache's key
    return LocalEngine(_settings)


@st.cache_data(ttl=KEPT_SECONDS, show_spinner="Looking at the tables …")
def _status(_settings: Settings, identity: str) -> LakeStatus:  # noqa: ARG001
    check_lake_exists(_settings)
    return read_status(_settings)


@st.cache_data(ttl=KEPT_SECONDS, show_spinner="Looking at the tables …")
def _drift(_settings: Settings, identity: str) -> Drift | None:  # noqa: ARG001
    return read_drift(_settings)


def _rows(
    settings: Settings, selects: tuple[str, ...], only: Only | None = None, shared: Shared | None = None
) -> list[pd.DataFrame]:
    parts = parts_of(" ".join((*selects, shared.select) if shared else selects), only)
    answers = ask_all(settings, selects, MOST_ROWS, parts, engine_of(settings), shared)
    missing = sorted({name for answer in answers for name in answer.missing})
    if missing and not any(answer.rows.num_rows for answer in answers):
        raise MissingTableError("\n".join(map(why_empty, missing)), *missing)
    return [answer.rows.to_pandas(date_as_object=False) for answer in answers]


def parts_of(sql: str, only: Only | None = None) -> dict[str, Part]:
    """What a query of the pages needs of each table: the columns it names, for pages ask for no column unnamed.

    What a viewer typed is a text in it, and names nothing.
    """
    words = set(re.findall(r"\w+", code_of(sql)))
    parts = {}
    tables: tuple[Table | View, ...] = (*public_tables(), *VIEWS)
    for table in tables:
        if table.view in words:
            named = tuple(name for name in table.column_names if name in words)
            # A count needs rows, if no column: the narrowest of the key will do.
            key = next((name for name in table.key if name in table.column_names), table.column_names[0])
            parts[table.view] = Part(named or (key,), (only[1:],) if only and only[0] == table.view else ())
    return parts
