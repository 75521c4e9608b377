"""The outcome of each record, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from helpers.building import Record, envelope, stamp
from helpers.lake_model import Fed, LakeModel, feed, here
from soundlake.kinds import KINDS

TRACK, PLAY, ENTRY = KINDS["track"], KINDS["play"], KINDS["playlist_item"]
PLAYED = {"user_id": "u1", "played_at": "2026-02-03T04:05:06.789Z"}


def track(hour: int, id_: str, **fields: object) -> dict[str, Any]:
    return envelope("track", {"id": id_, **fields}, fetched_at=stamp(hour), source=None)


def play(hour: int, track_id: str, **fields: object) -> dict[str, Any]:
    payload = PLAYED | {"track": {"id": track_id, "name": "A Title"}} | fields
    return envelope("play", payload, fetched_at=stamp(hour))


def entry(hour: int, position: int, name: str, total: int = 1) -> dict[str, Any]:
    payload = {"playlist": {"id": "p", "total": total}, "position": position, "track": {"id": name}}
    return envelope("playlist_item", payload, fetched_at=stamp(hour))


TRACKS: list[Record] = [
    track(1, "again", name="a"),
    track(5, "overtaken", name="a", explicit=True),
    track(5, "gap", name="a"),
    track(5, "ids", artists=[{"id": "a1"}]),
    track(5, "names", artists=[{"name": "A"}]),
]
PLAYS: list[Record] = [play(5, "t1"), play(1, "t2")]


def outcomes(before: Sequence[Record], *batch: Record) -> dict[str, int]:
    """The outcomes of a batch's records, where others came in a batch before."""
    lake = LakeModel(here)
    lake.refine({f"before {place}": record for place, record in enumerate(before)})
    lake.apply()
    lake.refine({f"then {place}": record for place, record in enumerate(batch)})
    (counts,) = lake.counts[-1].values()
    return counts


@pytest.mark.parametrize(
    "record",
    [
        track(1, "new", name="a"),
        track(2, "again", name="a"),
        track(4, "gap", name="b", explicit=True),
        track(4, "names", artists=[{"id": "a1"}]),
    ],
    ids=["new key", "later", "fills a gap", "a better grade"],
)
def test_a_record_with_news_is_accepted(record: Record) -> None:
    assert outcomes(TRACKS, record) == {"accepted": 1}


def test_of_a_record_that_is_twice_in_a_batch_one_is_accepted() -> None:
    assert outcomes([], track(1, "t", name="a"), track(1, "t", name="a")) == {"accepted": 1, "duplicate": 1}


def test_within_a_batch_an_older_record_is_accepted_too() -> None:
    assert outcomes([], track(1, "t", name="a"), track(2, "t", name="b")) == {"accepted": 2}


def test_a_record_that_came_before_is_a_duplicate() -> None:
    assert outcomes(TRACKS, track(1, "again", name="a")) == {"duplicate": 1}


@pytest.mark.parametrize(
    "record",
    [
        track(4, "overtaken", name="b"),
        track(4, "overtaken", explicit=False),
        track(4, "overtaken"),
        track(4, "ids", artists=[{"name": "A"}]),
    ],
    ids=["all fields", "fewer fields", "only an id", "a worse grade"],
)
def test_a_record_that_newer_ones_overtook_in_every_field_is_stale(record: Record) -> None:
    assert outcomes(TRACKS, record) == {"stale": 1}


def test_another_payload_of_the_same_moment_is_no_duplicate() -> None:
    """Of two payloads of one moment the greater digest stands: whichever came first, the other one is news or stale."""
    one, other = track(1, "t", name="a"), track(1, "t", name="b")
    assert [outcomes([one], other), outcomes([other], one)].count({"accepted": 1}) == 1
    assert [outcomes([one], other), outcomes([other], one)].count({"stale": 1}) == 1


def test_a_rejected_record_is_nothing_else() -> None:
    assert outcomes([], envelope("track", {"name": "a"})) == {"rejected": 1}


