"""Finding where a JSON value ends in a text: syntax only, no values are built.

All expressions are possessive: what they have matched they do not give back, so each place is read once.
"""

from __future__ import annotations

import json
import re
from enum import Enum

import orjson

# Separators of records. A BOM may also stand in the middle, where files were concatenated.
_SEPARATORS = re.compile(r"[ \t\r\n,\ufeff]*+")
_SCALAR = r'(?:"(?:[^"\\\n]++|\\.)*+"|null|true|false|-?\d[\d.eE+-]*+)(?=\s*+(?:[,\]]|$))'
_SCALAR_ELEMENT = re.compile(_SCALAR)
_ARRAY_OF_VALUES = re.compile(rf"\[\s*+(?:[\[\]{{]|$|{_SCALAR})")
# What the end of a text may leave of a string, an escape, a number or a word.
_CUT_TOKEN = re.compile(r'\s*+(?:"[^\n]*+|\\?[-+.\w]*+)\s*+\Z')
_BRACKETS = re.compile(r'"(?:[^"\\\n]++|\\.)*+"?|[{}\[\]]')
_TWO_VALUES = re.compile(rb"\}[ \t\r]*+\{")
_TWO_BY_COMMA = re.compile(rb"\}[ \t\r]*+,[ \t\r]*+\{")

# A parser builds values many times as large as the text: of longer values only the brackets are counted.
_MOST_PARSED = 4 * 1024 * 1024

# Numbers stay text: to be cut out they need not be numbers that Python can hold.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


class Stop(Enum):
    """Why reading ended."""

    END = "all was read"
    CUT = "the value may go on after the end of the text"
    BAD = "what stands there is no JSON value"


def skip_separators(text: str, at: int) -> int:
    """Return where the next thing that belongs to a record begins."""
    match = _SEPARATORS.match(text, at)
    return match.end() if match else at


def opens_array(text: str, at: int) -> bool:
    """Tell whether a bracket opens an array of values; `[INFO] ready` does not."""
    return text[at] == "[" and _ARRAY_OF_VALUES.match(text, at) is not None


def scalar_end(text: str, at: int) -> int | None:
    """Return where the string, number, true, false or null that is an element of an array ends; None if it is none."""
    match = _SCALAR_ELEMENT.match(text, at)
    return match.end() if match else None


def container_end(text: str, at: int) -> tuple[int, Stop]:
    """Return where the object or array that begins at `at` ends, and END; else where it went wrong, and CUT or BAD.

    Of a text longer than _MOST_PARSED only the brackets are looked at.
    """
    if len(text) - at > _MOST_PARSED:
        end, why = _closing_bracket(text, at)
        if why is Stop.CUT or end - at > _MOST_PARSED:
            return end, why
        text = text[: end + 1]  # a value among others on a long line
    try:
        return _DECODER.raw_decode(text, at)[1], Stop.END
    except json.JSONDecodeError as error:
        return error.pos, Stop.CUT if _CUT_TOKEN.match(text, error.pos) else Stop.BAD
    except RecursionError:
        return _closing_bracket(text, at)


def _closing_bracket(text: str, at: int) -> tuple[int, Stop]:
    """For values nested deeper than the JSON reader goes."""
    depth = 0
    for token in _BRACKETS.finditer(text, at):
        if token[0] in ("{", "["):
            depth += 1
        elif token[0] in ("}", "]"):
            depth -= 1
            if depth == 0:
                return token.end(), Stop.END
    return len(text), Stop.CUT


def is_one_object(line: bytes) -> bool:
    """Tell whether a line outside any array is surely one record; its JSON is parsed only if nothing cheaper tells.

    It begins and ends like an object, no other begins in it, and its braces are balanced, so that no line after it can
    be the rest of it. A comma between two objects stands in an array of the record, or between two records.
    """
    return (
        line.startswith(b"{")
        and line.endswith(b"}")
        and line.count(b"{") == line.count(b"}")
        and not _TWO_VALUES.search(line)
        and (not _TWO_BY_COMMA.search(line) or _is_json(line))
    )


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
