"""Strict JSON, and fields of the wrong type."""

from __future__ import annotations

import pytest

from helpers.building import Records, envelope
from helpers.decoding import Read, read
from soundlake.kinds import KINDS

NO_JSON = {
    "cut off": '{"id": "a", "name": "b',
    "followed by something": '{"id": "a"} x',
    "closing a list that was never opened": '{"id": "a"}] x',
    "two objects": '{"id": "a"}{"id": "b"}',
    "two objects with a comma": '{"id": "a"}, {"id": "b"}',
    "single quotes": "{'id': 'a'}",
    "bare names": '{id: "a"}',
    "a python dict": "{'id': None}",
    "not a number": '{"id": "a", "popularity": NaN}',
    "a comment": '{"id": "a" /* b */}',
    "a comma too many": '{"id": "a",}',
    "no text": "",
    "blanks": " \n",
    "plain words": "plain words",
    "an opening bracket": "[",
}
NO_OBJECT = {
    "a list": '[{"id": "a"}]',
    "an empty list": "[]",
    "a text": '"a"',
    "a number": "12.5",
    "true": "true",
    "null": "null",
}
TRACKS: Records = {
    "surrounded by blanks": ' \r\n {"id": "a", "name": "b"}\t\n',
    "a text of digits": {"id": "a", "name": "1999"},
    "a text that says true": {"id": "a", "name": "true"},
    "a text that says null": {"id": "a", "name": "null"},
    "a text in brackets": {"id": "a", "name": "[intro]"},
    "a text in braces": {"id": "a", "name": '{"a": 1}'},
    "an id of digits": {"id": "123"},
    "names of all scripts": {"id": "a", "name": '夜に駆ける 🎧 "quoted", | \n ไทย \ufffd'},
    "an empty name": {"id": "a", "name": ""},
    "a number for a text": {"id": "a", "name": 1999, "popularity": 5},
    "a fraction for a text": {"id": "a", "name": -1.5e3},
    "a flag for a text": {"id": "a", "name": True},
    "a list for a text": {"id": "a", "name": ["b"]},
    "an object for a text": {"id": "a", "name": {"b": "c"}},
    "a number for a nested text": {"id": "a", "album": {"id": "x", "name": 1989}},
    "a number for a text in an envelope": envelope("track", {"id": "a", "name": 7}),
    "a number for a text, a text of digits beside it": {"id": "a", "name": 7, "album": {"name": "1989"}},
    "a number for a name in a list": {"id": "a", "artists": [{"id": "x", "name": 7}]},
    "a number for an id in a list": {"id": "a", "artists": [{"id": 7, "name": "b"}]},
    "a text for a number": {"id": "a", "name": "b", "popularity": "50"},
    "a text for a number that is none": {"id": "a", "name": "b", "duration_ms": "NaN"},
    "a flag for a number": {"id": "a", "name": "b", "popularity": True},
    "a list for a number": {"id": "a", "name": "b", "popularity": [50]},
    "a text for a flag": {"id": "a", "name": "b", "explicit": "true"},
    "a number for a flag": {"id": "a", "name": "b", "explicit": 1},
    "a text for a list": {"id": "a", "name": "b", "artists": "c"},
    "an object for a list": {"id": "a", "name": "b", "artists": {"id": "c"}},
    "a text for an object": {"id": "a", "name": "b", "album": "c"},
    "a list for an object": {"id": "a", "name": "b", "album": [{"id": "c"}]},
    "a number for the source": envelope("track", {"id": "a"}, source=5),
    "a number too large": '{"id": "a", "name": "b", "duration_ms": 1e400}',
    "a whole number as a float": '{"id": "a", "duration_ms": 204053.0}',
    "a whole number in scientific notation": '{"id": "a", "duration_ms": 3.5e5}',
    "unknown fields": {"id": "a", "name": "b", "new": {"name": 5}, "available_markets": ["JP"]},
    "a field given twice as null": {"id": "a", "name": None, "album": None, "artists": None, "popularity": None},
    "a number for the key": {"id": 123},
    "a flag for the key": {"id": False},
    "a list for the key": {"id": ["a"]},
    "an object for the key": {"id": {"a": "b"}},
    "a number for the key in an envelope": envelope("track", {"id": 123}),
}