def test_a_stale_record_changes_nothing() -> None:
    fed = feed(TRACK, {"new": track(5, "t", name="a", explicit=True)}, {"old": track(4, "t", name="b")})
    assert (fed.rows["t"]["track_name"], fed.rows["t"]["explicit"], fed.rewritten) == ("a", True, [set(), set()])


@pytest.mark.parametrize("hour", [4, 5, 9])
def test_a_play_polled_again_is_a_duplicate_whenever_it_was_fetched(hour: int) -> None:
    assert outcomes(PLAYS, play(hour, "t1")) == {"duplicate": 1}


def test_a_play_polled_again_rewrites_no_row() -> None:
    fed = feed(PLAY, {"one": play(5, "t1")}, {"again": play(9, "t1")})
    assert fed.rewritten == [set(), set()]


def named(hour: int, name: str) -> dict[str, Any]:
    return play(hour, "t1", track={"id": "t1", "name": name})


def test_the_newest_fetch_of_a_payload_counts_beside_a_late_copy_of_an_older_one() -> None:
    known, batch = [named(5, "B")], [named(1, "A"), named(9, "A")]
    assert outcomes(known, *batch) == {"accepted": 1, "stale": 1}
    fed = feed(PLAY, {"known": known[0]}, {"late": batch[0], "newest": batch[1]})
    (row,) = fed.rows.values()
    assert row["track_name"] == "A"


def test_a_play_that_says_more_is_accepted() -> None:
    assert outcomes(PLAYS, play(9, "t2", context={"uri": "spotify:album:b"})) == {"accepted": 1}


def test_an_entry_that_came_before_is_a_duplicate() -> None:
    assert outcomes([entry(5, 0, "t1")], entry(5, 0, "t1")) == {"duplicate": 1}


def test_an_entry_of_another_fetch_is_accepted() -> None:
    assert outcomes([entry(5, 0, "t1")], entry(9, 0, "t1")) == {"accepted": 1}


@pytest.fixture(scope="module")
def tracks() -> Fed:
    first = {"first": track(1, "again", name="a"), "known newer": track(5, "overtaken", name="a", explicit=True)}
    return feed(TRACK, first, {"again": track(1, "again", name="a"), "overtaken": track(4, "overtaken", name="b")})


def test_records_without_news_leave_no_stamp(tracks: Fed) -> None:
    assert {row["position"] for row in tracks.stamps} == {"first", "known newer"}


def test_a_stamp_says_where_its_record_stands_and_what_it_filled(tracks: Fed) -> None:
    (row,) = [row for row in tracks.stamps if row["id"] == "again"]
    assert (row["entity"], row["position"], row["batch"]) == ("track", "first", "refine/0")
    (name_bits,) = [bits for group, bits in zip(TRACK.groups, TRACK.bits, strict=True) if "track_name" in group.columns]
    assert row["fields"] == 1 + sum(name_bits)


@pytest.mark.heavy
def test_however_many_records_speak_of_a_key_one_row_and_one_stamp_stand() -> None:
    """Skew: what is kept of a key is what stands, however many records speak of it."""
    records = {str(n): track(n % 24, "t", name=f"name {n % 50}") for n in range(20_000)}
    fed = feed(TRACK, records, {"more": track(23, "t", name="name 0")})
    assert len(fed.stamps) == 1
    assert len(fed.rows) == 1


@pytest.mark.parametrize("newer", ["one", "other"])
def test_an_entry_of_a_fetch_counts_however_another_record_of_its_place_outranks_it(newer: str) -> None:
    """Which of two records of one place stands is decided later; what they say of the fetch (its total) counts."""
    both = {"one": entry(5, 0, "t1", total=2), "other": entry(5, 0, "t2", total=3)}
    first = both.pop(newer)
    (second,) = both.values()
    assert outcomes([first], second) == {"accepted": 1}
    assert outcomes([first, second], first, second) == {"duplicate": 2}
