"""Rejected records that pass after a rule was mended leave silver/rejected, once, wherever the replay dies."""

from __future__ import annotations

import dataclasses
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from helpers.dying import DiedError, dying_after
from helpers.reading import rows, silver
from helpers.records import Record, envelope, events, stamp
from helpers.refining import apply, refiner
from soundlake.core.decode import decode
from soundlake.kinds import KINDS
from soundlake.kinds.kind import Envelope, Kind
from soundlake.kinds.rejection import RejectedError
from soundlake.kinds.values import Json, thing
from soundlake.lake import Lake
from soundlake.ops import replay as replays
from soundlake.ops.replay import complete_replay, replay
from soundlake.settings import Settings, load_settings
from soundlake.tables import (
    BATCHES,
    CHANGES,
    EVENTS,
    PLAYLIST_FETCHES,
    PLAYS,
    REJECTED,
    STAMPS,
    TABLES,
    TRACKS,
    Table,
)
from soundlake.writes import BatchWriter

pytestmark = pytest.mark.slow


def entry(position: int, track: str, hour: int) -> dict[str, Any]:
    playlist = {"id": "p", "name": "Bad"}
    return envelope("playlist_item", {"playlist": playlist, "position": position, "track": {"id": track}}, stamp(hour))


EXPORT = {
    "ts": "2026-03-01T10:00:00Z",
    "spotify_track_uri": "spotify:track:t1",
    "master_metadata_track_name": "Bad",
    "ms_played": 5,
    "ip_addr": "not to be kept",
    "user_id": "u",
}
BATCH: list[Record] = [
    envelope("track", {"id": "t1", "name": "Good", "popularity": 1}, stamp(1)),
    envelope("track", {"id": "t1", "name": "Bad", "popularity": 2}, stamp(2)),
    envelope("track", {"id": "t2", "name": "Bad", "popularity": 3}, stamp(2)),
    envelope("track", {"id": "t2", "name": "Bad", "popularity": 3}, stamp(2)),
    envelope("play", EXPORT),
    entry(0, "t1", 1),
    {"name": "nothing says what this is"},
]


def strict(kind: Kind, reason: str) -> Kind:
    """A kind that takes nothing that is called Bad."""
    names = {"track": ("name",), "play": ("master_metadata_track_name",), "playlist_item": ("playlist", "name")}

    def read(payload: Json, envelope_: Envelope) -> dict[str, Any]:
        row = kind.read(payload, envelope_)
        *above, name = names[kind.name]
        for outer in above:
            payload = thing(payload.get(outer))
        if payload.get(name) == "Bad":
            raise RejectedError(reason, "it is called Bad")
        return row

    return dataclasses.replace(kind, read=read)


@contextmanager
def too_strict(reason: str) -> Iterator[None]:
    """Rules as they were before they were mended."""
    with pytest.MonkeyPatch.context() as patched:
        stricter = {name: strict(KINDS[name], reason) for name in ("track", "play", "playlist_item")}
        kinds: Mapping[str, Kind] = {**KINDS, **stricter}
        patched.setattr("soundlake.refine.driver.decode", partial(decode, kinds=kinds))
        yield


def refined(spark: SparkSession, folder: Path) -> Path:
    lake = Lake(str(folder))
    batch = events(spark, None, {f"{place}": record for place, record in enumerate(BATCH)})
    lake.create(spark, EVENTS)
    batch.write.format("delta").mode("append").save(lake.path(EVENTS))
    refiner(folder).refine(spark, batch, "a query", 0)
    apply(spark, folder)
    return folder


def settings_of(lake: Path) -> Settings:
    return load_settings(lake=str(lake), env={})


