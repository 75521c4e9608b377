"""Lists in cells: as JSON, as Python and numpy print them, or with a separator."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from typing import Any

from soundlake.imports.unreadable import UnreadableError

_STRING = r"(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_STRINGS = re.compile(rf"[\[(]\s*(?:{_STRING}\s*(?:,\s*|(?=['\"\])])))*[\])]")
_ONE_STRING = re.compile(_STRING)
_LONGEST = 100_000
_SEPARATORS = (";", "|", ",")
_ID = re.compile(r"(?:spotify:[a-z]+:|https?://open\.spotify\.com/(?:intl-\w+/)?[a-z]+/)?[0-9A-Za-z]{22}(?:\?.*)?")
LITERAL = "literal"
_NOTHING = frozenset({"", "na", "nan", "none", "null", "\\n"})


def as_list(cell: Any, syntax: str, item: str | None = None) -> list[str | None] | None:
    """The texts in a cell; None where it is empty, an empty list where it says so.

    `syntax` is json, python (numpy's way included), literal (either), or the text that stands between the elements.
    Of elements that are objects `item` names the member that is meant. Raises UnreadableError.
    """
    if cell is None:
        return None
    if isinstance(cell, str):
        body = cell.strip()
        if body.lower() in _NOTHING:
            return None
        cell = _parse(body, syntax)
    if not isinstance(cell, list | tuple):
        raise UnreadableError(f"not a list: {str(cell)[:80]}")
    return [_text(element, item) for element in cell]


def syntax_of(cells: Iterable[Any]) -> str:
    """How the lists of a column are written, from what all of some cells hold: `literal`, or what separates them.

    `literal` are JSON and Python's and numpy's way to print lists. Empty cells say nothing. Ids decide first, as no
    id holds a separator; else the separator that most cells have.
    """
    texts = [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip().lower() not in _NOTHING]
    if any(text[0] in "[(" and text[-1] in "])" and _is_literal(text) for text in texts):
        return LITERAL
    for separator in _SEPARATORS:
        if (split := [text for text in texts if separator in text]) and all(
            _are_ids(text, separator) for text in split
        ):
            return separator
    counts = {separator: sum(separator in text for text in texts) for separator in _SEPARATORS}
    best = max(_SEPARATORS, key=lambda separator: counts[separator])
    return best if counts[best] else ","


def are_ids(texts: Iterable[str]) -> bool:
    """Whether some texts, at least one, all are ids of Spotify's, or URIs of them."""
    found = list(texts)
    return bool(found) and all(map(_ID.fullmatch, found))


def _are_ids(text: str, separator: str) -> bool:
    return are_ids(part.strip() for part in text.split(separator) if part.strip())


def _is_literal(text: str) -> bool:
    try:
        return isinstance(_parse(text, LITERAL), list | tuple)
    except UnreadableError:
        return False


def members(cells: Iterable[Any]) -> set[str]:
    """The names that the objects have which lists in some cells consist of; none where they are no objects."""
    found: set[str] = set()
    for cell in cells:
        try:
            elements = _parse(cell.strip(), LITERAL) if isinstance(cell, str) and cell[:1] in "[(" else cell
        except UnreadableError:
            continue
        if isinstance(elements, list | tuple):
            found.update(*(element for element in elements if isinstance(element, dict)))
    return found


def _text(element: Any, item: str | None) -> str | None:
    if isinstance(element, dict):
        element = element.get(item or "name")
    if element is None or isinstance(element, str):
        return element
    if isinstance(element, dict | list):
        raise UnreadableError("a nested list")
    return str(element)


def _parse(body: str, syntax: str) -> Any:
    if syntax == "json":
        return _json(body)
    if syntax == "python":
        return _python(body)
    if syntax != LITERAL:
        return _split(body, syntax.strip() or syntax)
    try:
        return _json(body)
    except UnreadableError:
        return _python(body)


def _split(body: str, separator: str) -> list[str | None]:
    """The parts; an empty one keeps its place, because another list may stand beside this one."""
    if f"\\{separator}" in body:  # some exports mark the separators within names
        pieces = [
            piece.replace(f"\\{separator}", separator) for piece in re.split(rf"(?<!\\){re.escape(separator)}", body)
        ]
    else:
        pieces = body.removesuffix(separator).split(separator)
    return [piece.strip() or None for piece in pieces]


def _json(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableError(f"not a JSON list: {body[:80]}") from None


def _python(body: str) -> Any:
    """Python's repr, evaluated as a literal and never run.

    Texts are taken one by one: a literal would glue `['a' 'b']`, which is how numpy prints two elements, into one.
    """
    if _STRINGS.fullmatch(body):
        return [ast.literal_eval(s) if "\\" in s else s[1:-1] for s in _ONE_STRING.findall(body)]
    if len(body) > _LONGEST:
        raise UnreadableError("a list of more than 100,000 characters")
    try:
        return ast.literal_eval(body)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise UnreadableError(f"not a Python list: {body[:80]}") from None
