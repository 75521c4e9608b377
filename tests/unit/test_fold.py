"""Folding: what the changes of a key come to, however they are cut and ordered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from itertools import pairwise
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.folding import apply_to
from soundlake.core.decode import fields_of
from soundlake.core.fold import fold, fold_history, fold_parts
from soundlake.core.judge_key import Stamp, raised, standings
from soundlake.core.schema import arrow_schema, table_of
from soundlake.kinds import KINDS
from soundlake.tables import CHANGES, TRACKS
from soundlake.times import DAY_MICROS

TRACK, PLAY = KINDS["track"], KINDS["play"]
HOUR = DAY_MICROS // 24
START = 20_000 * DAY_MICROS
Row = dict[str, Any]


def at(hour: int) -> datetime:
    """A time some hours after the beginning of a day."""
    return datetime.fromtimestamp((START + hour * HOUR) / 1_000_000, UTC)


def rank(hour: int, sha: bytes = b"x", weight: int = 0) -> Row:
    return {"weight": weight, "fetched_at": at(hour), "sha": sha}


def bits(column: str, grade: int = 0) -> int:
    """The bits of the group of a column of tracks, up to a grade, and of the record itself."""
    (of_group,) = [own for group, own in zip(TRACK.groups, TRACK.bits, strict=True) if column in group.columns]
    return 1 | sum(of_group[: grade + 1])


def change(id_: str, hour: int, fields: int, sha: bytes = b"x", **values: object) -> Row:
    """A change of a track."""
    row = orjson.dumps({"track_id": id_, **values}).decode()
    return {"entity": "track", "id": id_, "rank": rank(hour, sha), "fields": fields, "row": row}


def changes(*rows: Row) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=arrow_schema(CHANGES))


def folded(*rows: Row) -> dict[str, Row]:
    """The folded changes of tracks, by id."""
    return {row["track_id"]: row for row in fold(TRACK, changes(*rows)).to_pylist()}


def test_a_group_takes_the_values_of_its_newest_change() -> None:
    name = bits("track_name")
    rows = folded(change("t", 2, name, track_name="new"), change("t", 1, name, track_name="old"))
    assert rows["t"]["track_name"] == "new"


def test_of_two_changes_of_one_time_the_greater_digest_counts() -> None:
    name = bits("track_name")
    rows = folded(change("t", 1, name, b"\xff", track_name="great"), change("t", 1, name, b"\x7f", track_name="small"))
    assert rows["t"]["track_name"] == "great"


def test_the_weight_goes_before_the_time() -> None:
    (skipped,) = [own[0] for group, own in zip(PLAY.groups, PLAY.bits, strict=True) if group.columns == ("skipped",)]
    exported, polled = (
        {"entity": "play", "id": "p", "rank": rank(hour, weight=weight), "fields": skipped, "row": row}
        for hour, weight, row in ((1, 2, '{"play_id":"p","skipped":true}'), (2, 1, '{"play_id":"p","skipped":false}'))
    )
    (row,) = fold(PLAY, changes(exported, polled)).to_pylist()
    assert row["skipped"] is True


def test_the_grade_goes_before_the_rank() -> None:
    exact: Row = {"release_date": "2020-05-06", "release_date_precision": "day"}
    vague: Row = {"release_date": "2020-01-01", "release_date_precision": "year"}
    rows = folded(
        change("t", 1, bits("release_date", grade=2), **exact), change("t", 2, bits("release_date", grade=0), **vague)
    )
    assert (rows["t"]["release_date"], rows["t"]["release_date_precision"]) == (date(2020, 5, 6), "day")


def test_a_group_moves_as_a_whole_its_nulls_included() -> None:
    rows = folded(
        change("t", 1, bits("album_id"), album_id=None, album_name="a name"),
        change("t", 2, bits("album_id", grade=1), album_id="an id", album_name=None),
    )
    assert (rows["t"]["album_id"], rows["t"]["album_name"]) == ("an id", None)


def test_groups_may_come_from_different_changes() -> None:
    rows = folded(
        change("t", 1, bits("track_name"), track_name="a name", isrc="not to be taken"),
        change("t", 2, bits("isrc"), track_name="not to be taken", isrc="a code"),
    )
    assert (rows["t"]["track_name"], rows["t"]["isrc"]) == ("a name", "a code")


def test_what_no_change_says_is_null_and_without_bits() -> None:
    rows = folded(change("t", 1, bits("track_name"), track_name="a name", explicit=True))
    assert rows["t"]["explicit"] is None
    assert rows["t"]["fields"] == bits("track_name")


def test_fields_are_those_of_all_changes() -> None:
    rows = folded(change("t", 1, bits("track_name")), change("t", 2, bits("isrc")))
    assert rows["t"]["fields"] == bits("track_name") | bits("isrc")


def test_fetched_at_is_that_of_the_newest_change() -> None:
    rows = folded(change("t", 1, 1), change("t", 3, bits("isrc")), change("t", 2, 1))
    assert rows["t"]["fetched_at"] == at(3)


def test_each_id_has_a_row_of_its_own_in_order() -> None:
    rows = folded(change("b", 1, bits("isrc"), isrc="of b"), change("a", 1, bits("isrc"), isrc="of a"))
    assert [(id_, row["isrc"]) for id_, row in rows.items()] == [("a", "of a"), ("b", "of b")]


def test_values_have_the_types_of_the_table() -> None:
    said: Row = {"artist_ids": ["x", None], "duration_ms": 5, "explicit": False, "release_date": "0001-01-01"}
    fields = bits("artist_ids") | bits("duration_ms") | bits("explicit") | bits("release_date")
    rows = folded(change("t", 1, fields, **said))
    assert {name: rows["t"][name] for name in said} == said | {"release_date": date(1, 1, 1)}


@pytest.mark.parametrize("text", ["2026-03-01T08:09:10.123456+00:00", "2026-03-01T09:09:10.123456+01:00"])
def test_times_are_instants_to_the_microsecond(text: str) -> None:
    (played,) = [own[0] for group, own in zip(PLAY.groups, PLAY.bits, strict=True) if "played_at" in group.columns]
    row = orjson.dumps({"play_id": "p", "played_at": text}).decode()
    told = changes({"entity": "play", "id": "p", "rank": rank(1), "fields": played, "row": row})
    assert fold(PLAY, told).to_pylist()[0]["played_at"] == datetime(2026, 3, 1, 8, 9, 10, 123456, UTC)


def test_no_changes_fold_to_no_rows() -> None:
    assert len(fold(TRACK, changes())) == 0


# Any order, any cut


def graded(row: Row, group: tuple[str, ...]) -> int:
    """How good a record is in a group of columns of tracks; -1 where it says nothing of it."""
    if all(row[name] is None for name in group):
        return -1
    if "release_date_precision" in group:
        return max(0, ["year", "month", "day"].index(row["release_date_precision"] or "year"))
    graded_by = {"artist_id", "album_id"} & set(group)
    return int(any(row[name] is not None for name in graded_by))


def best_of_all(records: Sequence[tuple[Row, Row]]) -> Row:
    """The row that records (rank, values) make together, by the letter of the contract."""
    after: Row = {"track_id": "t", "fetched_at": max(rank["fetched_at"] for rank, _ in records)}
    for group in (group.columns for group in TRACK.groups):
        standing = [(graded(row, group), *rank.values(), row) for rank, row in records if graded(row, group) >= 0]
        best = max(standing, key=lambda one: one[:4], default=None)
        after |= {name: None if best is None else best[4][name] for name in group}
    return {name: after[name] for name in TRACKS.column_names}


VALUES = {
    "track_name": st.none() | st.sampled_from(["a", "b"]),
    "artist_id": st.none() | st.sampled_from(["x", "y"]),
    "artist_name": st.none() | st.sampled_from(["n", "m"]),
    "artist_ids": st.none() | st.just(["x"]),
    "album_id": st.none() | st.just("z"),
    "album_name": st.none() | st.sampled_from(["p", "q"]),
    "duration_ms": st.none() | st.integers(0, 3),
    "release_date": st.none() | st.just(date(2020, 5, 6)),
    "release_date_precision": st.none() | st.sampled_from(["year", "month", "day"]),
}
RECORDS = st.lists(
    st.tuples(
        st.builds(rank, st.integers(0, 5), st.binary(min_size=1, max_size=1)),
        st.fixed_dictionaries(VALUES).map(lambda row: dict.fromkeys(TRACKS.column_names) | row | {"track_id": "t"}),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda record: (record[0]["fetched_at"], record[0]["sha"]),
)


def of_batches(batches: Sequence[Sequence[tuple[Row, Row]]]) -> list[list[Row]]:
    """The changes that each batch makes, as judging names them: its best record of each group, if that is news."""
    known: list[Stamp] = []
    made = []
    for records in batches:
        rows = table_of(arrow_schema(TRACKS), [row for _, row in records])
        filled = [int(bits) for bits in fields_of(TRACK, rows)]
        stamps = [
            Stamp(tuple(place.values()), fields, None) for (place, _), fields in zip(records, filled, strict=True)
        ]
        before, of_batch = standings(TRACK, known), standings(TRACK, stamps)
        told = []
        for (place, row), stamp in zip(records, stamps, strict=True):
            is_best = [best is not None and best[1] == stamp.rank for best in of_batch]
            wins = sum(sum(own) for own, best in zip(TRACK.slots, is_best, strict=True) if best)
            if fields := raised(TRACK, stamp.fields, stamp.rank, before) & wins:
                told.append(
                    {"id": "t", "entity": "track", "rank": place, "fields": fields, "row": orjson.dumps(row).decode()}
                )
        made.append(told)
        known += stamps
    return made


def cut(things: list[Any], places: Sequence[int]) -> list[list[Any]]:
    """A list cut at some places."""
    bounds = [0, *sorted({place % (len(things) + 1) for place in places}), len(things)]
    return [things[start:end] for start, end in pairwise(bounds)]


def applied(row: Row | None, told: list[Row]) -> Row | None:
    for one in fold(TRACK, changes(*told)).to_pylist():
        row = apply_to(TRACK, row, one)
    return row


PLACES = st.lists(st.integers(0, 20), max_size=4)


@given(RECORDS, PLACES, PLACES, st.randoms(use_true_random=False))
def test_any_batches_applied_in_any_parts_give_the_row_of_all_records(
    records: list[tuple[Row, Row]], batch_ends: list[int], part_ends: list[int], random: Any
) -> None:
    made = of_batches(cut(records, batch_ends))
    row: Row | None = None
    for part in cut(made, part_ends):
        told = [one for batch in part for one in batch]
        random.shuffle(told)
        row = applied(row, told)
        assert applied(row, told) == row, "applied twice, changes do what they do once"
    assert row == best_of_all(records)


@given(RECORDS, PLACES, st.randoms(use_true_random=False))
def test_one_by_one_changes_give_what_they_give_together(
    records: list[tuple[Row, Row]], batch_ends: list[int], random: Any
) -> None:
    made = of_batches(cut(records, batch_ends))
    row: Row | None = None
    for told in made:
        random.shuffle(told)
        for one in told:
            row = applied(row, [one])
    assert row == applied(None, [one for told in made for one in told])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=20, unique=True), PLACES)
def test_parts_fold_to_what_all_folds_to(told: list[tuple[str, int]], ends: list[int]) -> None:
    by_id = sorted(told, key=lambda one: one[0])
    ordered = [change(id_, hour, bits("isrc"), isrc=f"{id_}{hour}") for id_, hour in by_id]
    parts = [batch for part in cut(ordered, ends) for batch in changes(*part).combine_chunks().to_batches()]
    found = [row for batch in fold_parts(partial(fold, TRACK), iter(parts)) for row in batch.to_pylist()]
    assert found == fold(TRACK, changes(*ordered)).to_pylist()


# What was observed


def observation(id_: str, hour: int, entity: str = "artist", **measures: int) -> Row:
    place = {"popularity": 1, "followers": 2}
    return {
        "target": "popularity_history",
        "entity": entity,
        "id": id_,
        "on_date": at(hour).date(),
        "rank": rank(hour),
        "fields": sum(place[name] for name in measures),
        "row": orjson.dumps(measures).decode(),
    }


def observed(*told: Row) -> dict[tuple[str, str, int], tuple[int | None, int | None]]:
    """Popularity and followers, by entity, id and number of the day."""
    return {
        (row["entity"], row["id"], (row["observed_on"] - at(0).date()).days): (row["popularity"], row["followers"])
        for row in fold_history(changes(*told)).to_pylist()
    }


def test_of_each_measure_the_newest_observation_of_a_day_counts() -> None:
    told = observation("a", 1, popularity=1, followers=10), observation("a", 2, popularity=2)
    assert observed(*told) == observed(*reversed(told)) == {("artist", "a", 0): (2, 10)}


def test_each_measure_has_the_rank_of_its_own_observation() -> None:
    told = observation("a", 1, followers=10), observation("a", 2, popularity=0)
    (row,) = fold_history(changes(*told)).to_pylist()
    assert (row["popularity_rank"], row["followers_rank"]) == (rank(2), rank(1))


def test_a_measure_that_was_not_observed_is_null_and_without_rank() -> None:
    (row,) = fold_history(changes(observation("a", 1, popularity=1))).to_pylist()
    assert (row["followers"], row["followers_rank"]) == (None, None)


def test_days_and_things_of_different_kinds_are_told_apart() -> None:
    told = [
        observation("a", 1, popularity=1),
        observation("a", 25, popularity=2),
        observation("a", 1, entity="album", popularity=3),
        observation("b", 1, popularity=4),
    ]
    assert observed(*told) == {
        ("album", "a", 0): (3, None),
        ("artist", "a", 0): (1, None),
        ("artist", "a", 1): (2, None),
        ("artist", "b", 0): (4, None),
    }


def test_nothing_observed_gives_no_rows() -> None:
    assert len(fold_history(changes())) == 0
