"""Entries of a playlist that come after a fetch of their day was chosen: only those of older fetches are stale."""

from __future__ import annotations

import pyarrow as pa
import pytest

from helpers.building import envelope, stamp, utc
from helpers.decoding import events_table
from soundlake.core.decode import decode, key_of
from soundlake.core.judge import KNOWN, judge

CHOSEN = (stamp(15, day=2), stamp(13, day=2))  # of 2 March, the last one first: it was chosen after the other


def outcome(fetched_at: str | None) -> str:
    """What becomes of an entry of a playlist of which fetches were chosen; without fetched_at it arrived at noon."""
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
    judged = judge(records, pa.Table.from_pylist(chosen, schema=KNOWN))
    (found,) = [name for name, count in judged.counts.items() if count]
    return found


@pytest.mark.parametrize(("hour", "wanted"), [(12, "stale"), (14, "stale"), (15, "accepted"), (16, "accepted")])
def test_an_entry_of_a_fetch_before_the_chosen_one_is_stale(hour: int, wanted: str) -> None:
    assert outcome(stamp(hour, day=2)) == wanted


def test_an_entry_of_another_day_is_taken() -> None:
    assert outcome(stamp(12, day=1)) == "accepted"


def test_a_fetch_without_a_time_may_still_grow() -> None:
    assert outcome(None) == "accepted"
