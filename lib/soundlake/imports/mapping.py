"""A mapping: which columns of a table become which fields of which records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from soundlake.imports.fields import FIELDS
from soundlake.times import instant

Scalar = str | int | float | bool
Kind = Literal["track", "artist", "album", "audio_features", "playlist", "playlist_item", "play", "user_item"]
TypeName = Literal["text", "id", "integer", "number", "flag", "texts", "date", "time", "duration", "platform"]


# The patterns of strptime that say a year.
_YEARS = ("%Y", "%y", "%G", "%c", "%x")
_ORIGINS = ("column", "columns", "value", "given", "template", "place")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class FirstAppearance(_Part):
    """A place that the file does not state: the order in which the values of `of` first appear within `within`."""

    within: str = Field(description="the column of the list, e.g. of the playlist's id")
    of: str = Field(description="the column of what stands in the list, e.g. of the track's id")


class FieldSource(_Part):
    """Where the value of one field comes from, and how it is read."""

    column: str | tuple[str, ...] | None = Field(None, description="a column; of several names the first in the file")
    columns: tuple[str, ...] | None = Field(None, description="columns gathered into a list; * stands for any text")
    value: Scalar | tuple[str, ...] | None = Field(None, description="the same value for every row")
    given: Literal["user", "file", "row"] | None = Field(
        None, description="--user, the file's name without its ending, or the row's place in the file from 0"
    )
    same: str | None = Field(
        None, description="with given: a column; rows where it says something else than in the first get no value"
    )
    match: str | None = Field(None, description="of a text: what the first group of a regular expression finds")
    before: str | None = Field(None, min_length=1, description="of a text: what stands before this, e.g. ' - '")
    after: str | None = Field(None, min_length=1, description="of a text: what stands behind this")
    template: str | None = Field(None, description="a text of several columns, e.g. {chart} {region}")
    place: FirstAppearance | None = Field(None, description="the order of first appearance, from 0")
    type: TypeName | None = Field(None, description="how the text is read; else the type of the field")
    list: str | None = Field(None, description="json, python, auto, names, or the text between the elements")
    item: str | None = Field(None, description="in a list of objects: the member that is meant")
    format: str | tuple[str, ...] | None = Field(
        None, description="of dates and times: strptime patterns, epoch_s or epoch_ms; else ISO 8601"
    )
    zone: str | None = Field(None, description="of times without a zone; else UTC")
    decimal: Literal[".", ","] = Field(".", description="the decimal point of numbers")
    map: Mapping[str, Scalar] | None = Field(None, description="texts replaced before they are read")
    scale: float | None = Field(None, description="numbers are multiplied by it")
    add: float | None = Field(None, description="added to numbers, after scaling")
    null: tuple[str, ...] = Field((), description="texts that mean that there is no value")
    made_up: str | None = Field(None, description="make an id from the text, for this kind of thing")

    @field_validator("format")
    @classmethod
    def _with_year_and_offset(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        for pattern in (value,) if isinstance(value, str) else value or ():
            if "%Z" in pattern:
                raise ValueError(f"{pattern}: %Z, a zone's name, is read without its offset: use %z, or set zone")
            if not pattern.startswith("epoch_") and not any(year in pattern for year in _YEARS):
                raise ValueError(f"{pattern} has no year ({', '.join(_YEARS)}): its dates would be of 1900")
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError):
                raise ValueError(f"there is no time zone {value}") from None
        return value

    @field_validator("match")
    @classmethod
    def _expression(cls, value: str | None) -> str | None:
        try:
            groups = re.compile(value or "()").groups
        except re.error as error:
            raise ValueError(f"not a valid regular expression: {error}") from None
        if not groups:
            raise ValueError("has no group: the part that is meant stands in parentheses")
        return value

    @field_validator("template")
    @classmethod
    def _whole_template(cls, value: str | None) -> str | None:
        names = [name for _, name, _, _ in Formatter().parse(value or "")]
        if value is not None and not any(names):
            raise ValueError("names no column; a column stands in braces: {chart} {region}")
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = [name for name in _ORIGINS if getattr(self, name) is not None]
        if len(origins) != 1:
            raise ValueError(f"needs exactly one of {', '.join(_ORIGINS)}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The column by all the names it may have."""
        return (self.column,) if isinstance(self.column, str) else self.column or ()

    @property
    def columns_read(self) -> tuple[str, ...]:
        """All columns that it may read, by every name."""
        return (*self.names, *(self.columns or ()), *(name for (name,) in self.single_names))

    @property
    def single_names(self) -> tuple[tuple[str], ...]:
        """The columns of a template, of a place or of `same`, each by its only name."""
        places = (self.place.within, self.place.of) if self.place is not None else ()
        same = () if self.same is None else (self.same,)
        return tuple((name,) for name in (*self.parts, *places, *same))

    @property
    def parts(self) -> tuple[str, ...]:
        """The columns of a template."""
        return tuple(name for _, name in self.pieces if name)

    @property
    def pieces(self) -> tuple[tuple[str, str | None], ...]:
        """A template as pairs: a text, and the column behind it."""
        return tuple((before, name) for before, name, _, _ in Formatter().parse(self.template or ""))


