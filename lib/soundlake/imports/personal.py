"""Personal fields of exports, under all the names they had: they are dropped before anything is made of a row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Set
from typing import Any

_NAMES = re.compile(
    r"(?i)ip_?addr|user_?agent|user_?name|account_?id|e_?mail|birth|metro_code|(^|_)(latitude|longitude)$"
)
_IN_JSON = re.compile(
    r"""(?ix) (["'])(?=[^"']*(?:ip_?addr|user_?agent|user_?name|account_?id|e_?mail|birth|metro_code|l[ao][nt]g?itude))
    ([^"']*)\1 \s*:\s* (?: "(?:[^"\\]|\\.)*(?:"|$) | '(?:[^'\\]|\\.)*(?:'|$) | [^,}\]]* )""",
    re.DOTALL,
)
_LEFT_OUT = "[left out]"
# The most characters of a row, a cell and a number that are shown.
_LONGEST_ROW, _LONGEST_CELL, _LONGEST_NUMBER = 1_800, 400, 30
_FIELD = re.compile(r'"(\w+)"\s*:\s*(?:"(?:[^"\\]|\\.)*"|[-+.\w]+)')
_ADDRESS = re.compile(
    r"""(?xi)
    (?<![\d.]) \d{1,3} (?:\.\d{1,3}){3} (?![\d.])    # IPv4
    | (?<![\w:]) (?:[0-9a-f]{1,4}:){4,7} [0-9a-f]{0,4}    # IPv6
    | (?<![\w:]) (?:[0-9a-f]{1,4}:){0,6} [0-9a-f]{0,4} :: [0-9a-f:]* [0-9a-f]    # IPv6, shortened
    """
)


def is_personal(name: str) -> bool:
    """Whether a column's or field's name says that it holds personal data."""
    return _NAMES.search(name) is not None


def only_fields(raw: str, names: Set[str]) -> str:
    """Of the text of a broken JSON object the fields of these names, and nothing else."""
    return "{" + ", ".join(match[0] for match in _FIELD.finditer(raw) if match[1] in names) + "}"


def shown_row(row: Iterable[tuple[str, Any]]) -> str:
    """The fields of a row as JSON, without personal ones and addresses, long texts cut."""
    kept: dict[str, Any] = {}
    left = _LONGEST_ROW
    for name, value in row:
        if is_personal(name):
            continue
        cell = _shown(value)
        length = len(name) + len(json.dumps(cell, ensure_ascii=False))
        if length > left:
            kept["…"] = "…"
            break
        kept[name] = cell
        left -= length
    return json.dumps(kept, ensure_ascii=False)


def _shown(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping | list):
        value = _cleaned(value)
        text = json.dumps(value, ensure_ascii=False, default=str)
        return json.loads(text) if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}…"
    text = str(value)
    if isinstance(value, int | float) and len(text) <= _LONGEST_NUMBER and text[-1].isdigit():
        return value
    return _ADDRESS.sub(_LEFT_OUT, text[:_LONGEST_CELL]) + ("…" if len(text) > _LONGEST_CELL else "")


def _cleaned(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _LEFT_OUT if is_personal(str(name)) else _cleaned(v) for name, v in value.items()}
    if isinstance(value, list):
        return [_cleaned(element) for element in value]
    return _ADDRESS.sub(_LEFT_OUT, value) if isinstance(value, str) else value


def without_personal(raw: str) -> str:
    """The text of a row without personal fields of JSON, and without anything that looks like an address."""
    return _ADDRESS.sub(_LEFT_OUT, _IN_JSON.sub(rf'\1\2\1: "{_LEFT_OUT}"', raw))
