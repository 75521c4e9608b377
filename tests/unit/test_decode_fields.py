"""Fields of payloads that no kind reads: each is told with the first record that had it."""

from __future__ import annotations

from datetime import timedelta

from helpers.building import ARRIVAL, Arrived, Records, envelope
from helpers.decoding import events_table
from soundlake.core.decode import decode
from soundlake.core.schema_drift import MOST_AT_ONCE, MOST_IN_ALL, FirstSeen

LATER = ARRIVAL + timedelta(hours=1)


def unknown(records: Records) -> dict[str, FirstSeen]:
    """The unknown fields of tracks, by name."""
    found = decode(events_table("track", records)).unknown_fields
    assert {kind for kind, _ in found} <= {"track"}
    return {field: first for (_, field), first in found.items()}


def test_fields_that_a_kind_reads_are_not_told() -> None:
    bare = {"id": "t1", "name": "A Title", "artists": [{"id": "a1"}], "album": {"id": "b1"}}
    assert unknown({"bare": bare, "envelope": envelope("track", bare)}) == {}


def test_fields_of_the_payload_and_of_objects_in_it_are_told() -> None:
    payload = {"id": "t1", "disc_number": 1, "album": {"label": "A Label"}, "artists": [{"uri": "in a list"}]}
    assert unknown({"a track": envelope("track", payload)}).keys() == {"disc_number", "album.label"}


def test_fields_beside_a_payload_are_not_told() -> None:
    assert unknown({"a track": envelope("track", {"id": "t1"}, schema=2)}) == {}


def test_a_field_is_told_with_the_record_that_arrived_first() -> None:
    new = {"id": "t1", "new": 1}
    records: Records = {"1": Arrived(new, LATER), "2": new, "3": new, "0": Arrived(new, LATER)}
    micros = int(ARRIVAL.timestamp()) * 1_000_000
    assert unknown(records) == {"new": FirstSeen(micros, "a stream", "a file", "2")}


def test_rejected_records_have_fields_too() -> None:
    assert unknown({"no id": {"new": 1}}).keys() == {"new"}


def test_made_up_names_do_not_fill_the_table() -> None:
    made_up = {"id": "t1"} | {f"name {number:04}": 1 for number in range(2 * MOST_AT_ONCE)}
    assert [*unknown({"a track": made_up})] == [f"name {number:04}" for number in range(MOST_AT_ONCE)]


def test_those_that_were_reported_make_room_for_others() -> None:
    made_up = {"id": "t1"} | {f"name {number:04}": 1 for number in range(2 * MOST_AT_ONCE)}
    events = events_table("track", {"a track": made_up})
    first = decode(events).unknown_fields
    second = decode(events, reported=first.keys()).unknown_fields
    assert sorted(name for _, name in (*first, *second)) == sorted(made_up.keys() - {"id"})


def test_once_very_many_were_reported_no_other_is() -> None:
    events = events_table("track", {"a track": {"id": "t1", "new": 1}})
    reported = {("track", f"name {number}") for number in range(MOST_IN_ALL)}
    assert decode(events, reported=reported).unknown_fields == {}
    reported.pop()
    assert [*decode(events, reported=reported).unknown_fields] == [("track", "new")]


def test_a_long_name_is_cut_off() -> None:
    assert [*unknown({"a track": {"id": "t1", "n" * 1_000: 1}})] == ["n" * 100]
