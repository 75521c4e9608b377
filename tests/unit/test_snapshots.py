"""Daily snapshots of playlists: the day's last complete fetch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession

from helpers.building import Arrived, Record, Records, envelope, stamp
from helpers.lake_model import LakeModel, here
from soundlake.core.schema import arrow_schema, table_of
from soundlake.frames import frame_of
from soundlake.kinds import KINDS
from soundlake.lake import nothing
from soundlake.refine import snapshots
from soundlake.tables import PLAYLIST_FETCHES, PLAYLIST_ITEMS

pytestmark = pytest.mark.heavy

KIND = KINDS["playlist_item"]
DAY = date(2026, 3, 1)


def item(
    playlist: str, position: int | None, name: str | None, hour: int | None, total: int | None, day: int = 1
) -> dict[str, Any]:
    """The entry `name` of a fetch at an hour of a day in March."""
    track = None if name is None else {"id": name, "name": name, "uri": f"spotify:track:{name}"}
    payload = {"playlist": {"id": playlist, "total": total}, "position": position, "track": track}
    return envelope("playlist_item", payload, fetched_at=None if hour is None else stamp(hour, day))


def fetch(playlist: str, names: str, hour: int, total: int | None = None, day: int = 1) -> dict[str, Record | Arrived]:
    """A walk over a playlist: one record for each letter, in order; a dot is a record that did not come."""
    return {
        f"{playlist} {day}.{hour} {place}": item(playlist, place, name, hour, total, day)
        for place, name in enumerate(names)
        if name != "."
    }


def empty(playlist: str, hour: int) -> dict[str, Record | Arrived]:
    return {f"{playlist} {hour} empty": item(playlist, None, None, hour, 0)}


def unstamped(playlist: str, names: str, day: int, hour: int, total: int | None = None) -> dict[str, Record | Arrived]:
    return {
        f"{playlist} arrived {day}.{hour} {place}": Arrived(
            item(playlist, place, name, None, total), datetime(2026, 3, day, hour, tzinfo=UTC)
        )
        for place, name in enumerate(names)
        if name != "."
    }


FIRST: Mapping[str, Record | Arrived] = {
    **fetch("without total", "abc", 1),
    **fetch("with total", "abc", 1, total=3),
    **fetch("incomplete", "a.c", 1, total=3),
    **fetch("later incomplete", "abc", 1, total=3),
    **fetch("later incomplete", "xy.", 2, total=3),
    **fetch("last of the day", "abc", 1, total=3),
    **fetch("last of the day", "de", 2, total=2),
    **fetch("earlier comes later", "de", 2, total=2),
    **fetch("in two batches", "ab", 1, total=2),
    **fetch("in two batches", "x..", 2, total=3),
    **fetch("two days", "ab", 23, total=2, day=1),
    **fetch("two days", "c", 0, total=1, day=2),
    **fetch("emptied", "ab", 1, total=2),
    **empty("emptied", 2),
    **empty("always empty", 1),
    **empty("filled", 1),
    **fetch("filled", "a", 2, total=1),
    **fetch("emptied later", "ab", 1, total=2),
    **fetch("conflicting", "ab", 1, total=2),
    "conflicting too": item("conflicting", 0, "z", 1, 2),
    **{f"{name} again": record for name, record in fetch("repeated", "a", 1, total=2).items()},
    **fetch("repeated", "a", 1, total=2),
    **unstamped("unstamped", "a.", day=1, hour=3),
    **unstamped("unstamped", ".b", day=1, hour=9),
    **unstamped("unstamped", "c", day=2, hour=1),
    **unstamped("unstamped and stamped", "a", day=1, hour=3),
    **fetch("unstamped and stamped", "s", 2),
    **fetch("shrinking", "abc", 1, total=3),
}
SECOND: Mapping[str, Record | Arrived] = {
    **fetch("earlier comes later", "abc", 1, total=3),
    **fetch("in two batches", ".yz", 2, total=3),
    **fetch("incomplete later", "ab", 1, total=3),
    **empty("emptied later", 2),
    **fetch("shrinking", "b", 2, total=1),
    **{f"{name} in the second batch": record for name, record in fetch("with total", "abc", 1, total=3).items()},
}


def staged(spark: SparkSession, *batches: Records) -> DataFrame:
    """The rows of silver/playlist_fetches that batches append, one after the other."""
    lake = LakeModel(here)
    for records in batches:
        lake.refine(records, KIND.name)
    return frame_of(spark, table_of(arrow_schema(PLAYLIST_FETCHES), lake.fetches), PLAYLIST_FETCHES.ddl).cache()


@pytest.fixture(scope="module")
def first(spark: SparkSession) -> DataFrame:
    return staged(spark, FIRST)


@pytest.fixture(scope="module")
def second(spark: SparkSession) -> DataFrame:
    return staged(spark, SECOND)


@pytest.fixture(scope="module")
def chosen(spark: SparkSession) -> DataFrame:
    return snapshots.snapshots(staged(spark, FIRST, SECOND)).cache()


@pytest.fixture(scope="module")
def lists(chosen: DataFrame) -> dict[tuple[str, int], str]:
    """The snapshots as the names of their tracks, by playlist and day in March."""
    lists: dict[tuple[str, int], str] = {}
    for row in chosen.sort(*PLAYLIST_ITEMS.key).collect():
        day = (row["playlist_id"], row["snapshot_date"].day)
        lists[day] = lists.get(day, "") + row["track_id"]
    return lists


def test_a_fetch_without_a_total_is_complete(lists: dict[tuple[str, int], str]) -> None:
    assert lists["without total", 1] == "abc"


def test_a_fetch_with_as_many_records_as_its_total_is_complete(lists: dict[tuple[str, int], str]) -> None:
    assert lists["with total", 1] == "abc"


@pytest.mark.parametrize("playlist", ["incomplete", "incomplete later"])
def test_a_fetch_with_fewer_records_makes_no_snapshot(lists: dict[tuple[str, int], str], playlist: str) -> None:
    assert (playlist, 1) not in lists


def test_a_later_fetch_with_fewer_records_replaces_nothing(lists: dict[tuple[str, int], str]) -> None:
    assert lists["later incomplete", 1] == "abc"


def test_the_last_complete_fetch_of_a_day_is_its_snapshot(lists: dict[tuple[str, int], str]) -> None:
    assert lists["last of the day", 1] == "de"


def test_an_earlier_fetch_that_comes_later_replaces_nothing(lists: dict[tuple[str, int], str]) -> None:
    assert lists["earlier comes later", 1] == "de"


def test_a_fetch_may_come_in_several_batches(lists: dict[tuple[str, int], str]) -> None:
    assert lists["in two batches", 1] == "xyz"


def test_each_utc_date_has_its_own_snapshot(lists: dict[tuple[str, int], str]) -> None:
    assert (lists["two days", 1], lists["two days", 2]) == ("ab", "c")


@pytest.mark.parametrize("playlist", ["emptied", "emptied later", "always empty"])
def test_an_empty_playlist_has_no_rows(lists: dict[tuple[str, int], str], playlist: str) -> None:
    assert (playlist, 1) not in lists


def test_a_playlist_that_was_empty_may_be_filled(lists: dict[tuple[str, int], str]) -> None:
    assert lists["filled", 1] == "a"


def test_of_two_records_of_one_place_one_stands(lists: dict[tuple[str, int], str]) -> None:
    assert lists["conflicting", 1] in ("ab", "zb")


def test_which_of_two_records_stands_does_not_depend_on_their_order(
    spark: SparkSession, lists: dict[tuple[str, int], str]
) -> None:
    mine = {name: record for name, record in FIRST.items() if name.startswith("conflicting")}
    turned = dict(zip(reversed(mine), reversed(mine.values()), strict=True))
    rows = snapshots.snapshots(staged(spark, turned)).sort("position").collect()
    assert "".join(row["track_id"] for row in rows) == lists["conflicting", 1]


def test_the_same_record_twice_counts_once(lists: dict[tuple[str, int], str]) -> None:
    assert ("repeated", 1) not in lists


def test_records_without_a_stamp_are_one_fetch_for_each_arrival_date(lists: dict[tuple[str, int], str]) -> None:
    assert (lists["unstamped", 1], lists["unstamped", 2]) == ("ab", "c")


def test_a_fetch_without_a_stamp_is_as_new_as_its_last_arrival(lists: dict[tuple[str, int], str]) -> None:
    assert lists["unstamped and stamped", 1] == "a"


@pytest.fixture(scope="module")
def changes(first: DataFrame, second: DataFrame, chosen: DataFrame) -> dict[tuple[str, int], tuple[str, bool, bool]]:
    """What turns the snapshots of the first batch into those of both, by playlist and place."""
    current = snapshots.snapshots(first)
    days = second.select(*snapshots.DAY).distinct()
    wanted = chosen.join(days, on=list(snapshots.DAY), how="left_semi")
    return {
        (row["playlist_id"], row["position"]): (row["track_id"], row["is_gone"], row["is_first"])
        for row in snapshots.difference(wanted, current, days).collect()
    }


def test_a_place_with_another_track_is_set(changes: dict[tuple[str, int], tuple[str, bool, bool]]) -> None:
    assert changes["in two batches", 0] == ("x", False, False)


def test_a_new_place_of_a_known_snapshot_is_set(changes: dict[tuple[str, int], tuple[str, bool, bool]]) -> None:
    assert changes["in two batches", 2] == ("z", False, False)


def test_a_place_that_is_no_longer_there_is_deleted(changes: dict[tuple[str, int], tuple[str, bool, bool]]) -> None:
    assert changes["shrinking", 2][1:] == (True, False)


def test_an_emptied_playlist_loses_all_its_rows(changes: dict[tuple[str, int], tuple[str, bool, bool]]) -> None:
    assert [changes["emptied later", place][1] for place in (0, 1)] == [True, True]


def test_what_is_the_same_is_not_written(changes: dict[tuple[str, int], tuple[str, bool, bool]]) -> None:
    assert not [place for place in changes if place[0] in ("with total", "earlier comes later")]


def test_a_playlist_s_first_snapshot_of_a_day_can_be_appended(spark: SparkSession, chosen: DataFrame) -> None:
    days = chosen.select(*snapshots.DAY).distinct()
    changes = snapshots.difference(chosen, nothing(spark, PLAYLIST_ITEMS), days)
    assert_df_equality(
        changes.where("is_first AND NOT is_gone").drop("is_first", "is_gone"),
        chosen,
        ignore_row_order=True,
        ignore_nullable=True,
    )
