"""Names as Glue accepts them: databases, tables, columns, comments, locations."""

from __future__ import annotations

import re

from soundlake.errors import UsageError
from soundlake.s3 import on_s3
from soundlake.settings import Settings
from soundlake.tables import Table

# In bytes of UTF-8.
LONGEST_COLUMN_COMMENT = 255
LONGEST_DESCRIPTION = 2048
# Lower case only: Glue folds names, and Athena takes no dots or dashes without quotes.
_NAME = re.compile(r"[a-z0-9_]{1,255}")
# Comments of columns are one line.
_NOT_IN_A_LINE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")


def check_names(database: str, tables: list[Table]) -> None:
    """Raise UsageError with a line for each name that Glue or Athena would change or refuse."""
    names = {"catalog.database": [database]} | {table.path: [table.view, *table.column_names] for table in tables}
    problems = [
        f"{place}: {name!r} is no name for Glue: lower-case letters, digits and _, at most 255"
        for place, given in names.items()
        for name in given
        if not _NAME.fullmatch(name)
    ]
    if problems:
        raise UsageError(*problems)


def location(settings: Settings, table: Table) -> str:
    """The location of a table on S3 as Athena takes it: s3://, with a trailing slash."""
    return f"{on_s3(settings.lake.uri)}/{table.path}/"


def one_line(text: str, longest: int) -> str:
    """A text as one line of at most `longest` bytes."""
    line = _NOT_IN_A_LINE.sub(" ", text)
    if len(line.encode()) <= longest:
        return line
    return line.encode()[: longest - len("…".encode())].decode(errors="ignore") + "…"
