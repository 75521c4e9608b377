"""The columns of a file, found by their names without regard to case and punctuation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

_NO_WORD = re.compile(r"[^\w*?%#./]+")
_NO_PATTERN = re.compile(r"[^\w*?%#./\[\]!-]+")
_DIGITS = re.compile(r"(\d{1,18})", re.ASCII)


def plain_name(name: str) -> str:
    """A name as names are compared: `Track Name` is `track_name` is `TRACK NAME`."""
    return _NO_WORD.sub("_", name.replace("\ufeff", "").strip().casefold()).strip("_")


def plain_pattern(pattern: str) -> str:
    """A pattern of plain names: * for any text, ? for a sign, [0-9] for a digit."""
    return _NO_PATTERN.sub("_", pattern.strip().casefold())


class Columns:
    """The names of a file's columns, in order; a name that the file lacks stands for its first alias that it has."""

    def __init__(self, names: Sequence[str], aliases: Mapping[str, Sequence[str]] | None = None) -> None:
        self._aliases = aliases or {}
        self._plain = [plain_name(name) for name in names]
        self._exact = {name.strip(): i for i, name in reversed(list(enumerate(names)))}
        self._first = {name: i for i, name in reversed(list(enumerate(self._plain)))}
        self._times = Counter(self._plain)
        self._exact_times = Counter(name.strip() for name in names)

    def find(self, name: str) -> int | None:
        """The place of a column, by its exact name, then by its plain one; None where there is none."""
        name = self._found_name(name)
        exact = self._exact.get(name)
        return exact if exact is not None else self._first.get(plain_name(name))

    def has(self, pattern: str) -> bool:
        """Whether there is a column of a name, or of a pattern such as `genre_*`."""
        plain = plain_pattern(pattern)
        return self.find(pattern) is not None or any(fnmatchcase(name, plain) for name in self._plain)

    def is_twice(self, name: str) -> bool:
        """Whether several columns have the name, so that it is ambiguous."""
        name = self._found_name(name)
        return (self._exact_times[name] or self._times[plain_name(name)]) > 1

    def has_all(self, names: Sequence[str | Sequence[str]]) -> bool:
        """Whether all these columns are there, of several names one of them."""
        return all(
            any(self.find(n) is not None for n in ((each,) if isinstance(each, str) else each)) for each in names
        )

    def _found_name(self, name: str) -> str:
        """The name or alias that the file has; the name itself where it has none."""
        candidates = (name, *self._aliases.get(name, ()))
        return next((each for each in candidates if plain_name(each) in self._first), name)

    def in_order(self) -> Iterator[tuple[int, str]]:
        """Places and plain names, `genre_2` before `genre_10`."""
        yield from sorted(enumerate(self._plain), key=lambda pair: (_natural(pair[1]), pair[0]))


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if _DIGITS.fullmatch(part) else (-1, part) for part in _DIGITS.split(name)]
