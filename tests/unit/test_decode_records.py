"""Which kind a record is of, and what is wrong with those of none."""

from __future__ import annotations

import pytest

from helpers.building import Records, envelope
from helpers.decoding import Read, events_table, read_topic
from soundlake.core.decode import UNKNOWN, decode
from soundlake.kinds import KINDS

NAMED: Records = {
    "bare object": {"id": "x"},
    "envelope of another kind": envelope("artist", {"id": "x"}),
    "envelope of its own kind": envelope("track", {"id": "x"}),
    "compact envelope": '{"kind":"artist","payload":{"id":"x"}}',
    "kind at the end": '{"payload": {"id": "x"}, "kind": "artist"}',
    "kind given with blanks": '{ "kind" : "artist", "payload" : {"id": "x"} }',
    "kind given twice": '{"kind": "track", "kind": "artist", "payload": {"id": "x"}}',
    "envelope without kind": {"payload": {"id": "x"}},
    "envelope with null kind": {"kind": None, "payload": {"id": "x"}},
    "kind without payload": {"kind": "artist", "id": "x"},
    "kind with null payload": {"kind": "artist", "payload": None, "id": "x"},
    "kind inside the payload": {"payload": {"id": "x", "kind": "artist"}},
    "unknown kind": envelope("song", {"id": "x"}),
    "escaped kind": '{"\\u006bind": "artist", "payload": {"id": "x"}}',
    "cut off": '{"id": "x"',
    "not utf8": b'{"id": "\xff"}',
    "damaged aggregate": b"\xf3\x89\x9a\xc2" + b"cut off",
    "tombstone": None,
}
UNNAMED: Records = {
    "envelope": envelope("play", {"user_id": "u"}),
    "bare object": {"id": "x"},
    "unknown kind": envelope("song", {"id": "x"}),
    "other case": envelope("Track", {"id": "x"}),
    "not json": "{",
    "empty": "",
    "not object": "[1]",
    "null": "null",
    "not utf8": b"\xc3\x28",
    "damaged aggregate": b"\xf3\x89\x9a\xc2" + b"cut off",
    "overlong utf8": b"\xc0\xaf",
    "half a sign": '{"name": "夜'.encode()[:-1],
    "tombstone": None,
    "personal, unreadable": '{"ip_addr": "192.0.2.1"',
    "personal, not utf8": b'{"ip_addr_decrypted": "192.0.2.1", "name": "\xff"}',
    "personal, no envelope": {"user_agent_decrypted": "a browser"},
    "personal, user name": {"username": "a name"},
}


@pytest.fixture(scope="module")
def kinds() -> Read:
    """Records on the topic of tracks."""
    return read_topic("track", NAMED)


@pytest.fixture(scope="module")
def unread() -> Read:
    """Records on a topic of all kinds, of which all but the first are of none."""
    return read_topic(None, UNNAMED)


def test_the_topic_says_the_kind_of_a_bare_object(kinds: Read) -> None:
    assert kinds.kind("bare object") == "track"


@pytest.mark.parametrize(
    "name",
    ["envelope of another kind", "compact envelope", "kind at the end", "kind given with blanks", "escaped kind"],
)
def test_the_kind_of_an_envelope_beats_the_topic(kinds: Read, name: str) -> None:
    assert kinds.kind(name) == "artist"


@pytest.mark.parametrize("name", ["envelope of its own kind", "envelope without kind", "envelope with null kind"])
def test_an_envelope_without_another_kind_is_of_the_topics(kinds: Read, name: str) -> None:
    assert kinds.kind(name) == "track"


@pytest.mark.parametrize("name", ["kind without payload", "kind with null payload", "kind inside the payload"])
def test_only_an_envelope_has_a_kind_of_its_own(kinds: Read, name: str) -> None:
    assert kinds.kind(name) == "track"


def test_an_unknown_kind_beats_the_topic_too(kinds: Read) -> None:
    assert kinds.kind("unknown kind") == "song"


def test_what_cannot_be_parsed_is_of_the_topics_kind(kinds: Read) -> None:
    assert kinds.kind("cut off") == "track"


@pytest.mark.parametrize("name", ["not utf8", "damaged aggregate", "tombstone"])
def test_what_is_no_text_has_no_kind_but_its_topics(kinds: Read, unread: Read, name: str) -> None:
    assert (kinds.kind(name), unread.kind(name)) == ("track", None)


def test_rejections_are_counted_by_kind() -> None:
    topic: Records = {
        "cut off": "{",
        "a song": envelope("song", {}),
        "no artist": envelope("artist", {}),
        "good": {"id": "x"},
    }
    assert decode(events_table("track", topic)).rejections == {"track": 1, UNKNOWN: 1, "artist": 1}


def test_one_topic_may_carry_all_kinds(unread: Read) -> None:
    assert (unread.reason("envelope"), unread.kind("envelope")) == ("missing_time", "play")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bare object", "unknown_kind"),
        ("unknown kind", "unknown_kind"),
        ("other case", "unknown_kind"),
        ("not json", "not_json"),
        ("empty", "not_json"),
        ("not object", "not_object"),
        ("null", "not_object"),
        ("not utf8", "not_utf8"),
        ("damaged aggregate", "damaged_aggregate"),
        ("overlong utf8", "not_utf8"),
        ("half a sign", "not_utf8"),
        ("tombstone", "tombstone"),
    ],
)
def test_a_record_of_no_known_kind_says_why(unread: Read, name: str, reason: str) -> None:
    assert unread.reason(name) == reason


@pytest.mark.parametrize("depth", [253, 254, 1_000])
def test_a_kind_that_is_nested_deeply_is_unknown_and_stops_nothing(depth: int) -> None:
    nested = '{"kind": ' + "[" * depth + "]" * depth + ', "payload": {}}'
    found = read_topic("track", {"nested": nested, "good": {"id": "x"}})
    assert (found.reason("nested"), found.reason("good")) == ("unknown_kind", None)


def test_the_detail_names_the_unknown_kind_and_the_known_ones(unread: Read) -> None:
    detail = unread.rejected["unknown kind"]["detail"]
    assert detail.startswith("kind is song;")
    assert all(kind in detail for kind in KINDS)


def test_every_reason_comes_with_a_detail(unread: Read) -> None:
    assert all(row["detail"] for row in unread.rejected.values())


def test_a_rejected_record_keeps_its_bytes(unread: Read) -> None:
    assert unread.rejected["not utf8"]["value"] == b"\xc3\x28"


@pytest.mark.parametrize("name", [name for name in UNNAMED if name.startswith("personal")])
def test_a_rejected_record_with_personal_fields_leaves_its_value_out(unread: Read, name: str) -> None:
    assert unread.rejected[name]["value"] is None
