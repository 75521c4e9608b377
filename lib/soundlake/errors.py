"""Errors for people: what happened, where, and what to do."""

from __future__ import annotations


def was_interrupted(error: BaseException | None) -> bool:
    """Whether an error is a KeyboardInterrupt, or was raised because of one or while one was handled."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if isinstance(one, KeyboardInterrupt):
            return True
        if one is not None and id(one) not in seen:  # errors may cause each other
            seen.add(id(one))
            waiting += [one.__cause__, one.__context__]
    return False


class SoundlakeError(Exception):
    """A failure at run time, with a message that a person can act on. Exit code 1."""

    exit_code = 1


class UsageError(SoundlakeError):
    """Wrong usage or configuration, found before anything started; one line per problem. Exit code 2."""

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class MissingTableError(SoundlakeError):
    """A query names tables that do not exist; `tables` has their names in SQL, where the engine reports them."""

    def __init__(self, message: str, *tables: str) -> None:
        super().__init__(message)
        self.tables = tables
