"""Names joined by commas, some of which hold one: which commas part two names is decided for the whole column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

from soundlake.imports.unreadable import UnreadableError
from soundlake.imports.values import Reader

COMMA = ","
_JOINED = ", "


class JoinedNames:
    """Reads the cells of a column that `split` splits at commas; some of its cells show which commas part two names.

    `Tyler, The Creator` is one name where Tyler never stands without The Creator behind him, nor The Creator without
    Tyler before him. So a comma parts only where other cells show it; a file that shows nothing keeps its cells whole.
    """

    def __init__(self, split: Reader, cells: Iterable[Any]) -> None:
        self._split = split
        self._behind: dict[str, set[str]] = defaultdict(set)
        self._before: dict[str, set[str]] = defaultdict(set)
        for cell in cells:
            with suppress(UnreadableError):
                self._learn(split(cell) or ())

    def _learn(self, parts: Sequence[str | None]) -> None:
        for one, next_ in pairwise(["", *map(_plain, parts), ""]):
            self._behind[one].add(next_)
            self._before[next_].add(one)

    def read(self, cell: Any) -> list[str | None] | None:
        """The names in a cell; None where it is empty. Raises UnreadableError as `split` does."""
        parts: list[str | None] | None = self._split(cell)
        if parts is None:
            return None
        found = parts[:1]
        for before, part in pairwise(parts):
            if before and part and self._are_one(_plain(before), _plain(part)):
                found[-1] = f"{found[-1]}{_JOINED}{part}"
            else:
                found.append(part)
        return found

    def _are_one(self, one: str, next_: str) -> bool:
        return self._behind.get(one, set()) <= {next_} and self._before.get(next_, set()) <= {one}


def _plain(part: str | None) -> str:
    return (part or "").casefold()
