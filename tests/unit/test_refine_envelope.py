"""Which kind a record is of, and what is wrong with those of none."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from records import Records, by_name, envelope, events

from soundlake.kinds import KINDS
from soundlake.refine.envelope import flaw_of_unread, says_kind
from soundlake.refine.rejects import rejected_rows

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
def kinds(spark: SparkSession) -> dict[str, dict[str, Any]]:
    """Records on the topic of tracks."""
    return by_name(says_kind(events(spark, "track", NAMED)))


@pytest.fixture(scope="module")
def unread(spark: SparkSession) -> dict[str, dict[str, Any]]:
    """Records on a topic of all kinds, of which none is known; with the values that are set aside."""
    opened = says_kind(events(spark, None, UNNAMED))
    is_unread = F.col("record_kind").isNull() | ~F.col("record_kind").isin(*KINDS)
    return by_name(rejected_rows(flaw_of_unread(opened.where(is_unread))))


def test_the_topic_says_the_kind_of_a_bare_object(kinds: dict[str, dict[str, Any]]) -> None:
    assert kinds["bare object"]["record_kind"] == "track"


@pytest.mark.parametrize(
    "name",
    ["envelope of another kind", "compact envelope", "kind at the end", "kind given with blanks", "escaped kind"],
)
def test_the_kind_of_an_envelope_beats_the_topic(kinds: dict[str, dict[str, Any]], name: str) -> None:
    assert kinds[name]["record_kind"] == "artist"


@pytest.mark.parametrize("name", ["envelope of its own kind", "envelope without kind", "envelope with null kind"])
def test_an_envelope_without_another_kind_is_of_the_topics(kinds: dict[str, dict[str, Any]], name: str) -> None:
    assert kinds[name]["record_kind"] == "track"


@pytest.mark.parametrize("name", ["kind without payload", "kind with null payload", "kind inside the payload"])
def test_only_an_envelope_has_a_kind_of_its_own(kinds: dict[str, dict[str, Any]], name: str) -> None:
    assert kinds[name]["record_kind"] == "track"


def test_an_unknown_kind_beats_the_topic_too(kinds: dict[str, dict[str, Any]]) -> None:
    assert kinds["unknown kind"]["record_kind"] == "song"


def test_what_cannot_be_parsed_is_of_the_topics_kind(kinds: dict[str, dict[str, Any]]) -> None:
    assert kinds["cut off"]["record_kind"] == "track"


@pytest.mark.parametrize("name", ["not utf8", "tombstone"])
def test_what_is_no_text_has_no_kind(kinds: dict[str, dict[str, Any]], name: str) -> None:
    assert (kinds[name]["is_text"], kinds[name]["record_kind"]) == (False, None)


def test_one_topic_may_carry_all_kinds(unread: dict[str, dict[str, Any]]) -> None:
    assert "envelope" not in unread


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
def test_a_record_of_no_known_kind_says_why(unread: dict[str, dict[str, Any]], name: str, reason: str) -> None:
    assert unread[name]["reason"] == reason


def test_the_detail_names_the_unknown_kind_and_the_known_ones(unread: dict[str, dict[str, Any]]) -> None:
    detail = unread["unknown kind"]["detail"]
    assert detail.startswith("kind is song;")
    assert all(kind in detail for kind in KINDS)


def test_every_reason_comes_with_a_detail(unread: dict[str, dict[str, Any]]) -> None:
    assert all(row["detail"] for row in unread.values())


def test_a_rejected_record_keeps_its_bytes(unread: dict[str, dict[str, Any]]) -> None:
    assert unread["not utf8"]["value"] == b"\xc3\x28"


@pytest.mark.parametrize("name", [name for name in UNNAMED if name.startswith("personal")])
def test_a_rejected_record_with_personal_fields_leaves_its_value_out(
    unread: dict[str, dict[str, Any]], name: str
) -> None:
    assert unread[name]["value"] is None
