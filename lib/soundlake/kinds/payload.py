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
    """The paths of all text fields outside lists."""
    for name, field in fields.items():
        if field == TEXT:
            yield (*above, name)
        elif isinstance(field, Mapping):
            yield from _texts(field, (*above, name))


def _lists(fields: Fields, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Fields]]:
    """The paths of all lists of objects, with the fields of their objects."""
    for name, field in fields.items():
        if isinstance(field, list):
            yield (*above, name), field[0]
        elif isinstance(field, Mapping):
            yield from _lists(field, (*above, name))


def _retyped(fields: Fields, type_: str) -> dict[str, Field]:
    """The same tree with only its text fields, and these of another type."""
    tree: dict[str, Field] = {}
    for name, field in fields.items():
        if field == TEXT:
            tree[name] = type_
        elif isinstance(field, list):
            tree[name] = [_retyped(field[0], type_)]
        elif isinstance(field, Mapping) and (inner := _retyped(field, type_)):
            tree[name] = inner
    return tree


def parse_values(text: Column, struct: str) -> Column:
    """Parse a text as JSON objects, to be read by only_value; null where it is no JSON.

    The text is parsed as the beginning of a list that ends with a null: so trailing garbage, which Spark's parser
    passes over after the first value, is an error or moves the null. Values that are no objects are null. Fields of a
    wrong type are null, the others are kept.
    """
    return F.from_json(as_list(text), f"array<struct<{struct}>>", STRICT)


def as_list(text: Column) -> Column:
    """The text of a list of the text's value and a null."""
    return F.concat(F.lit("["), text, F.lit(",null]"))


def is_one_value(parsed: Column) -> Column:
    """Whether what as_list made was parsed as exactly one value and the null behind it."""
    return F.coalesce((F.size(parsed) == 2) & parsed[1].isNull(), F.lit(False))


def only_value(parsed: Column) -> Column:
    """The one object of parse_values; null where there was none, or more than one."""
    return F.when(is_one_value(parsed), parsed[0])


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
    """Whether a text field may hold a token that is no string."""
    texts = [_may_be_no_text(at(payload, path)) for path in _texts(fields)]
    lists = [_may_be_any(at(payload, path), inner) for path, inner in _lists(fields)]
    return reduce(or_, [F.coalesce(suspicion, F.lit(False)) for suspicion in (*texts, *lists)])


def _may_be_any(items: Column, fields: Fields) -> Column:
    return F.exists(
        items, lambda item: reduce(or_, [F.coalesce(_may_be_no_text(item[n]), F.lit(False)) for n in fields])
    )


def _may_be_no_text(text: Column) -> Column:
    # The first comparison is on bytes and settles nearly every text: digits and the minus sign stand from - to 9.
    starts_alike = ((text >= "-") & (text < ":")) | text.startswith("[") | text.startswith("{")
    return (starts_alike & text.rlike(_MAYBE_NOT_TEXT)) | text.isin("true", "false")


def text_only(text: Column) -> Column:
    """A text that cannot be another token: for names that are never numbers, booleans, lists or objects."""
    return F.when(~_may_be_no_text(text), text)


def probes(text: Column, fields: Fields) -> list[Column]:
    """The record parsed again, once for each type that takes the tokens a string field must not hold."""
    trees = [_retyped(fields, type_) for type_ in OTHER_TOKENS]
    return [parse_values(text, f"payload: struct<{ddl(tree)}>, {ddl(tree)}") for tree in trees]


def wrong_texts(parsed_probes: Sequence[Column], is_envelope: Column, fields: Fields) -> Column:
    """The dotted names of the text fields that hold a number, a boolean, a list or an object, as an array.

    Fields in lists are named with the place of their object: `artists.0.name`.
    """

    def probed(probe: Column, path: tuple[str, ...]) -> Column:
        return F.when(is_envelope, at(probe[0]["payload"], path)).otherwise(at(probe[0], path))

    found = [
        F.when(reduce(or_, [probed(probe, path).isNotNull() for probe in parsed_probes]), ".".join(path))
        for path in _texts(fields)
    ]
    none = F.array().cast(TEXTS)
    in_lists = [
        F.coalesce(_named_in_list(probed(probe, path), path, name), none)
        for path, inner in _lists(fields)
        for name in inner
        for probe in parsed_probes
    ]
    return F.filter(F.concat(F.array(*found), *in_lists), lambda name: name.isNotNull())


def _named_in_list(items: Column, path: tuple[str, ...], name: str) -> Column:
    start = ".".join(path)
    return F.transform(items, lambda item, place: F.when(item[name].isNotNull(), _name_in_list(start, place, name)))


def _name_in_list(path: str, place: Column, name: str) -> Column:
    return F.concat(F.lit(f"{path}."), place.cast("string"), F.lit(f".{name}"))


def without_wrong_texts(payload: Column, wrong: Column, fields: Fields) -> Column:
    """The payload with the named text fields nulled."""
    return F.when(F.size(wrong) == 0, payload).otherwise(_rebuilt(payload, wrong, fields, ()))


def _rebuilt(payload: Column, wrong: Column, fields: Fields, above: tuple[str, ...]) -> Column:
    columns = []
    for name, field in fields.items():
        value = payload[name]
        if field == TEXT:
            value = F.when(~F.array_contains(wrong, ".".join((*above, name))), value)
        elif isinstance(field, list):
            value = _rebuilt_list(value, wrong, field[0], ".".join((*above, name)))
        elif isinstance(field, Mapping):
            value = F.when(value.isNotNull(), _rebuilt(value, wrong, field, (*above, name)))
        columns.append(value.alias(name))
    return F.struct(*columns)


def _rebuilt_list(items: Column, wrong: Column, fields: Fields, path: str) -> Column:
    def rebuilt(item: Column, place: Column) -> Column:
        kept = [
            F.when(~F.array_contains(wrong, _name_in_list(path, place, name)), item[name]).alias(name)
            for name in fields
        ]
        return F.when(item.isNotNull(), F.struct(*kept))

    return F.transform(items, rebuilt)


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
