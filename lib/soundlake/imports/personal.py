"""Personal fields of exports, under all the names they had: they are dropped before anything is made of a row."""

from __future__ import annotations

import re
from collections.abc import Set

_NAMES = re.compile(r"(?i)ip_?addr|user_?agent|user_?name|e_?mail|birth|(^|_)(latitude|longitude)$")
_IN_JSON = re.compile(
    r"""(?ix) (["'])(?=[^"']*(?:ip_?addr|user_?agent|user_?name|e_?mail|birth|city|region|metro_code|l[ao][nt]g?itude))
    ([^"']*)\1 \s*:\s* (?: "(?:[^"\\]|\\.)*(?:"|$) | '(?:[^'\\]|\\.)*(?:'|$) | [^,}\]]* )""",
    re.DOTALL,
)
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


def without_personal(raw: str) -> str:
    """The text of a row without personal fields of JSON, and without anything that looks like an address."""
    return _ADDRESS.sub("[left out]", _IN_JSON.sub(r"\1\2\1: [left out]", raw))