class When(_Part):
    """The rows that give a record: those whose column has (or, with `is`, has one of) these values."""

    column: str
    is_: tuple[str, ...] | None = Field(None, alias="is")


class Gather(_Part):
    """One record for each id, written at the file's end: lists hold what all its rows say, most frequent first."""

    most: int = Field(20, ge=1, description="the most elements of a list")


class Record(_Part):
    """A record that each row gives."""

    kind: Kind
    fields: dict[str, FieldSource]
    optional: bool = Field(False, description="a row (or file) without the needed fields is no error")
    distinct: bool = Field(False, description="leave out a record that says what the last one of its id said")
    when: When | None = None
    gather: Gather | None = None

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("fields"), dict):
            known = FIELDS.get(str(value.get("kind")), {})
            flat = {path: _source(given) for path, given in leaves(value["fields"], known)}
            return {**value, "fields": flat}
        return value


class FileShape(_Part):
    """How the file is written."""

    format: Literal["csv", "tsv", "json", "parquet"] | None = Field(None, description="else by its name and content")
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="else , ; tab or | by the header")
    quote: str = Field('"', max_length=1, description="empty where quotes are signs like others")
    escape: str | None = Field(None, min_length=1, max_length=1, description="what stands before a quote in a cell")
    encoding: str | None = Field(None, description="else UTF-8 or UTF-16, and Windows-1252 for what is no UTF-8")
    header: tuple[str, ...] | None = Field(None, description="names of the columns, for a file without a header")
    rows: str | None = Field(None, description="in JSON: the path to the list of rows, e.g. data.items")
    each: str | None = Field(
        None, description="in JSON and Parquet: the path to a list in each row, whose elements are the rows then"
    )
    null: tuple[str, ...] = Field((), description="texts that mean that there is no value, in every column")

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        try:
            "".encode(value or "utf-8")
        except LookupError:
            raise ValueError(f"there is no encoding {value}") from None
        return value


class TableMapping(_Part):
    """A mapping file."""

    name: str = Field(pattern=r"^[\w.-]+$")
    description: str = ""
    source: str | None = Field(None, description="the records' source; else import: and the name")
    fetched_at: FieldSource | None = Field(
        None, description="when the data were true; else the file's modification time"
    )
    market: FieldSource | None = None
    aliases: Mapping[str, tuple[str, ...]] = Field({}, description="what a column is called too, by its name here")
    detect: tuple[str | tuple[str, ...], ...] = Field(
        (), description="columns by which a file is recognised; of several names one is enough"
    )
    file: FileShape = FileShape()
    records: tuple[Record, ...] = Field(min_length=1)

    @field_validator("fetched_at", "market", mode="before")
    @classmethod
    def _constants(cls, value: Any) -> Any:
        return {"value": value} if isinstance(value, str) else value

    @field_validator("fetched_at")
    @classmethod
    def _a_time(cls, value: FieldSource | None) -> FieldSource | None:
        if value is not None and value.value is not None and instant(value.value) is None:
            raise ValueError(f"{value.value} is no time such as 2026-11-21T08:00:00Z")
        return value

    @property
    def source_name(self) -> str:
        """What `source` of the records says."""
        return self.source or f"import:{self.name}"

    @property
    def needs_user(self) -> bool:
        """Whether its records are somebody's, and no column says whose."""
        return any("user_id" in FIELDS[r.kind] and "user_id" not in r.fields for r in self.records) or any(
            source.given == "user" for record in self.records for source in record.fields.values()
        )


def _source(given: Any) -> Any:
    """A field's source, where a text alone names a column, and a list one that has several names."""
    return {"column": given} if isinstance(given, str | list) else given


def leaves(tree: Mapping[str, Any], known: Mapping[str, str], above: str = "") -> Iterator[tuple[str, Any]]:
    """Fields by their path, whether the file writes `"album.id" = …` or `album.id = …`."""
    for name, given in tree.items():
        path = f"{above}{name}"
        is_branch = isinstance(given, dict) and path not in known and any(k.startswith(f"{path}.") for k in known)
        if is_branch:
            yield from leaves(given, known, f"{path}.")
        else:
            yield path, given
