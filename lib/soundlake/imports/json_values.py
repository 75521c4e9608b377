"""Objects of JSON text of any size, one by one: arrays, lines, values glued together, lists within an object.

Memory is bounded by the longest object. What is broken is told with its text, and reading goes on behind it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Set
from typing import Any

from soundlake.imports.issues import RowIssues

_SPACE = re.compile(r"[\s,\ufeff]*")
_BLANK = re.compile(r"\s*")
# What the end of a text may leave of a token: a value that breaks off here may go on in the next piece.
_CUT = re.compile(r"\s*+\\?[-+.\w]*+\s*+\Z")
_BETWEEN = re.compile(r"\}\s*+,?+\s*+(?=\{)")
_LONGEST = 64 * 1024 * 1024
_INDENTED = 200
# How deep objects may be nested.
_DEEPEST = 100


def _number(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


# NaN, Infinity and 1e400, which are no numbers of JSON, are nothing.
_DECODER = json.JSONDecoder(parse_constant=lambda _: None, parse_float=_number)


class JsonRows:
    """The objects of a text; `path` leads to the list of them where it stands within an object.

    Afterwards `has_list` says whether there was one, `is_cut` whether the text ended within it, and `number` how many
    rows there were, broken ones included; `before` are those of lists that were read before this one.
    """

    def __init__(self, chunks: Iterator[str], path: str | None = None, before: int = 0) -> None:
        self._chunks = chunks
        self._path = [part for part in (path or "").split(".") if part]
        self._text, self._at = "", 0
        self._lines, self._counted, self._searched = 0, 0, 0
        self._names: Set[str] = frozenset()
        self.has_list, self.is_cut, self.number = True, False, before

    def rows(self, issues: RowIssues) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (number from 1, object)."""
        if self._path and not self._descend():
            self.has_list = False
            return
        open_lists = 1 if self._path else 0
        while self._to(_SPACE):
            sign = self._text[self._at]
            if sign in "[]":
                # The brackets of a list of rows say nothing; behind the list that was asked for is nothing to read.
                self._at += 1
                if sign == "]" and self._path:
                    return
                open_lists += 1 if sign == "[" else -1
                continue
            self.number += 1
            value, wrong = self._value()
            if isinstance(value, dict):
                self._names = value.keys()
                yield self.number, value
                continue
            line = self._line()
            if wrong == "cut":
                self.is_cut = True
                raw, self._at = self._text[self._at :], len(self._text)
                issues.bad_row(self.number, line, "cut off", "the text ends within the value", raw)
            elif wrong:
                issues.bad_row(self.number, line, "not JSON", "the value is broken", self._skip_bad())
            else:
                issues.bad_row(self.number, line, "not an object", f"a {type(value).__name__}", json.dumps(value)[:500])
            if wrong:
                open_lists = 0  # its end may have been skipped with the broken value
        if open_lists > 0:
            self.is_cut = True
            issues.bad_row(self.number + 1, self._line(), "cut off", "the text ends within the list", "")

    def _line(self) -> int:
        self._lines += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._lines + 1

    def _more(self) -> bool:
        """Read another piece, and forget what lies behind."""
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        # What stands before on the same line is kept: it tells how deep a value is indented.
        begin = self._line_begin()
        self._line()
        # As much again as is waiting: a long value is not read over and over.
        pieces, size = [self._text[begin:], chunk], len(chunk)
        while size < len(pieces[0]) and (chunk := next(self._chunks, None)) is not None:
            pieces.append(chunk)
            size += len(chunk)
        self._text, self._at = "".join(pieces), self._at - begin
        self._counted, self._searched = self._at, max(self._searched - begin, 0)
        return True

    def _to(self, passed: re.Pattern[str]) -> bool:
        """Go to the next sign that is not passed over; False at the end."""
        while True:
            match = passed.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return True
            if not self._more():
                return False

    def _value(self) -> tuple[Any, str]:
        """The value that begins here and an empty text; else what is wrong: `cut` or `bad`."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                is_cut = error.msg.startswith("Unterminated") or _CUT.match(self._text, error.pos)
                if not is_cut or len(self._text) - self._at > _LONGEST:
                    return None, "bad"
                if not self._more():
                    return None, "cut"
            except (RecursionError, ValueError):  # too deep, or a number of thousands of digits
                return None, "bad"
            else:
                if end == len(self._text) and not isinstance(value, dict | list | str) and self._more():
                    continue  # the rest of a number may follow
                opened = self._text.count("{", self._at, end) + self._text.count("[", self._at, end)
                if opened > _DEEPEST and _depth(value) > _DEEPEST:
                    return None, "bad"
                self._at = end
                return value, ""

    def _skip_bad(self) -> str:
        """Go behind a broken value and return its text: to the next row on its line, or the next line of its depth.

        Lines that are indented deeper belong to it, and so do closing brackets: what is in a broken row is no row.
        """
        depth = _indentation(self._text[self._line_begin() : self._at] + "{")
        if (end := self._next_row()) is not None:
            return self._pass(end)
        raw = [self._pass(self._line_end())]
        while line := self._text[self._at : self._line_end()]:
            deeper = _indentation(line) - depth
            if line.strip() and (deeper < 0 or (deeper == 0 and line.lstrip()[0] not in "}]")):
                break
            raw.append(self._pass(self._at + len(line)))
        return "".join(raw)

    def _pass(self, end: int) -> str:
        """Go to a place further on, and return the text up to there."""
        passed, self._at = self._text[self._at : end], end
        return passed

    def _next_row(self) -> int | None:
        """Where on this line the next object begins that has most of the fields that rows have so far."""
        if not self._names:
            return None
        end = self._line_end()
        for match in _BETWEEN.finditer(self._text, self._at, end):
            try:
                value, _ = _DECODER.raw_decode(self._text, match.end())
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict) and len(value.keys() & self._names) * 10 >= len(self._names) * 6:
                return match.end()
        return None

    def _line_begin(self) -> int:
        """Where the line begins, as far as its indentation goes."""
        nearest = max(self._at - _INDENTED, 0)
        return max(self._text.rfind("\n", nearest, self._at) + 1, nearest)

    def _line_end(self) -> int:
        """Where the line ends, behind its newline: it is read to its end first. The end of the text is one too."""
        while (newline := self._text.find("\n", max(self._at, self._searched))) < 0:
            self._searched = len(self._text)
            if len(self._text) - self._at > _LONGEST or not self._more():
                return len(self._text)
        self._searched = newline  # many broken values on one line do not search it over and over
        return newline + 1

    def _descend(self) -> bool:
        """Go into the objects to the list at the path; False where there is none."""
        for wanted in self._path:
            if not self._to(_SPACE) or self._text[self._at] != "{":
                return False
            self._at += 1
            if not self._find_member(wanted):
                return False
        if not self._to(_BLANK) or self._text[self._at] != "[":
            return False
        self._at += 1
        return True

    def _find_member(self, wanted: str) -> bool:
        while self._to(_SPACE) and self._text[self._at] == '"':
            name, wrong = self._value()
            if wrong or not self._to(_BLANK) or self._text[self._at] != ":":
                return False
            self._at += 1
            if not self._to(_BLANK):
                return False
            if name == wanted:
                return True
            if self._value()[1]:
                return False
        return False


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        level = [each for holder in level for each in (holder.values() if isinstance(holder, dict) else holder)]
    return depth
