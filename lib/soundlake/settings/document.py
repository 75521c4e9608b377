"""The settings as a commented TOML file: what every key means and what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import reduce
from typing import Any

from soundlake.settings.keys import walk
from soundlake.settings.model import Settings


def as_toml(settings: Settings) -> Iterator[str]:
    """Yield the lines of a TOML file that holds these settings, with the meaning of each key.

    Keys without a value stand as comments, for TOML has no null.
    """
    section = None
    for key, field in walk():
        table, _, name = key.rpartition(".")
        if table != section:
            yield from ([] if section is None else [""])
            yield f"[{table}]"
            section = table
        if field.description:
            yield f"# {field.description}"
        value = reduce(getattr, key.split("."), settings)
        if isinstance(value, Mapping) and value:
            # Names only: what they hold may be secret.
            yield f"# {name} = {{{', '.join(f'{json.dumps(option)} = …' for option in value)}}}"
        else:
            yield f"# {name} =" if value is None else f"{name} = {_literal(value)}"


def _literal(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(item) for item in value)}]"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)
