"""Mapping files: read and checked as a whole before a row is read; every error is told, each on its own line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from soundlake.errors import UsageError
from soundlake.imports.fields import FIELDS, NEEDED, TEXTS, TIME
from soundlake.imports.mapping import TableMapping, leaves
from soundlake.times import instant


def load_mapping(path: Path) -> TableMapping:
    """Read a mapping file. Raises UsageError with one line for each thing that is wrong with it."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from None
    return parse_mapping(raw, str(path))


def parse_mapping(raw: Mapping[str, Any], origin: str) -> TableMapping:
    """Check a mapping. Raises UsageError; `origin` begins each of its lines."""
    problems: list[str] = []
    mapping = None
    try:
        mapping = TableMapping.model_validate(raw)
    except ValidationError as error:
        problems += [_in_words(details["loc"], details["msg"]) for details in error.errors(include_url=False)]
    records = raw.get("records")
    for number, record in enumerate(records if isinstance(records, list) else []):
        problems += [f"records[{number}].{problem}" for problem in _problems(record)]
    if mapping is None or problems:
        raise UsageError(*[f"{origin}: {problem}" for problem in dict.fromkeys(problems)])
    return mapping


def _problems(raw: Any) -> Iterator[str]:
    """What is wrong with a record beyond its shape: fields that no table has, and keys that are missing."""
    kind = str(raw.get("kind")) if isinstance(raw, dict) else ""
    if kind not in FIELDS or not isinstance(raw.get("fields"), dict):
        return
    known = FIELDS[kind]
    paths = dict(leaves(raw["fields"], known))
    for path, given in paths.items():
        plain = path.replace("[0]", "[]")
        if plain not in known:
            near = get_close_matches(path, known, 1)
            yield f"fields.{path}: {_a(kind)} has no such field{f'; did you mean {near[0]}?' if near else ''}"
        elif known[plain] == TIME and (said := _constant(given)) is not None and instant(said) is None:
            yield f"fields.{path}.value: {said} is no time such as 2026-11-21T08:00:00Z"
        elif known[plain] == TEXTS and isinstance(given, str):
            yield f'fields.{path}: a list: say how it is written, e.g. {{ column = "{given}", list = "auto" }}'
    for group in NEEDED[kind]:
        if group != ("user_id",) and not any(path in paths for path in group):
            yield f"fields: {_a(kind)} needs {' or '.join(group)}"


def _constant(given: Any) -> Any:
    return given.get("value") if isinstance(given, Mapping) else None


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _in_words(loc: tuple[int | str, ...], message: str) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    return f"{path}: {message.removeprefix('Value error, ')}"
