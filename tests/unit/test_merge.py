"""How records of one thing become one row: each field holds the value of the highest-ranked record that has it."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from helpers.building import Record, envelope, stamp, utc
from helpers.lake_model import Fed, feed
from soundlake.kinds import KINDS

TRACK = KINDS["track"]
ALBUM_OF_OLD = {"id": "b1", "name": "Old", "release_date": "1981", "release_date_precision": "year"}


def track(id_: str, hour: int, **fields: object) -> dict[str, Any]:
    return envelope("track", {"id": id_, **fields}, fetched_at=stamp(hour), source=None)


# Each case is a track with its own id: its records of the first batch and of the second.
CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "newer value": ([{"hour": 1, "name": "old"}], [{"hour": 2, "name": "new"}]),
    "older value": ([{"hour": 2, "name": "new"}], [{"hour": 1, "name": "old"}]),
    "within a batch": ([{"hour": 2, "name": "new"}, {"hour": 1, "name": "old"}], []),
    "newer null": ([{"hour": 1, "name": "old", "explicit": True}], [{"hour": 2, "name": None, "duration_ms": 5}]),
    "older gap": ([{"hour": 2, "name": "new"}], [{"hour": 1, "name": "old", "duration_ms": 5}]),
    "gap within a batch": ([{"hour": 2, "name": "new"}, {"hour": 1, "name": "old", "duration_ms": 5}], []),
    "middle": (
        [{"hour": 1, "name": "a", "duration_ms": 1}, {"hour": 3, "name": "c"}],
        [{"hour": 2, "name": "b", "duration_ms": 2}],
    ),
    "artists": (
        [{"hour": 1, "artists": [{"id": "a1", "name": "A"}, {"id": "a2", "name": "B"}]}],
        [{"hour": 2, "artists": [{"id": "a3", "name": None}]}],
    ),
    "artists without ids": (
        [{"hour": 1, "artists": [{"id": "a1", "name": "A"}]}],
        [{"hour": 2, "artists": [{"id": None, "name": "B"}]}],
    ),
    "artists with ids, older": (
        [{"hour": 2, "artists": [{"id": None, "name": "B"}]}],
        [{"hour": 1, "artists": [{"id": "a1", "name": "A"}]}],
    ),
    "no artists": ([{"hour": 1, "artists": [{"id": None, "name": "A"}]}], [{"hour": 2, "artists": []}]),
    "album": ([{"hour": 1, "album": ALBUM_OF_OLD}], [{"hour": 2, "album": {"id": "b2"}}]),
    "album without id": ([{"hour": 1, "album": ALBUM_OF_OLD}], [{"hour": 2, "album": {"name": "New"}}]),
    "vague date": (
        [{"hour": 1, "album": {"release_date": "1981-12-15"}}],
        [{"hour": 2, "album": {"release_date": "1982"}}],
    ),
    "vague date within a batch": (
        [{"hour": 1, "album": {"release_date": "1981-12-15"}}, {"hour": 2, "album": {"release_date": "1982"}}],
        [],
    ),
    "release": ([{"hour": 1, "album": ALBUM_OF_OLD}], [{"hour": 2, "album": {"release_date": "1981-12"}}]),
    "popularity alone": ([{"hour": 1, "name": "a", "popularity": 5}], [{"hour": 2, "name": "a", "popularity": 6}]),
    "nothing new": ([{"hour": 1, "name": "a", "duration_ms": 1}], [{"hour": 2, "name": "a", "duration_ms": 1}]),
    "the same again": ([{"hour": 1, "name": "a"}], [{"hour": 1, "name": "a"}]),
    "one field of several": (
        [{"hour": 1, "name": "a", "duration_ms": 1}],
        [{"hour": 2, "name": "b"}],
    ),
    "tie": ([{"hour": 1, "name": "one"}], [{"hour": 1, "name": "two"}]),
}


@pytest.fixture(scope="module")
def merged() -> Fed:
    batches: list[dict[str, Record]] = [
        {
            f"{case}, {batch}.{number}": track(case, **record)
            for case, both in CASES.items()
            for number, record in enumerate(both[batch])
        }
        for batch in (0, 1)
    ]
    return feed(TRACK, *batches)


def values(fed: Fed, case: str, *columns: str) -> tuple[Any, ...]:
    return tuple(fed.rows[case][column] for column in columns)


def test_a_newer_value_replaces_an_older_one(merged: Fed) -> None:
    assert values(merged, "newer value", "track_name") == ("new",)


def test_an_older_value_that_comes_later_replaces_nothing(merged: Fed) -> None:
    assert values(merged, "older value", "track_name") == ("new",)


def test_within_a_batch_the_order_does_not_matter(merged: Fed) -> None:
    assert values(merged, "within a batch", "track_name") == ("new",)


def test_a_newer_null_replaces_nothing(merged: Fed) -> None:
    assert values(merged, "newer null", "track_name", "explicit", "duration_ms") == ("old", True, 5)


@pytest.mark.parametrize("case", ["older gap", "gap within a batch"])
def test_an_older_record_fills_what_newer_ones_leave_open(merged: Fed, case: str) -> None:
    assert values(merged, case, "track_name", "duration_ms") == ("new", 5)


def test_a_record_between_two_others_wins_where_the_newer_is_silent(merged: Fed) -> None:
    assert values(merged, "middle", "track_name", "duration_ms") == ("c", 2)


def test_the_columns_of_artists_move_together(merged: Fed) -> None:
    columns = ("artist_id", "artist_name", "artist_ids", "artist_names")
    assert values(merged, "artists", *columns) == ("a3", None, ["a3"], [None])


def test_artists_with_ids_go_before_such_with_names_alone_however_new(merged: Fed) -> None:
    columns = ("artist_id", "artist_name", "artist_ids", "artist_names")
    assert values(merged, "artists without ids", *columns) == ("a1", "A", ["a1"], ["A"])
    assert values(merged, "artists with ids, older", *columns) == ("a1", "A", ["a1"], ["A"])


def test_an_empty_list_of_artists_replaces_names_alone(merged: Fed) -> None:
    columns = ("artist_id", "artist_name", "artist_ids", "artist_names")
    assert values(merged, "no artists", *columns) == (None, None, [], [])


def test_album_id_and_name_move_together(merged: Fed) -> None:
    assert values(merged, "album", "album_id", "album_name") == ("b2", None)


def test_an_album_with_an_id_goes_before_a_name_alone(merged: Fed) -> None:
    assert values(merged, "album without id", "album_id", "album_name") == ("b1", "Old")


@pytest.mark.parametrize("case", ["vague date", "vague date within a batch"])
def test_an_exact_date_goes_before_a_vague_one(merged: Fed, case: str) -> None:
    assert values(merged, case, "release_date", "release_date_precision") == (date(1981, 12, 15), "day")


def test_an_album_without_a_date_leaves_the_date(merged: Fed) -> None:
    assert values(merged, "album", "release_date", "release_date_precision") == (date(1981, 1, 1), "year")


def test_release_date_and_precision_move_together(merged: Fed) -> None:
    columns = ("release_date", "release_date_precision", "album_name")
    assert values(merged, "release", *columns) == (date(1981, 12, 1), "month", "Old")


def test_a_change_of_popularity_alone_rewrites_no_row(merged: Fed) -> None:
    assert "popularity alone" not in merged.rewritten[1]


def test_a_later_fetch_without_changes_rewrites_no_row(merged: Fed) -> None:
    assert "nothing new" not in merged.rewritten[1]


def test_the_same_record_again_rewrites_no_row(merged: Fed) -> None:
    assert "the same again" not in merged.rewritten[1]


def test_a_changed_row_is_rewritten_with_what_it_had(merged: Fed) -> None:
    assert "one field of several" in merged.rewritten[1]
    assert values(merged, "one field of several", "track_name", "duration_ms") == ("b", 1)


def test_a_rewritten_row_tells_its_newest_fetch(merged: Fed) -> None:
    assert values(merged, "newer value", "fetched_at") == (utc(stamp(2)),)


def test_a_row_filled_from_an_older_record_keeps_its_newest_fetch(merged: Fed) -> None:
    assert values(merged, "older gap", "fetched_at") == (utc(stamp(2)),)


# Four records of one thing, with gaps, in every order, cut into batches of one, two or more.
STORY: list[dict[str, Any]] = [
    {"hour": 1, "name": "one", "duration_ms": 1, "artists": [{"id": "a1", "name": "A"}]},
    {"hour": 2, "explicit": True, "album": ALBUM_OF_OLD},
    {"hour": 3, "name": None, "duration_ms": 3, "artists": [], "external_ids": {"isrc": "JPA012345678"}},
    {"hour": 3, "name": "four", "album": {"name": "Four"}, "explicit": None},
]
ORDERS = list(permutations(range(len(STORY))))


@pytest.fixture(scope="module")
def orders() -> Fed:
    """One track for each order; how many records share a batch differs from track to track, and one comes again."""
    batches: list[dict[str, Record]] = [{} for _ in range(4)]
    for number, order in enumerate(ORDERS):
        for place, record in enumerate(order):
            batch = min(place * (1 + number % 3) // 2, 3)
            batches[batch][f"{number}.{place}"] = track(f"t{number}", **STORY[record])
        batches[3][f"{number} again"] = track(f"t{number}", **STORY[order[0]])
    return feed(TRACK, *batches)


def test_any_order_in_any_batches_gives_the_same_row(orders: Fed) -> None:
    stable = [name for name in TRACK.table.column_names if name not in ("track_id", "popularity", "fetched_at")]
    rows = {str([row[name] for name in stable]) for row in orders.rows.values()}
    assert len(orders.rows) == len(ORDERS)
    assert len(rows) == 1


def test_of_two_records_of_one_moment_the_greater_digest_wins(merged: Fed) -> None:
    swapped = feed(TRACK, {"a": track("tie", 1, name="two")}, {"b": track("tie", 1, name="one")})
    assert swapped.rows["tie"] == merged.rows["tie"]


def test_records_that_differ_in_their_source_alone_give_the_same_row_in_any_order() -> None:
    # All of one moment: with a source, with another one, and bare, fetched when it arrived.
    poll = {"user_id": "u1", "played_at": "2026-02-03T04:05:06Z", "track": {"id": "t1", "name": "A"}}
    sources = {"one": envelope("play", poll, source="one"), "two": envelope("play", poll, source="two"), "bare": poll}
    batches: list[dict[str, Record]] = [{}, {}]
    for order in permutations(sources):
        for place, name in enumerate(order):
            played_by = {"user_id": " ".join(order)}
            record = sources[name]
            inner = {"payload": record["payload"] | played_by} if "payload" in record else played_by
            batches[min(place, 1)][f"{order} {name}"] = record | inner
    fed = feed(KINDS["play"], *batches)
    assert len(fed.rows) == 6
    assert {row["source"] for row in fed.rows.values()} == {"two"}


def test_the_fields_of_the_export_win_over_the_api_s() -> None:
    # The API's record is fetched later, but the export's fields are worth more; what it leaves open stays.
    export: dict[str, Any] = {"user_id": "u1", "ts": "2026-02-03T04:05:06Z", "spotify_track_uri": "spotify:track:t1"}
    export |= {"master_metadata_track_name": "Export", "ms_played": 61000}
    api = {"user_id": "u1", "played_at": "2026-02-03T04:05:06.789Z", "context": {"uri": "spotify:playlist:p1"}}
    api |= {"track": {"id": "t1", "uri": "spotify:track:t1", "name": "API"}}
    fed = feed(
        KINDS["play"],
        {"export": envelope("play", export, stamp(1))},
        {"api": envelope("play", api, stamp(2)), "repeat": envelope("play", export, stamp(3))},
    )
    (row,) = fed.rows.values()
    assert (row["track_name"], row["ms_played"], row["context_uri"]) == ("Export", 61000, "spotify:playlist:p1")
    assert fed.lake.counts == [{"play": {"accepted": 1}}, {"play": {"accepted": 1, "duplicate": 1}}]
