"""The DuckDB behind queries on a lake without a catalog."""

from __future__ import annotations

from contextlib import suppress
from tempfile import TemporaryDirectory
from threading import Lock

import duckdb

from soundlake.catalog.scan import confine
from soundlake.catalog.sql_text import literal
from soundlake.settings import Settings

# As Athena's engine means it: subscripts of arrays and maps, and 7 / 2 = 3.
_LIKE_ATHENA = (
    "CREATE MACRO element_at(collection, key) AS collection[key]",
    "CREATE MACRO levenshtein_distance(one, other) AS levenshtein(one, other)",
    "SET GLOBAL integer_division = true",
)


class LocalEngine:
    """A DuckDB for queries on one lake, with access to the files of this lake only.

    Starting one takes 20 ms, so the dashboard keeps it. It holds no rows between queries; threads may share it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._spilled = TemporaryDirectory(prefix="soundlake-query-")
        self._duckdb = self._start()
        self._one_at_a_time = Lock()

    def _start(self) -> duckdb.DuckDBPyConnection:
        started = duckdb.connect()
        for statement in (
            f"SET temp_directory = {literal(self._spilled.name)}",  # by default it is in the working directory
            f"SET GLOBAL TimeZone = '{self._settings.insights.time_zone}'",
            "SET enable_external_file_cache = false",
            *_LIKE_ATHENA,
        ):
            started.execute(statement)
        confine(started, self._settings.lake.uri)
        return started

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open a connection, whose views no other connection sees."""
        with self._one_at_a_time:
            try:
                connection = self._duckdb.cursor()
                connection.execute("SELECT 1")
            except duckdb.Error:  # a fatal error ends a DuckDB for all its connections
                self._duckdb = self._start()
                connection = self._duckdb.cursor()
        return connection

    def close(self) -> None:
        """Close it, and remove what its queries spilled to disk."""
        with self._one_at_a_time, suppress(duckdb.Error):  # one with a running query ends when that does
            self._duckdb.close()
        self._spilled.cleanup()
