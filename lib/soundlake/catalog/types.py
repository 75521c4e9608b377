"""Column types: Spark's DDL, the schema of a Delta log, and their names in Glue and Athena."""

from __future__ import annotations

import re
from typing import Any

from soundlake.errors import SoundlakeError

# Other names of the same thing, in Spark's DDL and in Delta's log.
_SYNONYMS = {
    "byte": "tinyint",
    "dec": "decimal",
    "integer": "int",
    "long": "bigint",
    "numeric": "decimal",
    "real": "float",
    "short": "smallint",
    "timestamp_ltz": "timestamp",
}
_PRIMITIVES = {
    *("binary", "boolean", "date", "double", "float", "string", "timestamp", "timestamp_ntz"),
    *("bigint", "int", "smallint", "tinyint"),
}
_TOKEN = re.compile(r"\s*([A-Za-z_0-9]+|[<>,:()])")


def spark_type(ddl: str) -> str:
    """Return a DDL type in one spelling: lower case, no spaces, `int` for `integer`; raises SoundlakeError.

    A type that Glue has no name for, such as variant or an interval, is an error.
    """
    tokens = _TOKEN.findall(ddl)
    if "".join(tokens) != re.sub(r"\s", "", ddl):
        raise SoundlakeError(f"{ddl!r} is no type")
    try:
        parsed = _parse(tokens)
    except IndexError:
        parsed, tokens = "", [ddl]
    if tokens:
        raise SoundlakeError(f"{ddl!r} is no type")
    return parsed


def delta_type(logged: Any) -> str:
    """Return a type of a Delta log's schema (its JSON) as `spark_type` does; raises SoundlakeError as it does."""
    if isinstance(logged, str):
        return spark_type(logged)
    match logged["type"]:
        case "array":
            return f"array<{delta_type(logged['elementType'])}>"
        case "map":
            return f"map<{delta_type(logged['keyType'])},{delta_type(logged['valueType'])}>"
        case "struct":
            fields = (f"{field['name']}:{delta_type(field['type'])}" for field in logged["fields"])
            return f"struct<{','.join(fields)}>"
        case other:
            raise SoundlakeError(f"Glue has no type for {other}")


def glue_type(spark: str) -> str:
    """Return Glue's name of a type that `spark_type` gave. Timestamps without a zone have no name of their own."""
    return spark.replace("timestamp_ntz", "timestamp")


def _parse(tokens: list[str]) -> str:
    word = tokens.pop(0).lower()
    name = _SYNONYMS.get(word, word)
    match name:
        case "array":
            return f"array<{_inside(tokens, 1)}>"
        case "map":
            return f"map<{_inside(tokens, 2)}>"
        case "struct":
            return f"struct<{_fields(tokens)}>"
        case "decimal":
            return f"decimal({_precision(tokens)})"
    if name not in _PRIMITIVES:
        raise SoundlakeError(f"Glue has no type for {word}")
    return name


def _inside(tokens: list[str], count: int) -> str:
    _take(tokens, "<")
    types = [_parse(tokens)]
    for _ in range(count - 1):
        _take(tokens, ",")
        types.append(_parse(tokens))
    _take(tokens, ">")
    return ",".join(types)


def _fields(tokens: list[str]) -> str:
    _take(tokens, "<")
    fields = []
    while True:
        name = tokens.pop(0)
        if tokens[0] == ":":
            tokens.pop(0)
        fields.append(f"{name}:{_parse(tokens)}")
        if tokens.pop(0) == ">":
            return ",".join(fields)


def _precision(tokens: list[str]) -> str:
    if not tokens or tokens[0] != "(":
        return "10,0"
    _take(tokens, "(")
    digits = tokens.pop(0)
    scale = "0"
    if tokens[0] == ",":
        tokens.pop(0)
        scale = tokens.pop(0)
    _take(tokens, ")")
    return f"{digits},{scale}"


def _take(tokens: list[str], wanted: str) -> None:
    if tokens.pop(0) != wanted:
        raise IndexError(wanted)
