"""The settings as a commented TOML file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import reduce
from typing import Any

from pydantic import SecretStr

from soundlake.settings.keys import each_setting
from soundlake.settings.model import Settings


def as_toml(settings: Settings) -> Iterator[str]:
    """Yield the lines of a TOML file that holds these settings, with the meaning of each key.

    Keys without a value stand as comments, for TOML has no null.
    """
    section = None
    for key, field in each_setting():
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
            yield f"# {name} =" if value is None else f"{name} = {literal(value)}"


def literal(value: Any) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, tuple):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


def given_as_toml(settings: Settings, without: set[str]) -> str:
    """Return what somebody set, defaults left out, as a TOML file that gives it again; secrets included.

    Tables named in `without`, such as deploy or source.kafka.options, are left out.
    """
    lines: list[str] = []
    _write(settings.model_dump(exclude_unset=True), (), lines, without)
    return "".join(f"{line}\n" for line in lines)


def _write(table: Mapping[str, Any], place: tuple[str, ...], lines: list[str], without: set[str]) -> None:
    if ".".join(place) in without:
        return
    values = {name: value for name, value in table.items() if value is not None and not isinstance(value, Mapping)}
    if values:
        lines.append(f"[{'.'.join(place)}]")
        for name, value in values.items():
            shown = value.get_secret_value() if isinstance(value, SecretStr) else value
            lines.append(f"{json.dumps(name)} = {literal(shown)}")
    for name, value in table.items():
        if isinstance(value, Mapping):
            _write(value, (*place, name), lines, without)
