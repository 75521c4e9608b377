"""Rank, filled fields and fetched_at of records, and what is set aside of the rejected."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession
from records import ARRIVAL, Arrived, Records, by_name, envelope, events, found, stamp, utc

from soundlake.kinds import KINDS
from soundlake.kinds.kind import Kind
from soundlake.refine.candidates import candidates
from soundlake.refine.envelope import says_kind
from soundlake.refine.rejects import rejected_rows

TRACK, PLAY, USER_ITEM = KINDS["track"], KINDS["play"], KINDS["user_item"]
PAYLOAD = {"id": "t1", "name": "A Title", "duration_ms": 1000}
Rows = dict[str, dict[str, Any]]


def at(moment: datetime) -> dict[str, Any]:
    return envelope("track", PAYLOAD, fetched_at=moment.isoformat())


@pytest.fixture(scope="module")
def tracks(spark: SparkSession) -> Rows:
    records: Records = {
        "stamped": envelope("track", PAYLOAD),
        "other order": {
            "payload": {"name": "A Title", "duration_ms": 1000.0, "id": "t1"},
            "source": "spotify-api",
            "fetched_at": stamp(8),
        },
        "other payload": envelope("track", PAYLOAD | {"name": "Another"}),
        "other popularity": envelope("track", PAYLOAD | {"popularity": 5}),
        "bare": PAYLOAD,
        "bare, arrived later": Arrived(PAYLOAD, datetime(2026, 3, 5, tzinfo=UTC)),
        "null stamp": envelope("track", PAYLOAD, fetched_at=None),
        "unreadable stamp": envelope("track", PAYLOAD, fetched_at="NA"),
        "number as stamp": envelope("track", PAYLOAD, fetched_at=1770000000),
        "impossible stamp": envelope("track", PAYLOAD, fetched_at="2026-02-30T00:00:00Z"),
        "stamp in another zone": envelope("track", PAYLOAD, fetched_at="2026-03-01T17:00:00+09:00"),
        "a day ahead": at(ARRIVAL + timedelta(days=1)),
        "a second more": at(ARRIVAL + timedelta(days=1, seconds=1)),
        "year 2999": envelope("track", PAYLOAD, fetched_at="2999-01-01T00:00:00Z"),
        "year 9999": envelope("track", PAYLOAD, fetched_at="9999-12-31T23:59:59Z"),
        "only an id": {"id": "t1"},
        "all null": {"id": "t1", "name": None, "artists": None},
        "part of a group": {"id": "t1", "album": {"name": "An Album"}},
        "empty list": {"id": "t1", "artists": []},
        "no id": {"name": "A Title"},
        "personal": {"name": "A Title", "ip_addr": "192.0.2.1"},
        "not json": "{",
    }
    return by_name(found(spark, TRACK, records))


@pytest.fixture(scope="module")
def rejected(spark: SparkSession) -> Rows:
    plays = {
        "no time": {"user_id": "u1", "trackName": "A Title"},
        "ip address": {"trackName": "A Title", "ip_addr": "192.0.2.1"},
        "old ip address": {"trackName": "A Title", "ip_addr_decrypted": "192.0.2.1"},
        "user agent": {"trackName": "A Title", "user_agent_decrypted": "a browser"},
        "user name": {"trackName": "A Title", "username": "a name"},
    }
    opened = says_kind(events(spark, "play", plays))
    return by_name(rejected_rows(candidates(PLAY, opened)))


def bits(kind: Kind, *columns: str) -> int:
    return 1 + sum(kind.bit(group) for group in kind.fields if set(columns) & set(group))


def test_a_rank_begins_with_the_stamp(tracks: Rows) -> None:
    assert tracks["stamped"]["rank"]["fetched_at"] == utc("2026-03-01T08:00:00Z")


def test_a_rank_ends_with_the_digest_of_the_payload_and_its_source(tracks: Rows) -> None:
    sha = tracks["stamped"]["rank"]["sha"]
    assert sha == tracks["bare"]["rank"]["sha"] + b"spotify-api"


def test_the_same_payload_written_otherwise_has_the_same_rank(tracks: Rows) -> None:
    assert tracks["other order"]["rank"] == tracks["stamped"]["rank"]


@pytest.mark.parametrize("name", ["other payload", "other popularity"])
def test_another_payload_has_another_rank(tracks: Rows, name: str) -> None:
    assert tracks[name]["rank"]["sha"] != tracks["stamped"]["rank"]["sha"]


def test_without_a_source_the_rank_ends_with_the_digest(tracks: Rows) -> None:
    assert len(tracks["bare"]["rank"]["sha"]) == 32


@pytest.mark.parametrize("name", ["bare", "null stamp", "unreadable stamp", "number as stamp", "impossible stamp"])
def test_without_a_readable_stamp_a_record_was_fetched_when_it_arrived(tracks: Rows, name: str) -> None:
    assert (tracks[name]["reason"], tracks[name]["rank"]["fetched_at"]) == (None, ARRIVAL)


def test_each_record_has_its_own_arrival(tracks: Rows) -> None:
    assert tracks["bare, arrived later"]["rank"]["fetched_at"] == utc("2026-03-05T00:00:00Z")


def test_a_stamp_in_another_zone_is_the_same_moment(tracks: Rows) -> None:
    assert tracks["stamp in another zone"]["rank"] == tracks["stamped"]["rank"]


def test_a_stamp_up_to_a_day_after_arrival_is_kept(tracks: Rows) -> None:
    assert tracks["a day ahead"]["reason"] is None


@pytest.mark.parametrize("name", ["a second more", "year 2999", "year 9999"])
def test_a_stamp_more_than_a_day_after_arrival_is_rejected(tracks: Rows, name: str) -> None:
    assert tracks[name]["reason"] == "fetched_in_future"


@pytest.mark.parametrize("name", ["only an id", "all null"])
def test_a_record_that_says_nothing_fills_nothing(tracks: Rows, name: str) -> None:
    assert tracks[name]["fields"] == 1


def test_a_record_fills_the_fields_it_names(tracks: Rows) -> None:
    assert tracks["stamped"]["fields"] == bits(TRACK, "track_name", "duration_ms", "source")


def test_a_group_is_filled_by_any_of_its_columns(tracks: Rows) -> None:
    assert tracks["part of a group"]["fields"] == bits(TRACK, "album_name")


def test_an_empty_list_fills_its_field(tracks: Rows) -> None:
    assert tracks["empty list"]["fields"] == bits(TRACK, "artist_ids")


def test_a_change_of_popularity_alone_leaves_the_hash_of_the_stable_values(tracks: Rows) -> None:
    assert tracks["other popularity"]["values_hash"] == tracks["stamped"]["values_hash"]


def test_a_change_of_a_name_changes_the_hash_of_the_stable_values(tracks: Rows) -> None:
    assert tracks["other payload"]["values_hash"] != tracks["stamped"]["values_hash"]


def test_the_key_of_a_record_is_its_id(tracks: Rows) -> None:
    assert tracks["stamped"]["id"] == "t1"


def test_a_rejected_record_has_no_id(tracks: Rows) -> None:
    assert (tracks["no id"]["id"], tracks["not json"]["id"]) == (None, None)


def test_a_rejected_record_carries_key_and_value(tracks: Rows) -> None:
    assert (tracks["not json"]["key"], tracks["not json"]["value"]) == ("a key", b"{")


def test_a_good_record_carries_its_bytes_no_further(tracks: Rows) -> None:
    assert (tracks["stamped"]["key"], tracks["stamped"]["value"]) == (None, None)


def test_a_record_says_where_it_stands(tracks: Rows) -> None:
    columns = ("stream", "partition", "position", "arrived_at", "record_kind")
    where = tuple(tracks["stamped"][column] for column in columns)
    assert where == ("a stream", "a file", "stamped", ARRIVAL, "track")


def test_a_rejected_row_says_what_was_wrong_and_where(rejected: Rows) -> None:
    row = rejected["no time"]
    expected = ("play", "missing_time", "a key", "a stream", "a file", ARRIVAL)
    assert tuple(row[c] for c in ("kind", "reason", "key", "stream", "partition", "arrived_at")) == expected
    assert row["detail"]


def test_a_rejected_row_keeps_the_record(rejected: Rows) -> None:
    assert rejected["no time"]["value"] == b'{"user_id": "u1", "trackName": "A Title"}'


@pytest.mark.parametrize("name", ["ip address", "old ip address", "user agent", "user name"])
def test_a_rejected_row_with_personal_fields_has_no_value(rejected: Rows, name: str) -> None:
    assert (rejected[name]["reason"], rejected[name]["value"]) == ("missing_user", None)


def test_a_key_of_several_parts_tells_null_from_nothing(spark: SparkSession) -> None:
    item: dict[str, Any] = {"user_id": "u1", "relation": "top", "track": {"id": "t1"}}
    records: Records = {
        "null": item,
        "short": item | {"time_range": "short_term"},
        "artist": item | {"track": None, "artist": {"id": "t1"}},
    }
    rows = by_name(found(spark, USER_ITEM, records))
    assert len({row["id"] for row in rows.values()}) == 3


def test_a_play_is_dated_by_when_it_was_played(spark: SparkSession) -> None:
    play = {"user_id": "u1", "endTime": "2026-02-03 23:59", "trackName": "A Title"}
    assert by_name(found(spark, PLAY, {"play": play}))["play"]["on_date"] == date(2026, 2, 3)
