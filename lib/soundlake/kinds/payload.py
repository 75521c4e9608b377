"""Reading a payload: a small schema language, and access to parsed fields that respects JSON's own types.

Every text field is parsed as a string, which takes any JSON token. A text that looks like a number, a boolean, a list
or an object may therefore be a field of the wrong type; only such records are parsed again, with the types that
accept those tokens, to tell `"123"` from `123`. Numbers are parsed as doubles: JSON has one number type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
_OTHER_TOKENS = ("double", "boolean", "array<string>", "map<string,string>")
_MAYBE_NOT_TEXT = r"^(-?[0-9][0-9.eE+-]*|true|false|[\[{][\s\S]*)$"


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


def parse_strictly(text: Column, struct: str) -> Column:
    """Parse one JSON object into `struct`; null unless the text is exactly one JSON value.

    The text is parsed as the only element of a list: so trailing garbage, which Spark's parser passes over after the
    first value, is an error. Fields of a wrong type are null, the others are kept.
    """
    parsed = F.from_json(F.concat(F.lit("["), text, F.lit("]")), f"array<struct<{struct}>>", STRICT)
    return F.when(F.size(parsed) == 1, parsed[0])


def at(column: Column, path: tuple[str, ...]) -> Column:
    """The field of a struct column that a path leads to."""
    for name in path:
        column = column[name]
    return column


def wrong_texts(text: Column, record: Column, fields: Fields) -> Column:
    """The dotted names of the text fields that hold a number, a boolean, a list or an object, as an array.

    `text` is the whole record, `record` its parsed struct with the payload in `payload`, or in itself when bare.
    Only records with a suspicious text are parsed again.
    """
    paths = list(_texts(fields))
    payload = payload_of(record, fields)
    suspicious = reduce(
        or_, [F.coalesce(at(payload, path).rlike(_MAYBE_NOT_TEXT), F.lit(False)) for path in paths], F.lit(False)
    )
    is_wrapped = record["payload"].isNotNull()
    probes = []
    for type_ in _OTHER_TOKENS:
        probe = _retyped(fields, type_)
        parsed = parse_strictly(text, f"payload: struct<{ddl(probe)}>, {ddl(probe)}")
        probes.append(F.when(is_wrapped, parsed["payload"]).otherwise(_inner(parsed, probe)))
    found = [
        F.when(reduce(or_, [at(probe, path).isNotNull() for probe in probes]), ".".join(path)) for path in paths
    ]
    none = F.array().cast(TEXTS)
    return F.when(suspicious, F.filter(F.array(*found), lambda name: name.isNotNull())).otherwise(none)


def payload_of(record: Column, fields: Fields) -> Column:
    """The payload of an envelope, or the record itself when it is a bare object."""
    return F.coalesce(record["payload"], _inner(record, fields))


def _inner(record: Column, fields: Fields) -> Column:
    return F.struct(*[record[name].alias(name) for name in fields])


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

    `derived` is the struct of the columns that the kind derives first, once the frame has them.
    """

    parsed: Column
    wrong: Column
    derived: Column | None = None

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
        """A column the kind derived; raises ValueError where the frame has none yet."""
        if self.derived is None:
            raise ValueError(f"nothing is derived yet: {name}")
        return self.derived[name]
