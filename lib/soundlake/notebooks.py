"""Reads the tables from a notebook: a lake on this machine or on S3, Athena, or an existing Spark session."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from soundlake.catalog.delta import open_table
from soundlake.catalog.glue import public_tables
from soundlake.catalog.missing import unknown, why_empty
from soundlake.catalog.query import ask, sql_of
from soundlake.errors import SoundlakeError, UsageError
from soundlake.settings import Settings, load_settings
from soundlake.settings.checks import local_path
from soundlake.settings.model import DEMO_LAKE, LAKE
from soundlake.tables import TABLES, Table
from soundlake.views import VIEWS

if TYPE_CHECKING:
    from IPython.display import Markdown
    from pyspark.sql import SparkSession

    from soundlake.lake import Lake


def open_lake(
    uri: str | None = None,
    *,
    config: str | Path | None = None,
    sets: Sequence[str] = (),
    spark: SparkSession | None = None,
) -> NotebookLake:
    """Open a lake to read from.

    Without `spark`, DuckDB reads the Delta tables from disk or S3, or Athena answers where `catalog.type` is `glue`.
    With `spark`, as in notebooks on EMR and Glue, that session reads the tables.

    Args:
        uri: a local path, s3://… or s3a://…; else lake.uri of the settings, searched for here and in the parent folder,
            else the demo's lake.
        config: a TOML file of settings.
        sets: single settings, "section.key=value".
        spark: a session that can read Delta tables.

    Raises:
        UsageError: wrong settings.
    """
    settings = load_settings(Path(config) if config else None, sets, uri)
    if uri is None and (path := local_path(settings.lake.uri)) is not None:
        # A notebook runs in its own folder, jobs write into the parent. Without an own lake, the demo's is used.
        known = [path, Path(DEMO_LAKE)] if settings.lake.uri == LAKE else [path]
        found = [place for one in known for place in (one, Path("..") / one) if place.exists()]
        if found and found[0] != path:
            settings = load_settings(Path(config) if config else None, sets, str(found[0]))
    return NotebookLake(settings, spark)


def findings(*lines: str) -> Markdown:
    """What was found, a line each, as a list that the notebook shows."""
    from IPython.display import Markdown

    return Markdown("\n".join(f"- {line}" for line in lines))  # type: ignore[no-untyped-call]


class NotebookLake:
    """A lake as a notebook sees it: SQL in, pandas out. Tables are called layer_name, such as silver_tracks."""

    def __init__(self, settings: Settings, spark: SparkSession | None = None) -> None:
        self.settings = settings
        self._spark = spark

    def __repr__(self) -> str:
        return f"open_lake({self.settings.lake.uri!r}), read by {self.engine}"

    @property
    def engine(self) -> str:
        """Who answers: Spark, Athena or DuckDB."""
        if self._spark is not None:
            return "Spark"
        return "Athena" if self.settings.catalog.type == "glue" else "DuckDB"

    def sql(self, what: str, limit: int | None = None) -> pd.DataFrame:
        """Answer a SELECT, or an insight by its name; raises UsageError and SoundlakeError as `query` does."""
        query = sql_of(self.settings, what)
        if self._spark is None:
            answer = ask(self.settings, query, limit)
            for name in answer.missing:
                print(f"soundlake: {why_empty(name)}", file=sys.stderr)
            frame: pd.DataFrame = answer.rows.to_pandas(date_as_object=False)
            return frame
        self._register(query)
        rows = self._spark.sql(query)
        return (rows if limit is None else rows.limit(limit)).toPandas()

    def table(self, name: str, columns: Sequence[str] = ("*",), limit: int | None = None) -> pd.DataFrame:
        """Return a table, or some of its columns; raises UsageError for a name that no table has."""
        known = {table.view for table in public_tables()} | {view.view for view in VIEWS}
        if name not in known:
            raise UsageError(unknown(name))
        return self.sql(f"SELECT {', '.join(columns)} FROM {name}", limit)  # noqa: S608 - a SELECT whatever is in it

    def has(self, name: str) -> bool:
        """Whether a table has been made; on Athena, whether its files are there."""
        return any(table.view == name and self._exists(table) for table in public_tables())

    def require(self, *names: str) -> None:
        """Raise SoundlakeError, which says what would fill them, unless all of these tables exist."""
        if lacking := [name for name in names if not self.has(name)]:
            raise SoundlakeError("\n".join(map(why_empty, lacking)))

    def tables(self) -> list[str]:
        """The names of the tables that exist."""
        return [table.view for table in public_tables() if self._exists(table)]

    def _exists(self, table: Table) -> bool:
        if self._spark is not None:
            return self._lake.exists(self._spark, table)
        return open_table(self.settings, table) is not None

    def _register(self, query: str) -> None:
        """Create views of the tables that a query names, as they are now."""
        assert self._spark is not None
        views = [view for view in VIEWS if view.view in query]
        sources = {table.view for view in views for table in view.tables}
        for table in public_tables():
            is_named = table.view in query or table.view in sources
            if is_named and (table in TABLES or self._exists(table)):
                self._lake.read(self._spark, table).createOrReplaceTempView(table.view)
        for view in views:
            self._spark.sql(view.sql()).createOrReplaceTempView(view.view)

    @property
    def _lake(self) -> Lake:
        from soundlake.lake import Lake  # needs pyspark, which the other engines do not

        return Lake(self.settings.lake.uri)
