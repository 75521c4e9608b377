"""silver_listening: polls and exports of the same listenings overlap, and each listening counts once. On DuckDB."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest

from helpers.asking import schema
from helpers.listenings import Record, basic, extended, plays_of, poll
from soundlake.tables import PLAYS
from soundlake.views import LISTENING


def heard(*records: Record) -> list[tuple[str, str]]:
    """When and what was listened to, in order."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register(PLAYS.view, pa.Table.from_pylist(plays_of(records), schema(PLAYS)))
        rows = connection.sql(LISTENING.sql()).to_arrow_table()
    assert tuple(rows.column_names) == LISTENING.column_names
    return sorted((f"{row['played_at']:%d %H:%M:%S}", row["track_name"]) for row in rows.to_pylist())


def test_plays_of_one_road_all_count() -> None:
    for road in (poll, extended, basic):
        records = [road("2026-10-01 10:00", "a"), road("2026-10-01 10:03", "a"), road("2026-10-02 10:00", "b")]
        assert heard(*records) == [("01 10:00:00", "a"), ("01 10:03:00", "a"), ("02 10:00:00", "b")]


def test_a_poll_and_its_export_are_one_listening_however_their_clocks_differ() -> None:
    same_second = [poll("2026-10-01 10:00:01.863", "a"), extended("2026-10-01 10:00:01", "a")]
    a_second_later = [poll("2026-10-01 11:00:01.863", "b"), extended("2026-10-01 11:00:02", "b")]
    a_track_later = [poll("2026-10-01 12:00:00.000", "c"), extended("2026-10-01 12:03:20", "c")]
    found = heard(*same_second, *a_second_later, *a_track_later)
    assert [title for _, title in found] == ["a", "b", "c"]


def test_the_extended_export_goes_before_all_else_on_its_days() -> None:
    assert heard(
        extended("2026-10-01 10:03:20", "a"),
        poll("2026-10-01 10:00:00", "a"),
        basic("2026-10-01 10:03", "a"),
        basic("2026-10-01 09:00", "not exported"),
        extended("2026-10-02 10:00:00", "b"),
    ) == [("01 10:03:20", "a"), ("02 10:00:00", "b")]


def test_on_days_without_export_polls_go_before_the_basic_export() -> None:
    assert heard(
        extended("2026-10-01 10:00:00", "a"),
        poll("2026-10-02 10:00:00", "b"),
        basic("2026-10-02 10:03", "b"),
        basic("2026-10-03 10:03", "c"),
        extended("2026-10-04 10:00:00", "d"),
    ) == [("01 10:00:00", "a"), ("02 10:00:00", "b"), ("03 10:03:00", "c"), ("04 10:00:00", "d")]


def test_what_was_polled_after_the_newest_exported_play_stays_on_the_same_day_too() -> None:
    assert heard(
        extended("2026-10-01 10:00:00", "a"),
        extended("2026-10-01 12:00:00", "b"),
        poll("2026-10-01 11:59:00", "b"),
        poll("2026-10-01 18:00:00", "c"),
        poll("2026-10-02 09:00:00", "d"),
    ) == [("01 10:00:00", "a"), ("01 12:00:00", "b"), ("01 18:00:00", "c"), ("02 09:00:00", "d")]


def test_a_newer_export_takes_the_place_of_what_was_polled_meanwhile() -> None:
    first = [extended("2026-10-01 10:00:00", "a"), poll("2026-10-01 18:00:00", "c"), poll("2026-10-02 09:00:00", "d")]
    newer = [extended("2026-10-01 18:03:20", "c"), extended("2026-10-02 09:03:20", "d")]
    assert heard(*first, *newer) == [("01 10:00:00", "a"), ("01 18:03:20", "c"), ("02 09:03:20", "d")]


def test_what_is_after_the_export_in_the_basic_export_does_not_stay_on_an_exported_day() -> None:
    assert heard(extended("2026-10-01 10:00:00", "a"), basic("2026-10-01 18:00", "b")) == [("01 10:00:00", "a")]


def test_each_listener_has_roads_of_their_own() -> None:
    assert heard(
        extended("2026-10-01 12:00:00", "a"),
        poll("2026-10-01 10:00:00", "b"),
        poll("2026-10-01 10:00:00", "c", user="u2"),
        basic("2026-10-01 11:00", "d", user="u3"),
    ) == [("01 10:00:00", "c"), ("01 11:00:00", "d"), ("01 12:00:00", "a")]


def test_days_are_those_of_utc() -> None:
    before, after = poll("2026-10-01 23:59:59", "a"), extended("2026-10-02 00:03:00", "b")
    assert heard(before, after) == [("01 23:59:59", "a"), ("02 00:03:00", "b")]


def test_exported_plays_without_uri_or_length_are_of_the_export_still() -> None:
    local = extended("2026-10-01 10:00:00", "a local file", spotify_track_uri=None)
    unheard = extended("2026-10-01 11:00:00", "b", ms_played=None)
    bare = extended("2026-10-01 12:00:00", "c", reason_start=None, reason_end=None, platform=None)
    assert len(heard(local, unheard, bare, basic("2026-10-01 10:00", "d"), poll("2026-10-01 10:00:00", "e"))) == 3


@pytest.mark.heavy
def test_however_roads_overlap_it_is_as_the_contract_says() -> None:
    chance = random.Random(7)  # noqa: S311
    for _ in range(8):
        records = [_at_random(chance) for _ in range(40)]
        assert heard(*records) == _by_the_contract(records)


_ROADS = {"ts": 3, "played_at": 2, "endTime": 1}


def _at_random(chance: random.Random) -> Record:
    # Each minute has one title, so that titles tell plays apart.
    minute = chance.randrange(5 * 24 * 60)
    moment = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(minutes=minute)
    road = chance.choice((poll, extended, basic))
    return road(f"{moment:%Y-%m-%d %H:%M}", f"{minute}", user=chance.choice(("u1", "u2")))


def _by_the_contract(records: Iterable[Record]) -> list[tuple[str, str]]:
    """The sentence of the contract in plain words: the best road of the day, and polls after the newest export."""
    found = []
    for one in records:
        (time,) = _ROADS.keys() & one.keys()
        title = one.get("trackName") or one.get("master_metadata_track_name") or one["track"]["name"]
        moment = datetime.fromisoformat(one[time].rstrip("Z")).replace(tzinfo=UTC)
        found.append((one["user_id"], moment, _ROADS[time], title))
    counted = set()
    for user, moment, road, title in found:
        of_day = [r for u, m, r, _ in found if u == user and m.date() == moment.date()]
        exported = [m for u, m, r, _ in found if u == user and r == 3]
        if road == max(of_day) or (road == 2 and exported and moment > max(exported)):
            counted.add((user, f"{moment:%d %H:%M:%S}", title))
    return sorted((moment, title) for _, moment, title in counted)
