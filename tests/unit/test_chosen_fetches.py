"""Entries of a playlist that come after a fetch of their day was chosen: only those of older fetches are stale."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from helpers.building import envelope, stamp, utc
from helpers.decoding import events_table
from soundlake.core.decode import decode, key_of
from soundlake.core.judge import KNOWN, Judged, judge

CHOSEN = (stamp(15, day=2), stamp(13, day=2))  # of 2 March, the last one first: it was chosen after the other


def judged_entry(fetched_at: str | None) -> Judged:
    """An entry of a playlist of which fetches were chosen, judged; without fetched_at it arrived at noon."""
    chosen = [
        {
            "key": key_of("playlist_item", "p\x1f2026-03-02"),
            "weight": 0,
            "fetched_at": utc(one),
            "sha": b"",
            "fields": 1,
        }
        for one in CHOSEN
    ]
    payload = {"playlist": {"id": "p"}, "position": 0, "track": {"id": "t"}}
    (records,) = decode(events_table(None, {"an entry": envelope("playlist_item", payload, fetched_at)})).records
    return judge(records, pa.Table.from_pylist(chosen, schema=KNOWN))


def outcome(fetched_at: str | None) -> str:
    (found,) = [name for name, count in judged_entry(fetched_at).counts.items() if count]
    return found


@pytest.mark.parametrize(("hour", "wanted"), [(12, "stale"), (14, "stale"), (15, "accepted"), (16, "accepted")])
def test_an_entry_of_a_fetch_before_the_chosen_one_is_stale(hour: int, wanted: str) -> None:
    assert outcome(stamp(hour, day=2)) == wanted


def test_an_entry_of_another_day_is_taken() -> None:
    assert outcome(stamp(12, day=1)) == "accepted"


def test_a_fetch_without_a_time_may_still_grow() -> None:
    assert outcome(None) == "accepted"


@pytest.mark.parametrize(("hour", "wanted"), [(14, []), (16, [("playlist_items", "p", date(2026, 3, 2))])])
def test_the_playlist_and_day_of_an_entry_that_is_taken_are_chosen_anew(hour: int, wanted: list[object]) -> None:
    changes = judged_entry(stamp(hour, day=2)).changes.to_pylist()
    assert [(change["target"], change["id"], change["on_date"]) for change in changes] == wanted
