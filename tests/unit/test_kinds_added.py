"""A kind is added by its declaration: here one that nobody has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from helpers.building import Records, envelope
from helpers.decoding import Read, events_table, read
from soundlake.core.decode import decode
from soundlake.kinds.kind import Envelope, Group, Kind
from soundlake.kinds.rejection import RejectedError
from soundlake.kinds.values import Json
from soundlake.tables import Column, Table


def _read_mood(payload: Json, envelope: Envelope) -> dict[str, Any]:
    if payload.get("mood") == "none":
        raise RejectedError("no_mood", "nobody feels nothing")
    return {"mood_id": payload["id"], "mood": payload.get("mood"), "depth": payload.get("depth"), "felt_at": 5_000_000}


MOODS = Table(
    "silver",
    "moods",
    "Moods.",
    ("mood_id",),
    (
        Column("mood_id", "string", "id"),
        Column("mood", "string", "mood"),
        Column("depth", "int", "how deep"),
        Column("felt_at", "timestamp", "when"),
        Column("fetched_at", "timestamp", "when fetched"),
        Column("source", "string", "source"),
    ),
)
MOOD = Kind(
    name="mood",
    table=MOODS,
    fields={"id": None, "mood": None, "depth": None},
    read=_read_mood,
    column_groups=(Group(("mood", "depth"), graded_by="depth"),),
    volatile=("fetched_at",),
)


@pytest.fixture(scope="module")
def moods() -> Read:
    records: Records = {
        "deep": envelope("mood", {"id": "m1", "mood": "glad", "depth": 3}),
        "flat": {"id": "m1", "mood": "glad"},
        "none": {"id": "m1", "mood": "none"},
        "a track": envelope("track", {"id": "t1"}),
    }
    return read(MOOD, records)


def test_a_kind_is_added_by_its_declaration(moods: Read) -> None:
    assert moods.row("deep") == {
        "mood_id": "m1",
        "mood": "glad",
        "depth": 3,
        "felt_at": datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC),
        "source": "spotify-api",
    }


def test_an_added_kind_has_rules_of_its_own(moods: Read) -> None:
    assert (moods.reason("none"), moods.rejected["none"]["detail"]) == ("no_mood", "nobody feels nothing")


def test_an_added_kind_has_groups_and_grades_of_its_own(moods: Read) -> None:
    assert (moods.marks["deep"]["fields"], moods.marks["flat"]["fields"]) == (0b11111, 0b01011)


def test_only_the_given_kinds_are_known(moods: Read) -> None:
    assert (moods.reason("a track"), moods.rejected["a track"]["detail"]) == (
        "unknown_kind",
        "kind is track; known are mood",
    )


def test_unknown_fields_of_an_added_kind_are_told() -> None:
    table = events_table("mood", {"first": {"id": "m1", "colour": "blue"}})
    assert [*decode(table, {"mood": MOOD}).unknown_fields] == [("mood", "colour")]
