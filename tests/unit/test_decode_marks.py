"""Rank, filled fields and fetched_at of records, and what is set aside of the rejected."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from helpers.building import ARRIVAL, Arrived, Records, envelope, stamp, utc
from helpers.decoding import Read, events_table, outcomes, read
from soundlake.core.decode import decode
from soundlake.kinds import KINDS
from soundlake.kinds.kind import Kind

TRACK, PLAY, USER_ITEM = KINDS["track"], KINDS["play"], KINDS["user_item"]
PAYLOAD = {"id": "t1", "name": "A Title", "duration_ms": 1000}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def at(moment: datetime) -> dict[str, Any]:
    return envelope("track", PAYLOAD, fetched_at=moment.isoformat())


def with_album(**album: object) -> dict[str, Any]:
    return {"id": "t1", "album": album}


@pytest.fixture(scope="module")
def tracks() -> Read:
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
        "a day after arrival": Arrived(at(ARRIVAL + DAY), ingested_at=ARRIVAL - DAY),
        "a day after ingestion": Arrived(at(ARRIVAL + DAY), at=EPOCH, ingested_at=ARRIVAL),
        "of a file with an old date": Arrived(at(ARRIVAL), at=EPOCH, ingested_at=ARRIVAL),
        "a second more after arrival": Arrived(at(ARRIVAL + DAY + SECOND), ingested_at=ARRIVAL - DAY),
        "a second more after ingestion": Arrived(at(ARRIVAL + DAY + SECOND), at=EPOCH, ingested_at=ARRIVAL),
        "year 2999": envelope("track", PAYLOAD, fetched_at="2999-01-01T00:00:00Z"),
        "year 9999": envelope("track", PAYLOAD, fetched_at="9999-12-31T23:59:59Z"),
        "only an id": {"id": "t1"},
        "all null": {"id": "t1", "name": None, "artists": None},
        "part of a group": {"id": "t1", "album": {"name": "An Album"}},
        "empty list": {"id": "t1", "artists": []},
        "artists with names alone": {"id": "t1", "artists": [{"name": "First"}]},
        "artists with ids": {"id": "t1", "artists": [{"id": "a1", "name": "First"}]},
        "album with a name alone": with_album(name="An Album"),
        "album with an id": with_album(id="b1"),
        "a year": with_album(release_date="2020"),
        "a month": with_album(release_date="2020-05"),
        "a day": with_album(release_date="2020-05-06"),
        "a day that is a year": with_album(release_date="2020-01-01", release_date_precision="year"),
        "no id": {"name": "A Title"},
        "personal": {"name": "A Title", "ip_addr": "192.0.2.1"},
        "not json": "{",
    }
    return read(TRACK, records)


@pytest.fixture(scope="module")
def rejected() -> Read:
    plays: Records = {
        "no time": {"user_id": "u1", "trackName": "A Title"},
        "ip address": {"trackName": "A Title", "ip_addr": "192.0.2.1"},
        "old ip address": {"trackName": "A Title", "ip_addr_decrypted": "192.0.2.1"},
        "user agent": {"trackName": "A Title", "user_agent_decrypted": "a browser"},
        "user name": {"trackName": "A Title", "username": "a name"},
    }
    return read(PLAY, plays)


def bits(kind: Kind, *columns: str, grade: int = 0) -> int:
    """The bits of the record itself, and of the groups of some columns up to a grade."""
    filled = [bits for group, bits in zip(kind.groups, kind.bits, strict=True) if set(columns) & set(group.columns)]
    return 1 + sum(bit for bits in filled for bit in bits[: grade + 1])


def rank(read: Read, name: str) -> tuple[Any, ...]:
    return tuple(read.marks[name][part] for part in ("weight", "fetched_at", "sha"))


def test_a_rank_begins_with_the_stamp(tracks: Read) -> None:
    assert tracks.marks["stamped"]["fetched_at"] == utc("2026-03-01T08:00:00Z")


def test_a_rank_ends_with_the_digest_of_the_payload_and_its_source(tracks: Read) -> None:
    sha = tracks.marks["stamped"]["sha"]
    assert sha == tracks.marks["bare"]["sha"] + b"spotify-api"


def test_the_same_payload_written_otherwise_has_the_same_rank(tracks: Read) -> None:
    assert rank(tracks, "other order") == rank(tracks, "stamped")


@pytest.mark.parametrize("name", ["other payload", "other popularity"])
def test_another_payload_has_another_rank(tracks: Read, name: str) -> None:
    assert tracks.marks[name]["sha"] != tracks.marks["stamped"]["sha"]


def test_without_a_source_the_rank_ends_with_the_digest(tracks: Read) -> None:
    assert len(tracks.marks["bare"]["sha"]) == 32


@pytest.mark.parametrize("name", ["bare", "null stamp", "unreadable stamp", "number as stamp", "impossible stamp"])
def test_without_a_readable_stamp_a_record_was_fetched_when_it_arrived(tracks: Read, name: str) -> None:
    assert (tracks.reason(name), tracks.marks[name]["fetched_at"]) == (None, ARRIVAL)


def test_each_record_has_its_own_arrival(tracks: Read) -> None:
    assert tracks.marks["bare, arrived later"]["fetched_at"] == utc("2026-03-05T00:00:00Z")


def test_a_stamp_in_another_zone_is_the_same_moment(tracks: Read) -> None:
    assert rank(tracks, "stamp in another zone") == rank(tracks, "stamped")


@pytest.mark.parametrize("name", ["a day after arrival", "a day after ingestion", "of a file with an old date"])
def test_a_stamp_up_to_a_day_after_arrival_or_ingestion_is_kept(tracks: Read, name: str) -> None:
    assert tracks.reason(name) is None


@pytest.mark.parametrize(
    "name", ["a second more after arrival", "a second more after ingestion", "year 2999", "year 9999"]
)
def test_a_stamp_more_than_a_day_after_both_is_rejected(tracks: Read, name: str) -> None:
    assert tracks.reason(name) == "fetched_in_future"


@pytest.mark.parametrize("name", ["only an id", "all null"])
def test_a_record_that_says_nothing_fills_nothing(tracks: Read, name: str) -> None:
    assert tracks.marks[name]["fields"] == 1


def test_a_record_fills_the_fields_it_names(tracks: Read) -> None:
    assert tracks.marks["stamped"]["fields"] == bits(TRACK, "track_name", "duration_ms", "source")


def test_a_group_is_filled_by_any_of_its_columns(tracks: Read) -> None:
    assert tracks.marks["part of a group"]["fields"] == bits(TRACK, "album_name")


def test_an_empty_list_fills_its_field(tracks: Read) -> None:
    assert tracks.marks["empty list"]["fields"] == bits(TRACK, "artist_ids")


def test_artists_with_ids_are_of_a_better_grade_than_names_alone(tracks: Read) -> None:
    assert tracks.marks["artists with names alone"]["fields"] == bits(TRACK, "artist_id", grade=0)
    assert tracks.marks["artists with ids"]["fields"] == bits(TRACK, "artist_id", grade=1)


def test_an_album_with_an_id_is_of_a_better_grade_than_a_name_alone(tracks: Read) -> None:
    assert tracks.marks["album with a name alone"]["fields"] == bits(TRACK, "album_id", grade=0)
    assert tracks.marks["album with an id"]["fields"] == bits(TRACK, "album_id", grade=1)


@pytest.mark.parametrize(("name", "grade"), [("a year", 0), ("a month", 1), ("a day", 2), ("a day that is a year", 0)])
def test_the_grade_of_a_date_is_its_precision(tracks: Read, name: str, grade: int) -> None:
    assert tracks.marks[name]["fields"] == bits(TRACK, "release_date", grade=grade)


def test_a_change_of_popularity_alone_leaves_the_hash_of_the_stable_values(tracks: Read) -> None:
    assert tracks.marks["other popularity"]["values_hash"] == tracks.marks["stamped"]["values_hash"]


def test_a_change_of_a_name_changes_the_hash_of_the_stable_values(tracks: Read) -> None:
    assert tracks.marks["other payload"]["values_hash"] != tracks.marks["stamped"]["values_hash"]


def test_the_key_of_a_record_is_its_id(tracks: Read) -> None:
    assert tracks.marks["stamped"]["id"] == "t1"


def test_a_rejected_record_has_no_marks(tracks: Read) -> None:
    assert {"no id", "not json"}.isdisjoint(tracks.marks)


def test_a_rejected_record_carries_key_and_value(tracks: Read) -> None:
    assert (tracks.rejected["not json"]["key"], tracks.rejected["not json"]["value"]) == ("a key", b"{")


def test_a_good_record_carries_its_bytes_no_further(tracks: Read) -> None:
    carried = {**tracks.marks["stamped"], **tracks.rows["stamped"]}.values()
    assert not [value for value in carried if isinstance(value, bytes) and b"A Title" in value]


def test_a_record_says_where_it_stands(tracks: Read) -> None:
    where = tuple(tracks.marks["stamped"][column] for column in ("stream", "partition", "position"))
    assert where == ("a stream", "a file", "stamped")


def test_a_rejected_row_says_what_was_wrong_and_where(rejected: Read) -> None:
    row = rejected.rejected["no time"]
    expected = ("play", "missing_time", "a key", "a stream", "a file", ARRIVAL)
    assert tuple(row[c] for c in ("kind", "reason", "key", "stream", "partition", "arrived_at")) == expected
    assert row["detail"]


def test_a_rejected_row_keeps_the_record(rejected: Read) -> None:
    assert rejected.rejected["no time"]["value"] == b'{"user_id": "u1", "trackName": "A Title"}'


@pytest.mark.parametrize("name", ["ip address", "old ip address", "user agent", "user name"])
def test_a_rejected_row_with_personal_fields_has_no_value(rejected: Read, name: str) -> None:
    assert (rejected.reason(name), rejected.rejected[name]["value"]) == ("missing_user", None)


def test_a_key_of_several_parts_tells_null_from_nothing() -> None:
    item: dict[str, Any] = {"user_id": "u1", "relation": "top", "track": {"id": "t1"}}
    records: Records = {
        "null": item,
        "short": item | {"time_range": "short_term"},
        "artist": item | {"track": None, "artist": {"id": "t1"}},
    }
    marks = read(USER_ITEM, records).marks.values()
    assert len({mark["id"] for mark in marks}) == len({mark["key"] for mark in marks}) == 3


def test_things_of_two_kinds_with_one_id_have_two_keys() -> None:
    keys = {read(KINDS[kind], {"a record": {"id": "x"}}).marks["a record"]["key"] for kind in ("artist", "album")}
    assert len(keys) == 2


def test_a_play_is_dated_by_when_it_was_played() -> None:
    play = {"user_id": "u1", "endTime": "2026-02-03 23:59", "trackName": "A Title"}
    assert read(PLAY, {"play": play}).marks["play"]["on_date"] == date(2026, 2, 3)


def test_the_later_export_of_a_play_weighs_more_than_a_poll() -> None:
    played = {"user_id": "u1", "trackName": "A Title"}
    times = {"export": "ts", "poll": "played_at", "basic": "endTime"}
    marks = read(PLAY, {name: played | {field: "2026-02-03T04:05:06Z"} for name, field in times.items()}).marks
    assert marks["export"]["weight"] > marks["poll"]["weight"] > marks["basic"]["weight"]


def without(column: str, records: Records) -> pa.Table:
    return events_table("track", records).drop_columns([column])


YEAR = timedelta(days=365)


@pytest.mark.parametrize("ahead", [2 * DAY, YEAR, 55_000 * YEAR // 10])
def test_a_record_cannot_have_come_after_it_was_ingested(ahead: timedelta) -> None:
    """A producer's clock may be ahead, by any time."""
    records: Records = {
        "bare": Arrived(PAYLOAD, at=ARRIVAL + ahead, ingested_at=ARRIVAL),
        "fetched then": Arrived(at(ARRIVAL + ahead), at=ARRIVAL + ahead, ingested_at=ARRIVAL),
    }
    found = read(TRACK, records)
    assert found.marks["bare"]["fetched_at"] == ARRIVAL
    assert found.reason("fetched then") == "fetched_in_future"


def test_an_entry_that_came_in_a_year_that_python_does_not_know_is_dated_by_its_ingestion() -> None:
    entry = {"playlist": {"id": "p"}, "position": 0, "track": {"id": "t"}}
    events = events_table("playlist_item", {"entry": Arrived(entry, ingested_at=ARRIVAL)})
    place = events.column_names.index("arrived_at")
    far = pa.array([57_000 * 365 * 86_400_000_000], pa.int64()).cast(events["arrived_at"].type)
    (records,) = decode(events.set_column(place, "arrived_at", far)).records
    assert records.marks["fetched_at"].to_pylist() == [ARRIVAL]


def test_rows_of_before_ingestion_was_told_are_compared_with_their_arrival() -> None:
    records: Records = {"in time": at(ARRIVAL + DAY), "too late": at(ARRIVAL + DAY + SECOND)}
    found = outcomes(decode(without("ingested_at", records)))
    assert (found.reason("in time"), found.reason("too late")) == (None, "fetched_in_future")


def test_rows_of_before_the_size_was_told_are_whole() -> None:
    assert outcomes(decode(without("record_bytes", {"a track": PAYLOAD}))).reason("a track") is None
