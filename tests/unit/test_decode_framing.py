"""Records with something around their JSON, encoded twice, or cut off."""

from __future__ import annotations

import gzip
import json

import pytest

from helpers.building import Arrived, Records, as_bytes, envelope
from helpers.decoding import Read, read_topic

TRACK = {"id": "t1", "name": "A Title"}
REGISTRY = b"\x00\x00\x00\x00\x07"  # a zero, and the schema with the id 7
FRAMED: Records = {
    "bare": REGISTRY + as_bytes(TRACK),
    "envelope": REGISTRY + as_bytes(envelope("track", TRACK)),
    "behind blanks": REGISTRY + b" \n" + as_bytes(TRACK),
    "an id that is JSON": b"\x00{}{}" + as_bytes(TRACK),
    "avro": REGISTRY + b"\x02\x04t1\x0eA Title",
    "protobuf": REGISTRY + b"\x00\x0a\x02t1",
    "nothing behind": REGISTRY,
    "cut off": REGISTRY + b'{"id": "t1"',
    "not utf8": REGISTRY + b'{"id": "\xff"}',
    "a list": REGISTRY + b"[1]",
    "gzip": gzip.compress(as_bytes(TRACK)),
    "glue": b"\x03\x00" + bytes(range(16)) + as_bytes(TRACK),
}


@pytest.fixture(scope="module")
def framed() -> Read:
    return read_topic("track", FRAMED)


@pytest.mark.parametrize("name", ["bare", "envelope", "behind blanks", "an id that is JSON"])
def test_json_behind_the_five_bytes_of_a_schema_registry_is_read(framed: Read, name: str) -> None:
    assert framed.values(name, "track_id", "track_name") == ("t1", "A Title")


@pytest.mark.parametrize("name", ["avro", "protobuf"])
def test_what_is_no_json_behind_them_is_told_with_its_schema(framed: Read, name: str) -> None:
    assert framed.reason(name) == "unknown_framing"
    assert "schema 7" in framed.rejected[name]["detail"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nothing behind", "not_json"), ("cut off", "not_json"), ("not utf8", "not_utf8"), ("a list", "not_object")],
)
def test_what_is_wrong_with_the_json_behind_them_is_told(framed: Read, name: str, reason: str) -> None:
    assert framed.reason(name) == reason


@pytest.mark.parametrize(("name", "framing"), [("gzip", "gzip"), ("glue", "Glue")])
def test_other_framings_are_named(framed: Read, name: str, framing: str) -> None:
    assert framed.reason(name) == "unknown_framing"
    assert framing in framed.rejected[name]["detail"]


ENVELOPE = json.dumps(envelope("track", TRACK))
ENCODED_TWICE: Records = {
    "a payload": envelope("track", json.dumps(TRACK)),
    "an envelope": json.dumps(ENVELOPE),
    "an object": json.dumps(json.dumps(TRACK)),
    "a text in braces": '"{not an object}"',
    "a payload in braces": envelope("track", "{not an object}", id="t1"),
}


@pytest.mark.parametrize("name", ["a payload", "an envelope", "an object"])
def test_what_was_encoded_twice_says_that_it_is_a_text(name: str) -> None:
    found = read_topic("track", ENCODED_TWICE)
    assert (found.reason(name), found.kind(name)) == ("double_encoded", "track")
    assert "text that holds an object" in found.rejected[name]["detail"]


@pytest.mark.parametrize(("name", "kind"), [("a payload", "track"), ("an envelope", "track"), ("an object", None)])
def test_what_was_encoded_twice_is_of_the_kind_that_it_names(name: str, kind: str | None) -> None:
    assert read_topic(None, ENCODED_TWICE).kind(name) == kind


def test_a_text_in_braces_is_a_text() -> None:
    found = read_topic("track", ENCODED_TWICE)
    assert (found.reason("a text in braces"), found.reason("a payload in braces")) == ("not_object", None)


def test_a_record_that_bronze_cut_off_is_too_large() -> None:
    whole = as_bytes(TRACK)
    found = read_topic("track", {"cut off": Arrived(whole[:10], record_bytes=20_000_000)})
    assert (found.reason("cut off"), found.kind("cut off")) == ("too_large", "track")
    assert "20,000,000" in found.rejected["cut off"]["detail"]
    assert found.rejected["cut off"]["value"] == whole[:10]


def test_a_record_that_bronze_holds_as_a_whole_is_read() -> None:
    whole = as_bytes(TRACK)
    assert read_topic("track", {"whole": Arrived(whole, record_bytes=len(whole))}).reason("whole") is None
