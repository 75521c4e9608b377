"""Registering tables in Glue while the stream runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession
from pyspark.sql.streaming.listener import (
    QueryProgressEvent,
    QueryStartedEvent,
    QueryTerminatedEvent,
    StreamingQueryListener,
)

from soundlake.catalog.registrar import Registrar
from soundlake.lake import Lake
from soundlake.settings import Settings
from soundlake.tables import TABLES


class _Batches(StreamingQueryListener):
    """Calls a function after each batch."""

    def __init__(self, done: Callable[[], None]) -> None:
        self._done = done

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802
        """Nothing is there yet."""

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802
        """A batch is done."""
        self._done()

    def onQueryIdle(self, event: object) -> None:  # noqa: N802
        """Nothing has changed."""

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802
        """The context looks once more when it ends."""


@contextmanager
def registering(spark: SparkSession, settings: Settings) -> Iterator[Registrar | None]:
    """Register tables after their first batch and when their schemas change, if catalog.type is glue.

    Yields None where it is none.
    """
    if settings.catalog.type != "glue":
        yield None
        return
    lake, tables = Lake(settings.lake.uri), [table for table in TABLES if not table.internal]
    with Registrar(settings, lambda: lake.schemas(spark, tables)) as registrar:
        listener = _Batches(registrar.notice)
        spark.streams.addListener(listener)
        try:
            yield registrar
        finally:
            spark.streams.removeListener(listener)
