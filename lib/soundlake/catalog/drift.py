"""How a registered table differs from what should be registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from soundlake.catalog.table_input import OURS


def differences(existing: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return a line for each difference that has to be corrected; what others have added does not count."""
    return [*_columns(existing, wanted), *_facts(existing, wanted), *_parameters(existing, wanted)]


def _columns(existing: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    there = {column["Name"]: column for column in existing.get("StorageDescriptor", {}).get("Columns", [])}
    wished = {column["Name"]: column for column in wanted["StorageDescriptor"]["Columns"]}
    for name, column in wished.items():
        if name not in there:
            yield f"column {name} {column['Type']} is not registered"
        elif there[name].get("Type") != column["Type"]:
            yield f"column {name} is registered as {there[name].get('Type')}, not {column['Type']}"
        elif there[name].get("Comment", "") != column["Comment"]:
            yield f"column {name} has another comment"
    for name in there.keys() - wished.keys():
        yield f"column {name} is registered, but not in the Delta table"
    if there.keys() == wished.keys() and list(there) != list(wished):
        yield "the columns are in another order"


def _facts(existing: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    for place in (
        ("TableType",),
        ("Description",),
        ("StorageDescriptor", "Location"),
        ("StorageDescriptor", "InputFormat"),
        ("StorageDescriptor", "OutputFormat"),
        ("StorageDescriptor", "SerdeInfo", "SerializationLibrary"),
        ("StorageDescriptor", "SerdeInfo", "Parameters", "path"),
        ("StorageDescriptor", "SerdeInfo", "Parameters", "serialization.format"),
    ):
        is_, should = _at(existing, place), _at(wanted, place)
        if is_ != should:
            yield f"{place[-1]} is {is_!r}, not {should!r}"
    if existing.get("PartitionKeys"):
        yield f"has partition keys: {', '.join(key['Name'] for key in existing['PartitionKeys'])}"


def _parameters(existing: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    there = existing.get("Parameters", {})
    for name, value in wanted["Parameters"].items():
        if there.get(name) != value:
            yield f"parameter {name} is {there.get(name)!r}, not {value!r}"
    for name in sorted(there.keys() - wanted["Parameters"].keys()):
        if name.startswith(OURS):
            yield f"parameter {name} is no longer wanted"


def _at(document: Mapping[str, Any], place: tuple[str, ...]) -> Any:
    value: Any = document
    for name in place:
        value = (value or {}).get(name)
    return value
