"""What maintenance drops because it says nothing any more, and what it brings up to date."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from helpers.records import utc
from soundlake.core.judge_key import grade_of
from soundlake.kinds import KINDS
from soundlake.ops.clearing import dominated, settled, superseded
from soundlake.ops.maintenance import newest_observations, newest_stamps
from soundlake.tables import PLAYLIST_FETCHES, POPULARITY_HISTORY, STAMPS, Table

TRACK = KINDS["track"]
RECORD = 1  # bits


def bits_of(column: str, grade: int = 0) -> int:
    """The bits of a stamp of a track that fills the group of a column in a grade."""
    (own,) = [bits for group, bits in zip(TRACK.groups, TRACK.bits, strict=True) if column in group.columns]
    return sum(own[: grade + 1])


NAME, LENGTH = bits_of("track_name"), bits_of("duration_ms")
ARTISTS_BY_NAME, ARTISTS_BY_ID = bits_of("artist_id"), bits_of("artist_id", grade=1)


def rows(spark: SparkSession, table: Table, *given: dict[str, Any]) -> DataFrame:
    """Rows of a table; columns that are not given are null."""
    return spark.createDataFrame([tuple(row.get(name) for name in table.column_names) for row in given], table.ddl)


def rank(hour: int, weight: int = 0) -> tuple[int, datetime, bytearray]:
    return (weight, datetime(2026, 3, 1, hour, tzinfo=UTC), bytearray(b"sha"))


def stamp_row(id_: str, name: str, hour: int, fields: int, **more: object) -> dict[str, Any]:
    return {
        "entity": "track",
        "id": id_,
        "position": f"{id_}, {name}",
        "rank": rank(hour),
        "fields": fields,
        "batch": "a batch",
    } | more


@pytest.fixture(scope="module")
def stamps(spark: SparkSession) -> DataFrame:
    day = {"on_date": date(2026, 3, 1)}
    return rows(
        spark,
        STAMPS,
        stamp_row("all", "old", 1, RECORD | NAME),
        stamp_row("all", "new", 2, RECORD | NAME | LENGTH),
        stamp_row("part", "old", 1, RECORD | NAME | LENGTH),
        stamp_row("part", "new", 2, RECORD | NAME),
        stamp_row("jointly", "old", 1, RECORD | NAME | LENGTH),
        stamp_row("jointly", "middle", 2, RECORD | LENGTH),
        stamp_row("jointly", "new", 3, RECORD | NAME),
        stamp_row("alone", "only", 1, RECORD),
        stamp_row("graded", "oldest, by id", 1, RECORD | ARTISTS_BY_ID),
        stamp_row("graded", "later, by name", 2, RECORD | ARTISTS_BY_NAME),
        stamp_row("graded", "newest, without", 3, RECORD),
        stamp_row("twice in a batch", "once", 1, RECORD),
        stamp_row("twice in a batch", "again", 1, RECORD),
        stamp_row("by two batches", "first", 1, RECORD, batch="apply/3"),
        stamp_row("by two batches", "second", 1, RECORD, batch="apply/4"),
        stamp_row("other entity", "track", 1, RECORD | NAME),
        stamp_row("other entity", "artist", 2, RECORD | NAME, entity="artist"),
        stamp_row("weight", "export", 1, RECORD | NAME, rank=rank(1, weight=2), entity="play", **day),
        stamp_row("weight", "api", 2, RECORD | NAME, rank=rank(2, weight=1), entity="play", **day),
    )


@pytest.fixture(scope="module")
def gone(stamps: DataFrame) -> set[str]:
    return {row["position"] for row in dominated(stamps).select("position").collect()}


def test_a_stamp_whose_fields_a_newer_one_fills_says_nothing_any_more(gone: set[str]) -> None:
    assert "all, old" in gone


def test_a_stamp_that_alone_fills_a_field_stays(gone: set[str]) -> None:
    assert "part, old" not in gone


def test_several_newer_stamps_dominate_together(gone: set[str]) -> None:
    assert {name for name in gone if name.startswith("jointly")} == {"jointly, old"}


@pytest.mark.parametrize("name", ["all, new", "part, new", "jointly, new", "alone, only"])
def test_the_newest_stamp_stays(gone: set[str], name: str) -> None:
    assert name not in gone


def test_things_of_other_kinds_dominate_nothing(gone: set[str]) -> None:
    assert not [name for name in gone if name.startswith("other entity")]


def test_the_weight_of_a_record_goes_before_its_time(gone: set[str]) -> None:
    assert {name for name in gone if name.startswith("weight")} == {"weight, api"}


def test_a_higher_grade_goes_before_the_rank(gone: set[str]) -> None:
    assert {name for name in gone if name.startswith("graded")} == {"graded, later, by name"}


def test_a_stamp_that_a_batch_wrote_twice_does_not_make_itself_go(gone: set[str]) -> None:
    assert not [name for name in gone if name.startswith("twice in a batch")]


def test_of_equal_stamps_of_two_batches_one_goes(gone: set[str]) -> None:
    assert len([name for name in gone if name.startswith("by two batches")]) == 1


def test_what_goes_is_what_others_are_better_in_and_nothing_else(spark: SparkSession) -> None:
    chance = random.Random(20260301)  # noqa: S311 - no secrets
    given = [
        stamp_row(
            f"t{chance.randrange(150)}", str(number), chance.randrange(6), random_fields(chance), batch=str(number)
        )
        for number in range(600)
    ]
    found = {row["batch"] for row in dominated(rows(spark, STAMPS, *given)).select("batch").collect()}
    assert found == {row["batch"] for row in given if is_dominated(row, [o for o in given if o["id"] == row["id"]])}


def random_fields(chance: random.Random) -> int:
    """The bits of the record and of some groups, each in some grade."""
    grades = [(bits, chance.randrange(-2, len(bits))) for bits in TRACK.bits]
    return RECORD | sum(sum(bits[: grade + 1]) for bits, grade in grades if grade >= 0)


def is_dominated(row: dict[str, Any], of_key: list[dict[str, Any]]) -> bool:
    """Whether in each group that a stamp fills another one of its key stands above it."""
    for bits in TRACK.slots:
        own = (grade_of(row["fields"], bits), row["rank"], row["batch"])
        others = [(grade_of(other["fields"], bits), other["rank"], other["batch"]) for other in of_key]
        if own[0] >= 0 and max(others) == own:
            return False
    return True


def test_what_an_unfinished_batch_wrote_makes_nothing_go(spark: SparkSession) -> None:
    batches = [
        stamp_row("t1", "ended", 1, RECORD, batch="q/8"),
        stamp_row("t1", "ended too", 2, RECORD, batch="q/9"),
        stamp_row("t1", "perhaps unfinished", 3, RECORD, batch="q/10"),
        stamp_row("t1", "perhaps unfinished, other query", 4, RECORD, batch="p/3"),
    ]
    kept = settled(rows(spark, STAMPS, *batches))
    assert {row["position"] for row in kept.collect()} == {"t1, ended", "t1, ended too"}


def entry(
    playlist: str, position: int, hour: int, total: int, fetch: str | None = None, day: int = 1
) -> dict[str, Any]:
    fetched_at = datetime(2026, 3, day, hour, tzinfo=UTC)
    return {
        "playlist_id": playlist,
        "snapshot_date": fetched_at.date(),
        "position": position,
        "fetched_at": fetched_at,
        "fetch": fetch or str(fetched_at),
        "total": total,
        "is_empty_marker": False,
    }


def applied(playlist: str, hour: int, day: int = 1) -> dict[str, Any]:
    """The stamp of a snapshot that was applied: it was taken from the fetch of this hour."""
    fetched_at = datetime(2026, 3, day, hour, tzinfo=UTC)
    id_ = f"{playlist}\x1f{fetched_at.date()}"
    return stamp_row(id_, "", hour, RECORD, entity="playlist_item", batch="apply/3", rank=(0, fetched_at, bytearray()))


@pytest.fixture(scope="module")
def old_entries(spark: SparkSession) -> set[tuple[str, int]]:
    """Playlist and hour of the entries that may go."""
    staged = rows(
        spark,
        PLAYLIST_FETCHES,
        entry("two complete", 0, 1, total=1),
        entry("two complete", 0, 2, total=1),
        entry("later incomplete", 0, 1, total=1),
        entry("later incomplete", 0, 2, total=2),
        entry("not yet applied", 0, 1, total=1),
        entry("not yet applied", 0, 2, total=1),
        entry("two days", 0, 1, total=1, day=1),
        entry("two days", 0, 2, total=1, day=2),
        entry("unstamped", 0, 1, total=1, fetch="arrived 2026-03-01"),
        entry("unstamped", 0, 2, total=1),
    )
    snapshots = [applied("two complete", 2), applied("later incomplete", 1), applied("two days", 2, day=2)]
    stamps = rows(spark, STAMPS, *snapshots, applied("unstamped", 2))
    return {
        (row["playlist_id"], row["fetched_at"].astimezone(UTC).hour) for row in superseded(staged, stamps).collect()
    }


def test_entries_older_than_the_chosen_fetch_go(old_entries: set[tuple[str, int]]) -> None:
    assert ("two complete", 1) in old_entries


def test_the_chosen_fetch_stays(old_entries: set[tuple[str, int]]) -> None:
    assert ("two complete", 2) not in old_entries


@pytest.mark.parametrize("playlist", ["later incomplete", "not yet applied"])
def test_what_may_still_be_chosen_stays(old_entries: set[tuple[str, int]], playlist: str) -> None:
    assert not {(playlist, 1), (playlist, 2)} & old_entries


def test_fetches_of_other_days_stay(old_entries: set[tuple[str, int]]) -> None:
    assert ("two days", 1) not in old_entries


def test_entries_without_a_stamp_stay_because_their_fetch_may_grow(old_entries: set[tuple[str, int]]) -> None:
    assert ("unstamped", 1) not in old_entries


def test_the_newest_stamp_says_when_a_thing_was_last_fetched(stamps: DataFrame) -> None:
    fresh = {r["id"]: r["fresh_fetched_at"].astimezone(UTC) for r in newest_stamps(stamps, KINDS["track"]).collect()}
    assert (fresh["jointly"], fresh["other entity"]) == (utc("2026-03-01T03:00:00Z"), utc("2026-03-01T01:00:00Z"))


def test_the_last_observation_of_each_measure_counts(spark: SparkSession) -> None:
    history = rows(
        spark,
        POPULARITY_HISTORY,
        {"id": "a1", "observed_on": date(2026, 3, 1), "popularity": 10, "followers": 100},
        {"id": "a1", "observed_on": date(2026, 3, 3), "popularity": None, "followers": 103},
        {"id": "a1", "observed_on": date(2026, 3, 2), "popularity": 12, "followers": None},
    )
    (row,) = newest_observations(history, KINDS["artist"]).collect()
    assert (row["fresh_popularity"], row["fresh_followers"]) == (12, 103)
