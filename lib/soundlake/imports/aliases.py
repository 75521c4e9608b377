"""Aliases of a mapping: what a column is called in other layouts and languages, said once for all fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def with_aliases(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """A mapping as it was read, each name of a column followed by its aliases."""
    aliases = raw.get("aliases")
    if not isinstance(aliases, Mapping):
        return raw
    known = {str(name): others for name, others in aliases.items() if isinstance(others, list)}
    detect, records = raw.get("detect"), raw.get("records")
    changed: dict[str, Any] = {}
    if isinstance(detect, list):
        changed["detect"] = [_all_names(name, known) for name in detect]
    if isinstance(records, list):
        changed["records"] = [_record(record, known) for record in records]
    return {**raw, **changed}


def _record(record: Any, known: Mapping[str, list[Any]]) -> Any:
    if not isinstance(record, Mapping) or not isinstance(record.get("fields"), Mapping):
        return record
    return {**record, "fields": {path: _source(source, known) for path, source in record["fields"].items()}}


def _source(source: Any, known: Mapping[str, list[Any]]) -> Any:
    if isinstance(source, Mapping):
        if "column" in source:
            return {**source, "column": _all_names(source["column"], known)}
        is_tree = source.keys().isdisjoint(("columns", "value", "given", "template", "place"))
        return {name: _source(inner, known) for name, inner in source.items()} if is_tree else source
    return _all_names(source, known)


def _all_names(names: Any, known: Mapping[str, list[Any]]) -> Any:
    """A name, or each of several, followed by its aliases."""
    given = names if isinstance(names, list) else [names]
    found = [each for name in given for each in (name, *(known.get(name, ()) if isinstance(name, str) else ()))]
    return found if isinstance(names, list) or len(found) > 1 else names
