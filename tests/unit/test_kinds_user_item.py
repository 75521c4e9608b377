"""User-item records."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.building import envelope, utc
from helpers.decoding import Read, read
from soundlake.kinds.user_item import KIND

TOP: dict[str, Any] = {
    "user_id": "u1",
    "relation": "top",
    "time_range": "short_term",
    "rank": 1,
    "track": {"id": "t1", "name": "A Title"},
}


@pytest.fixture(scope="module")
def items() -> Read:
    saved = {"user_id": "u1", "relation": "saved", "added_at": "2026-01-02T03:04:05Z", "album": {"id": "b1"}}
    records = {
        "top": envelope("user_item", TOP),
        "saved": saved,
        "followed": {"user_id": "u1", "relation": "followed", "artist": {"id": "a1"}},
        "no user": TOP | {"user_id": None},
        "user as number": TOP | {"user_id": 5},
        "no relation": TOP | {"relation": None},
        "relation as number": TOP | {"relation": 5},
        "time range as number": TOP | {"time_range": 5},
        "nothing": TOP | {"track": None},
        "track without id": TOP | {"track": {"id": None, "name": "Mine"}},
        "track id as number": TOP | {"track": {"id": 5}},
        "negative rank": TOP | {"rank": -1},
        "unreadable added_at": saved | {"added_at": "NA"},
    }
    return read(KIND, records)


def test_a_top_track_has_time_range_and_rank(items: Read) -> None:
    assert items.row("top") == {
        "user_id": "u1",
        "relation": "top",
        "time_range": "short_term",
        "rank": 1,
        "entity": "track",
        "id": "t1",
        "added_at": None,
        "source": "spotify-api",
    }


def test_a_saved_album_has_the_time_it_was_added(items: Read) -> None:
    columns = ("relation", "time_range", "entity", "id", "added_at")
    assert items.values("saved", *columns) == ("saved", None, "album", "b1", utc("2026-01-02T03:04:05Z"))


def test_a_followed_artist_is_known_by_its_id(items: Read) -> None:
    assert items.values("followed", "relation", "entity", "id") == ("followed", "artist", "a1")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no user", "missing_user"),
        ("no relation", "missing_relation"),
        ("nothing", "missing_id"),
        ("track without id", "missing_id"),
    ],
)
def test_a_record_without_a_part_of_its_key_is_rejected(items: Read, name: str, reason: str) -> None:
    assert items.reason(name) == reason


@pytest.mark.parametrize("name", ["user as number", "relation as number", "time range as number", "track id as number"])
def test_a_part_of_the_key_of_the_wrong_type_is_rejected(items: Read, name: str) -> None:
    assert items.reason(name) == "wrong_type"


@pytest.mark.parametrize(("name", "column"), [("negative rank", "rank"), ("unreadable added_at", "added_at")])
def test_an_impossible_value_is_nulled(items: Read, name: str, column: str) -> None:
    assert items.values(name, "user_id", column) == ("u1", None)
