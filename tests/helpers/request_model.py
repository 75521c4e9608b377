"""Whether AWS takes a request, by the model of the service: its fields, their lengths, patterns and choices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel
from botocore.validate import ParamValidator


@cache
def _operation(service: str, name: str) -> OperationModel:
    return botocore.session.get_session().get_service_model(service).operation_model(name)


def problems(service: str, operation: str, parameters: dict[str, Any]) -> list[str]:
    """What AWS would refuse; botocore itself looks at names, types and least lengths only."""
    shape: Any = _operation(service, operation).input_shape
    report = ParamValidator().validate(parameters, shape)
    return [report.generate_report()] if report.has_errors() else list(_beyond(parameters, shape, operation))


def _beyond(value: Any, shape: Any, place: str) -> Iterator[str]:
    told = shape.metadata
    if shape.type_name == "structure":
        for name, item in value.items():
            yield from _beyond(item, shape.members[name], f"{place}.{name}")
    elif shape.type_name == "list":
        for number, item in enumerate(value):
            yield from _beyond(item, shape.member, f"{place}[{number}]")
    elif shape.type_name == "map":
        for name, item in value.items():
            yield from _beyond(name, shape.key, f"{place}.{name}")
            yield from _beyond(item, shape.value, f"{place}.{name}")
    if "max" in told and (value if isinstance(value, int) else len(value)) > told["max"]:
        yield f"{place}: more than {told['max']}"
    if isinstance(value, str):
        if "enum" in told and value not in told["enum"]:
            yield f"{place}: {value} is none of {told['enum']}"
        pattern = _pattern(told.get("pattern", ""))
        if pattern != "^(?:)$" and not re.search(pattern, value):
            yield f"{place}: {value} does not match {pattern}"


def _pattern(text: str) -> str:
    """A pattern of AWS's, where Python can read it; theirs are Java's."""
    try:
        re.compile(text)
    except re.error:
        text = ""
    return f"^(?:{'' if 'D800' in text else text})$"
