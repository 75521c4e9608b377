"""Reading a payload: a small schema language, and access to parsed fields that respects JSON's own types.

Every text field is parsed as a string, which takes any JSON token. A text that looks like a number, a boolean, a list
or an object may therefore be a field of the wrong type; only such records are parsed again, with the types that
accept those tokens, to tell `"123"` from `123`. Numbers are parsed as doubles: JSON has one number type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Union

from pyspark.sql import Column
from pyspark.sql import functions as F

TEXT = "string"
NUMBER = "double"
FLAG = "boolean"
TEXTS = "array<string>"

Field = Union[str, "Fields", list["Fields"]]
Fields = Mapping[str, Field]

# Strict JSON (RFC 8259): what Spark's parser would let pass beyond it is refused.
STRICT = {"allowSingleQuotes": "false", "allowNonNumericNumbers": "false"}

# The types that take the tokens a string field swallows although they are no strings, and take no string.
OTHER_TOKENS = ("double", "boolean", "array<string>", "map<string,string>")
_MAYBE_NOT_TEXT = r"^(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?|true|false|[\[{][\s\S]*)$"


def ddl(fields: Fields) -> str:
    """The fields of a struct as a DDL string, e.g. ``id: string, album: struct<id: string>``."""
    return ", ".join(f"`{name}`: {_type(field)}" for name, field in fields.items())


def _type(field: Field) -> str:
    if isinstance(field, str):
        return field
    if isinstance(field, list):
        return f"array<struct<{ddl(field[0])}>>"
    return f"struct<{ddl(field)}>"


def _texts(fields: Fields, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all text fields that stand outside lists."""
    for name, field in fields.items():
        if field == TEXT:
            yield (*above, name)
        elif isinstance(field, Mapping):
            yield from _texts(field, (*above, name))


def _retyped(fields: Fields, type_: str) -> dict[str, Field]:
    """The same tree with only its text fields, and these of another type."""
    tree: dict[str, Field] = {}
    for name, field in fields.items():
        if field == TEXT:
            tree[name] = type_
        elif isinstance(field, Mapping) and (inner := _retyped(field, type_)):
            tree[name] = inner
    return tree


def parse_values(text: Column, struct: str) -> Column:
    """Parse a text as a list of JSON objects: one element where it is exactly one JSON value, null where it is none.

    The text is parsed as the inside of a list: so trailing garbage, which Spark's parser passes over after the first
    value, is an error. Elements that are no objects are null. Fields of a wrong type are null, the others are kept.
    """
    return F.from_json(F.concat(F.lit("["), text, F.lit("]")), f"array<struct<{struct}>>", STRICT)


def only_value(parsed: Column) -> Column:
    """The one object of parse_values; null where there was none, or more than one."""
    return F.when(F.size(parsed) == 1, parsed[0])


def at(column: Column, path: tuple[str, ...]) -> Column:
    """The field of a struct column that a path leads to."""
    for name in path:
        column = column[name]
    return column


def payload_of(record: Column, fields: Fields) -> Column:
    """The payload of an envelope, or the record itself when it is a bare object."""
    bare = F.struct(*[record[name].alias(name) for name in fields])
    return F.coalesce(record["payload"], F.when(record.isNotNull(), bare))


def is_suspicious(payload: Column, fields: Fields) -> Column:
    """Whether a text field outside lists may hold a token that is no string."""
    return reduce(or_, [F.coalesce(_may_be_no_text(at(payload, path)), F.lit(False)) for path in _texts(fields)])


def _may_be_no_text(text: Column) -> Column:
    # The first comparison is on bytes and settles nearly every text: digits and the minus sign stand from - to 9.
    starts_alike = ((text >= "-") & (text < ":")) | text.startswith("[") | text.startswith("{")
    return (starts_alike & text.rlike(_MAYBE_NOT_TEXT)) | text.isin("true", "false")


def probes(text: Column, fields: Fields) -> list[Column]:
    """The record parsed again, once for each type that takes the tokens a string field must not hold."""
    trees = [_retyped(fields, type_) for type_ in OTHER_TOKENS]
    return [parse_values(text, f"payload: struct<{ddl(tree)}>, {ddl(tree)}") for tree in trees]


def wrong_texts(parsed_probes: Sequence[Column], is_envelope: Column, fields: Fields) -> Column:
    """The dotted names of the text fields that hold a number, a boolean, a list or an object, as an array."""
    found = []
    for path in _texts(fields):
        taken = [
            F.when(is_envelope, at(p[0]["payload"], path).isNotNull()).otherwise(at(p[0], path).isNotNull())
            for p in parsed_probes
        ]
        found.append(F.when(reduce(or_, taken), ".".join(path)))
    return F.filter(F.array(*found), lambda name: name.isNotNull())


def without_wrong_texts(payload: Column, wrong: Column, fields: Fields) -> Column:
    """The payload with the named text fields nulled."""
    return F.when(F.size(wrong) == 0, payload).otherwise(_rebuilt(payload, wrong, fields, ()))


def _rebuilt(payload: Column, wrong: Column, fields: Fields, above: tuple[str, ...]) -> Column:
    columns = []
    for name, field in fields.items():
        value = payload[name]
        if field == TEXT:
            value = F.when(~F.array_contains(wrong, ".".join((*above, name))), value)
        elif isinstance(field, Mapping):
            value = F.when(value.isNotNull(), _rebuilt(value, wrong, field, (*above, name)))
        columns.append(value.alias(name))
    return F.struct(*columns)


@dataclass(frozen=True)
class Payload:
    """A parsed payload in a frame: its struct, cleaned of wrong texts, and the names of what was wrong.

    Columns that the kind derives stand beside it in the frame, under their names behind `prefix`.
    """

    parsed: Column
    wrong: Column
    prefix: str = ""

    def text(self, *path: str) -> Column:
        """A text field; null where the field is absent or no string."""
        return at(self.parsed, path)

    def is_other_token(self, *path: str) -> Column:
        """Whether the field is there, but is no string."""
        return F.array_contains(self.wrong, ".".join(path))

    def get(self, *path: str) -> Column:
        """Any other field: a number (double), a flag, a list or a struct; null where absent or of a wrong type."""
        return at(self.parsed, path)

    def shared(self, name: str) -> Column:
        """A column that the kind derived before."""
        return F.col(self.prefix + name)
