"""The dotted names of the settings, from the model."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from soundlake.settings.model import Settings


def each_setting(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every key (`train.k`) with its field, in the order of the model."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from each_setting(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


@cache
def known_keys() -> frozenset[str]:
    """All keys."""
    return frozenset(key for key, _ in each_setting())


@cache
def open_keys() -> frozenset[str]:
    """Keys that are tables of whatever names one likes (`source.kafka.options`)."""
    return frozenset(key for key, field in each_setting() if get_origin(field.annotation) is dict)


def is_known(key: str) -> bool:
    """Whether a dotted key is one of the settings, or a name in a table that takes any."""
    return key in known_keys() or table_of(key) is not None


def table_of(key: str) -> str | None:
    """Return the table that takes any name in which a dotted key stands; None for other keys."""
    return next((table for table in open_keys() if key.startswith(f"{table}.")), None)


@cache
def known_sections() -> frozenset[str]:
    """All tables that hold keys (`train`, `source.kafka`)."""
    parts = [key.split(".") for key in known_keys()]
    return frozenset(".".join(names[:depth]) for names in parts for depth in range(1, len(names)))


def flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested tables into dotted keys; an empty table of an unknown name stays, as a key with the value {}."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        key = f"{prefix}{name}"
        is_open = key in open_keys()
        has_names = value or is_open or key in known_sections()
        if isinstance(value, Mapping) and has_names and (is_open or key not in known_keys()):
            flat.update(flatten(value, f"{key}."))
        else:
            flat[key] = value
    return flat


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Turn dotted keys into nested tables."""
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        sections, name = _place(key)
        table = nested
        for section in sections:
            table = table.setdefault(section, {})
        table[name] = value
    return nested


def _place(key: str) -> tuple[list[str], str]:
    """The sections a key stands in, and its name; the names in a table that takes any may have dots of their own."""
    table = table_of(key) or key.rpartition(".")[0]
    return table.split(".") if table else [], key.removeprefix(f"{table}.")


def why_unknown(key: str, spell: Callable[[str], str] = str) -> str:
    """Say what is wrong with a key that does not exist; `spell` writes the key that was meant."""
    if key in known_sections():
        first = next(known for known, _ in each_setting() if known.startswith(f"{key}."))
        return f"is a section, not a key; did you mean {spell(first)}?"
    close = difflib.get_close_matches(key, sorted(known_keys()), n=1)
    return f"unknown key; did you mean {spell(close[0])}?" if close else "unknown key"