@pytest.fixture(scope="module")
def mended(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake whose rules were right from the beginning."""
    return refined(spark, tmp_path_factory.mktemp("mended"))


@pytest.fixture(scope="module")
def before(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with too_strict("called_bad"):
        return refined(spark, tmp_path_factory.mktemp("before"))


@pytest.fixture(scope="module")
def after(spark: SparkSession, before: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("after") / "lake"
    shutil.copytree(before, lake)
    done = replay(spark, Lake(str(lake)), settings_of(lake))
    assert done == Counter(read=6, accepted=4, duplicate=1, rejected=1)
    return lake


@pytest.fixture
def lake(before: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(before, tmp_path / "lake"))


def reasons(lake: Path) -> dict[str, str]:
    return {row["position"]: row["reason"] for row in rows(lake, REJECTED)}


def versions(lake: Path) -> dict[str, int]:
    there = [table for table in TABLES if DeltaTable.is_deltatable(str(lake / table.path))]
    return {table.view: DeltaTable(str(lake / table.path)).version() for table in there}


def accounts(lake: Path) -> list[tuple[Any, ...]]:
    counted = ("query", "query_id", "batch_id", "read", "accepted", "duplicate", "stale", "rejected")
    return sorted(tuple(row[name] for name in counted) for row in rows(lake, BATCHES))


def test_rules_that_were_too_strict_reject_and_hide_personal_bytes(before: Path) -> None:
    assert reasons(before) == dict.fromkeys("12345", "called_bad") | {"6": reasons(before)["6"]}
    (play,) = [row for row in rows(before, REJECTED) if row["position"] == "4"]
    assert play["value"] is None
    assert not rows(before, PLAYS)


def test_what_passes_comes_into_silver_as_if_it_had_never_been_rejected(after: Path, mended: Path) -> None:
    assert silver(after) == silver(mended)
    assert rows(after, PLAYS)[0]["track_name"] == "Bad"


def test_what_passes_leaves_the_rejected_and_the_rest_stays(after: Path, before: Path) -> None:
    assert reasons(after) == {"6": reasons(before)["6"]}
    stayed = [row for row in rows(before, REJECTED) if row["position"] == "6"]
    assert rows(after, REJECTED) == stayed


def test_a_replay_has_an_account_of_its_own(after: Path) -> None:
    assert accounts(after) == [
        ("refine", "a query", 0, 7, 1, 0, 0, 6),
        ("replay_rejected", "replay_rejected", 0, 6, 4, 1, 0, 1),
    ]


def test_a_second_replay_changes_nothing(spark: SparkSession, after: Path) -> None:
    before = versions(after)
    assert replay(spark, Lake(str(after)), settings_of(after)) == Counter(read=1, rejected=1)
    assert versions(after) == before
    assert not list((after / "_replay").iterdir())


def test_what_still_fails_has_the_reason_of_today(spark: SparkSession, lake: Path) -> None:
    with too_strict("also_called_bad"):
        replay(spark, Lake(str(lake)), settings_of(lake))
    assert {reasons(lake)[place] for place in "12345"} == {"also_called_bad"}
    assert accounts(lake)[-1] == ("replay_rejected", "replay_rejected", 0, 6, 0, 0, 0, 6)


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(TRACKS, marks=pytest.mark.faults),
        pytest.param(PLAYLIST_FETCHES, marks=pytest.mark.faults),
        CHANGES,
        pytest.param(STAMPS, marks=pytest.mark.faults),
        pytest.param(BATCHES, marks=pytest.mark.faults),
    ],
    ids=lambda table: table.view,
)
def test_a_replay_that_died_after_an_append_is_completed(
    spark: SparkSession, lake: Path, after: Path, table: Table
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BatchWriter, "append", dying_after(BatchWriter.append, table))
        assert_is_completed(spark, lake, after, patched)


@pytest.mark.parametrize("step", ["_replace", "apply_changes"])
def test_a_replay_that_died_at_its_end_is_completed(spark: SparkSession, lake: Path, after: Path, step: str) -> None:
    work = getattr(replays, step)

    def work_and_die(*arguments: Any) -> None:
        work(*arguments)
        raise DiedError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(replays, step, work_and_die)
        assert_is_completed(spark, lake, after, patched)


def assert_is_completed(spark: SparkSession, lake: Path, after: Path, patched: pytest.MonkeyPatch) -> None:
    """A replay dies, and is completed by the next one."""
    with pytest.raises(DiedError):
        replay(spark, Lake(str(lake)), settings_of(lake))
    patched.undo()
    complete_replay(spark, Lake(str(lake)), settings_of(lake))
    assert silver(lake) == silver(after)
    assert reasons(lake) == reasons(after)
    assert accounts(lake) == accounts(after)
    assert not list((lake / "_replay").iterdir())


@pytest.mark.faults
def test_many_are_replayed_in_several_batches(
    spark: SparkSession, lake: Path, after: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "RECORDS_AT_ONCE", 3)
    replay(spark, Lake(str(lake)), settings_of(lake))
    assert silver(lake) == silver(after)
    assert reasons(lake) == reasons(after)
    assert sum(account[3] for account in accounts(lake) if account[0] == "replay_rejected") == 6