@pytest.fixture(scope="module")
def records() -> Read:
    return read(KINDS["track"], {**NO_JSON, **NO_OBJECT, **TRACKS})


@pytest.mark.parametrize("name", NO_JSON)
def test_what_is_not_strictly_json_is_rejected(records: Read, name: str) -> None:
    assert records.reason(name) == "not_json"


@pytest.mark.parametrize("name", NO_OBJECT)
def test_json_that_is_no_object_is_rejected(records: Read, name: str) -> None:
    assert records.reason(name) == "not_object"


def test_blanks_around_an_object_do_not_matter(records: Read) -> None:
    assert records.values("surrounded by blanks", "track_id", "track_name") == ("a", "b")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a text of digits", "1999"),
        ("a text that says true", "true"),
        ("a text that says null", "null"),
        ("a text in brackets", "[intro]"),
        ("a text in braces", '{"a": 1}'),
        ("an empty name", ""),
    ],
)
def test_a_text_that_looks_like_something_else_is_kept(records: Read, name: str, text: str) -> None:
    assert records.values(name, "track_name") == (text,)


def test_an_id_of_digits_is_an_id(records: Read) -> None:
    assert records.values("an id of digits", "track_id") == ("123",)


def test_texts_of_all_scripts_are_kept_as_they_are(records: Read) -> None:
    assert records.values("names of all scripts", "track_name") == ('夜に駆ける 🎧 "quoted", | \n ไทย \ufffd',)


@pytest.mark.parametrize(
    "name",
    [
        "a number for a text",
        "a fraction for a text",
        "a flag for a text",
        "a list for a text",
        "an object for a text",
        "a number for a text in an envelope",
    ],
)
def test_a_text_field_that_holds_something_else_is_nulled(records: Read, name: str) -> None:
    assert records.values(name, "track_id", "track_name") == ("a", None)


def test_the_other_fields_of_such_a_record_are_kept(records: Read) -> None:
    assert records.values("a number for a text", "popularity") == (5,)


def test_a_nested_text_field_that_holds_something_else_is_nulled(records: Read) -> None:
    assert records.values("a number for a nested text", "album_id", "album_name") == ("x", None)


def test_a_text_of_digits_beside_a_wrong_one_is_kept(records: Read) -> None:
    name = "a number for a text, a text of digits beside it"
    assert records.values(name, "track_name", "album_name") == (None, "1989")


def test_a_name_in_a_list_that_is_no_text_is_nulled(records: Read) -> None:
    assert records.values("a number for a name in a list", "artist_id", "artist_names") == ("x", [None])


def test_an_id_in_a_list_that_is_no_text_is_nulled(records: Read) -> None:
    assert records.values("a number for an id in a list", "artist_id", "artist_name") == (None, "b")


def test_a_source_that_is_no_text_is_nulled(records: Read) -> None:
    assert records.values("a number for the source", "track_id", "source") == ("a", None)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("a text for a number", "popularity"),
        ("a text for a number that is none", "duration_ms"),
        ("a flag for a number", "popularity"),
        ("a list for a number", "popularity"),
        ("a text for a flag", "explicit"),
        ("a number for a flag", "explicit"),
        ("a text for a list", "artist_ids"),
        ("an object for a list", "artist_ids"),
        ("a text for an object", "album_id"),
        ("a list for an object", "album_id"),
        ("a number too large", "duration_ms"),
    ],
)
def test_a_value_of_the_wrong_type_is_nulled_and_the_rest_kept(records: Read, name: str, column: str) -> None:
    assert records.values(name, "track_name", column) == ("b", None)


@pytest.mark.parametrize(
    ("name", "milliseconds"),
    [("a whole number as a float", 204053), ("a whole number in scientific notation", 350000)],
)
def test_whole_numbers_may_be_written_as_floats(records: Read, name: str, milliseconds: int) -> None:
    assert records.values(name, "duration_ms") == (milliseconds,)


def test_unknown_fields_do_not_matter(records: Read) -> None:
    assert records.values("unknown fields", "track_id", "track_name") == ("a", "b")


@pytest.mark.parametrize("name", [name for name in TRACKS if "for the key" in name])
def test_a_key_of_the_wrong_type_is_rejected(records: Read, name: str) -> None:
    assert records.reason(name) == "wrong_type"
