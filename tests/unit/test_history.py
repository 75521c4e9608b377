"""popularity_history: the last values of each day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from helpers.building import Record, envelope, stamp
from helpers.lake_model import LakeModel, feed, here
from soundlake.kinds import KINDS
from soundlake.tables import POPULARITY_HISTORY

ARTIST = KINDS["artist"]
Values = dict[tuple[str, int], tuple[int | None, int | None]]


def artist(id_: str, hour: int, popularity: int | None = None, followers: int | None = None, day: int = 1) -> Record:
    payload: dict[str, Any] = {"id": id_, "popularity": popularity, "followers": {"total": followers}}
    return envelope("artist", payload, fetched_at=stamp(hour, day))


FIRST: dict[str, Record] = {
    "a1": artist("one day", 1, 10, 100),
    "a2": artist("one day", 9, 11, 101),
    "a3": artist("one day", 5, 12, 102),
    "b1": artist("two days", 23, 10, 100, day=1),
    "b2": artist("two days", 0, 11, 101, day=2),
    "c1": artist("apart", 1, 10, None),
    "c2": artist("apart", 2, None, 102),
    "d1": artist("nothing", 1),
    "e1": artist("zero", 1, 0, 0),
    "f1": artist("newer later", 1, 10, 100),
    "g1": artist("older later", 5, 10, 100),
    "h1": artist("gap", 5, 10, None),
    "i1": artist("same", 5, 10, 100),
    "j1": artist("impossible", 1, 10, 100),
    "j2": artist("impossible", 2, 101, -1),
    "k1": artist("another day", 5, 10, 100, day=1),
}
SECOND: dict[str, Record] = {
    "f2": artist("newer later", 2, 11, 101),
    "g2": artist("older later", 4, 11, 101),
    "h2": artist("gap", 4, 11, 101),
    "i2": artist("same", 5, 10, 100),
    "k2": artist("another day", 5, 11, 101, day=2),
    "l2": {"genres": []},
}


def observed_of(*batches: dict[str, Record]) -> Values:
    """Popularity and followers after batches of artists, by id and day in March."""
    history = feed(ARTIST, *batches).lake.tables[POPULARITY_HISTORY.path]
    return {(row["id"], row["observed_on"].day): (row["popularity"], row["followers"]) for row in history.values()}


@pytest.fixture(scope="module")
def observed() -> Values:
    return observed_of(FIRST)


@pytest.fixture(scope="module")
def changed() -> Values:
    return observed_of(FIRST, SECOND)


def test_a_day_holds_its_last_values_in_whatever_order_they_come(observed: Values) -> None:
    assert observed["one day", 1] == (11, 101)


def test_of_the_records_of_a_day_only_what_the_last_ones_say_is_noted() -> None:
    """An artist that is fetched a thousand times a day is one change for the table, not a thousand."""
    lake = LakeModel(here)
    lake.refine({name: FIRST[name] for name in ("a1", "a2", "a3", "b1", "b2", "c1", "c2")})
    (changes,) = lake.changes
    noted = [(row["id"], row["on_date"].day) for row in changes.to_pylist() if row["target"] == POPULARITY_HISTORY.name]
    # What the last record leaves open is taken from the one before.
    assert sorted(noted) == [("apart", 1), ("apart", 1), ("one day", 1), ("two days", 1), ("two days", 2)]


def test_each_utc_date_has_its_own_values(observed: Values) -> None:
    assert (observed["two days", 1], observed["two days", 2]) == ((10, 100), (11, 101))


def test_popularity_and_followers_are_observed_apart(observed: Values) -> None:
    assert observed["apart", 1] == (10, 102)


def test_a_record_that_says_neither_is_no_observation(observed: Values) -> None:
    assert ("nothing", 1) not in observed


def test_0_is_an_observation(observed: Values) -> None:
    assert observed["zero", 1] == (0, 0)


def test_impossible_values_are_no_observations(observed: Values) -> None:
    assert observed["impossible", 1] == (10, 100)


def test_an_observation_names_its_entity_and_date() -> None:
    history = feed(ARTIST, FIRST).lake.tables[POPULARITY_HISTORY.path]
    assert ("artist", "zero", date(2026, 3, 1)) in history


def test_a_kind_without_followers_leaves_them_null() -> None:
    track: dict[str, Record] = {"t": envelope("track", {"id": "t1", "popularity": 7})}
    (row,) = feed(KINDS["track"], track).lake.tables[POPULARITY_HISTORY.path].values()
    assert (row["popularity"], row["followers"]) == (7, None)


def test_newer_values_of_a_known_day_replace_it(changed: Values) -> None:
    assert changed["newer later", 1] == (11, 101)


@pytest.mark.parametrize("name", ["older later", "same"])
def test_older_or_equal_values_of_a_known_day_change_nothing(changed: Values, name: str) -> None:
    assert changed[name, 1] == (10, 100)


def test_an_older_record_fills_what_the_day_lacks(changed: Values) -> None:
    assert changed["gap", 1] == (10, 101)


def test_a_new_day_is_written_beside_the_known_ones(changed: Values) -> None:
    assert (changed["another day", 1], changed["another day", 2]) == ((10, 100), (11, 101))
