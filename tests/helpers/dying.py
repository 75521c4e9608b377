"""Dying at a certain point, as an exception that nothing handles."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import DataFrame

from soundlake.tables import Table
from soundlake.writes import BatchWriter


class DiedError(Exception):
    """The process is gone."""


def failing_before(write: Callable[..., None], table: Table) -> Callable[..., None]:
    """A method of BatchWriter that writes all tables but one, of which it dies."""

    def write_or_die(self: BatchWriter, written: Table, frame: DataFrame) -> None:
        if written is table:
            raise DiedError
        write(self, written, frame)

    return write_or_die


def dying_after(write: Callable[..., None], table: Table) -> Callable[..., None]:
    """A method of BatchWriter that dies right after it has written to a table."""

    def write_and_die(self: BatchWriter, written: Table, frame: DataFrame) -> None:
        write(self, written, frame)
        if written is table:
            raise DiedError

    return write_and_die
