"""Errors that are meant for people: what happened, where, what to do."""

from __future__ import annotations


class SoundlakeError(Exception):
    """Something failed while running; the message is one a person can act on. Exit code 1."""

    exit_code = 1


class UsageError(SoundlakeError):
    """Wrong usage or configuration, found before anything started; one line for each problem. Exit code 2."""

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class MissingTableError(SoundlakeError):
    """A query names tables that are not there yet; `tables` has their names in SQL, as far as the engine tells."""

    def __init__(self, message: str, *tables: str) -> None:
        super().__init__(message)
        self.tables = tables
