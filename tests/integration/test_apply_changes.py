"""What waits in silver/changes is applied: to what tables, once, and whatever dies on the way."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from delta.tables import DeltaMergeBuilder, DeltaTable
from deltalake import DeltaTable as Reader
from pyspark.sql import DataFrameWriter, SparkSession

from helpers.building import Record, envelope, stamp
from helpers.dying import DiedError
from helpers.lake_model import LakeModel, here
from helpers.model_tables import KEYED, playlist_items, put, put_all, put_changes
from helpers.models import publish_model
from helpers.reading import rows
from soundlake.clusters.features import FEATURES
from soundlake.core.decode import key_of
from soundlake.core.judge import STAMPS_SCHEMA
from soundlake.kinds import KINDS
from soundlake.lake import Lake
from soundlake.refine import apply
from soundlake.refine.apply import Applied, apply_changes
from soundlake.tables import (
    CHANGES,
    PLAYLIST_ITEMS,
    POPULARITY_HISTORY,
    STAMPS,
    TRACK_CLUSTERS,
    TRACK_FEATURES,
    TRACKS,
    Table,
)

CALM, LOUD = dict.fromkeys(FEATURES, 0.0), dict.fromkeys(FEATURES, 1.0)


def entry(playlist: str, position: int, track: str, hour: int, total: int, day: int = 1) -> Record:
    payload = {"playlist": {"id": playlist, "total": total}, "position": position, "track": {"id": track}}
    return envelope("playlist_item", payload, stamp(hour, day))


def export(**more: object) -> Record:
    payload = {"user_id": "u", "ts": "2026-03-01T10:00:00Z", "spotify_track_uri": "spotify:track:t"}
    return envelope("play", payload | more, stamp(20))


def poll(**more: object) -> Record:
    payload = {"user_id": "u", "played_at": "2026-03-01T10:00:00.5Z", "track": {"id": "t", "name": "Polled"}}
    return envelope("play", payload | more, stamp(11))


def saved(rank: int, hour: int) -> Record:
    payload = {"user_id": "u", "relation": "top", "time_range": None, "rank": rank, "track": {"id": "t"}}
    return envelope("user_item", payload, stamp(hour))


FIRST: list[Record] = [
    envelope("track", {"id": "t1", "name": "Old", "popularity": 1, "album": {"id": "b", "name": "Album"}}, stamp(1)),
    envelope("track", {"id": "t2", "name": "Stays", "popularity": 2}, stamp(1)),
    envelope("artist", {"id": "a1", "name": "Old", "popularity": 1, "followers": {"total": 5}}, stamp(1)),
    envelope("album", {"id": "b1", "name": "Old", "release_date": "2020", "release_date_precision": "year"}, stamp(5)),
    envelope("audio_features", {"id": "t1", **CALM}, stamp(1)),
    envelope("audio_features", {"id": "t2", **CALM}, stamp(1)),
    envelope("audio_features", {"id": "t3", "tempo": 1.0}, stamp(1)),
    envelope("playlist", {"id": "p1", "name": "Old", "followers": {"total": 1}}, stamp(1)),
    *[entry("p1", place, f"t{place}", hour=1, total=3) for place in range(3)],
    poll(),
    saved(1, hour=1),
]
SECOND: list[Record] = [
    envelope("track", {"id": "t1", "name": "New", "popularity": 3}, stamp(2)),
    envelope("track", {"id": "t2", "popularity": 4}, stamp(2)),
    envelope("artist", {"id": "a1", "name": "New", "popularity": 3}, stamp(2)),
    envelope("album", {"id": "b1", "release_date": "2020-05-06", "release_date_precision": "day"}, stamp(1)),
    envelope("audio_features", {"id": "t1", **LOUD}, stamp(2)),
    envelope("audio_features", {"id": "t3", **LOUD}, stamp(2)),
    envelope("playlist", {"id": "p1", "name": "New"}, stamp(2)),
    # One place less, one with another track; and the first snapshot of another day.
    *[entry("p1", place, track, hour=2, total=2) for place, track in ((0, "t0"), (1, "t9"))],
    entry("p1", 0, "t5", hour=2, total=1, day=2),
    export(ms_played=7),
    saved(2, hour=2),
]
THIRD: list[Record] = [
    envelope("track", {"id": "t1", "name": "Newer", "popularity": 5}, stamp(3)),
    envelope("artist", {"id": "a1", "followers": {"total": 6}}, stamp(3)),
]


def refined(*batches: Sequence[Record]) -> LakeModel:
    model = LakeModel(here)
    for batch in batches:
        model.refine({str(place): record for place, record in enumerate(batch)})
    return model


@pytest.fixture(scope="module")
def waiting(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in which the changes of two batches wait; what the first batch observed is applied."""
    folder = tmp_path_factory.mktemp("waiting") / "lake"
    model = refined(FIRST)
    model.apply()
    items = playlist_items(model)
    model.refine({str(place): record for place, record in enumerate(SECOND)})
    model.refine({str(place): record for place, record in enumerate(THIRD)})
    put_all(spark, folder, model, items)
    publish_model(spark, folder)
    put(spark, folder, TRACK_CLUSTERS, [cluster("t1", 7), cluster("t2", 7)])
    return folder


def cluster(track: str, label: int) -> dict[str, Any]:
    return {"track_id": track, "cluster": label, "cluster_name": "calm", "distance": 0.0, "model_version": "v1"}


@pytest.fixture(scope="module")
def expected() -> LakeModel:
    model = refined(FIRST, SECOND, THIRD)
    model.apply()
    return model


@pytest.fixture(scope="module")
def done(spark: SparkSession, waiting: Path) -> tuple[Path, Applied]:
    """The lake in which they were applied, and what was said of it."""
    folder = waiting.parent / "done"
    shutil.copytree(waiting, folder)
    return folder, apply_changes(spark, Lake(str(folder)))


def by_key(table: Table, found: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(row[name] for name in table.key): row for row in found}


@pytest.mark.parametrize("table", [*KEYED, POPULARITY_HISTORY], ids=lambda table: table.name)
def test_a_table_holds_what_the_core_says_of_rows_and_changes(
    done: tuple[Path, Applied], expected: LakeModel, table: Table
) -> None:
    found, modelled = rows(done[0], table), list(expected.tables[table.path].values())
    assert by_key(table, [told(table, row) for row in found]) == by_key(table, [told(table, row) for row in modelled])


def told(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row without what may lag."""
    lagging = {name for kind in KINDS.values() if kind.table is table for name in kind.volatile}
    return {name: value for name, value in row.items() if name not in lagging}


def test_the_snapshots_of_touched_days_are_set_anew(done: tuple[Path, Applied], expected: LakeModel) -> None:
    assert by_key(PLAYLIST_ITEMS, rows(done[0], PLAYLIST_ITEMS)) == by_key(PLAYLIST_ITEMS, playlist_items(expected))


def test_tracks_whose_features_changed_are_scored_by_the_current_model(done: tuple[Path, Applied]) -> None:
    labels = {row["track_id"]: row["cluster"] for row in rows(done[0], TRACK_CLUSTERS)}
    assert labels == {"t1": 3, "t2": 7, "t3": 3}


def test_it_says_how_many_changes_each_table_had(waiting: Path, done: tuple[Path, Applied]) -> None:
    assert done[1].changes == Counter(row["target"] for row in rows(waiting, CHANGES))
    assert set(done[1].changes) == {*[table.name for table in KEYED], "popularity_history", "playlist_items"}


def test_nothing_waits_any_more(spark: SparkSession, done: tuple[Path, Applied]) -> None:
    assert rows(done[0], CHANGES) == []
    assert apply_changes(spark, Lake(str(done[0]))) == Applied({})


def test_a_lake_without_changes_has_nothing_to_apply(spark: SparkSession, tmp_path: Path) -> None:
    assert apply_changes(spark, Lake(str(tmp_path))) == Applied({})


@pytest.mark.parametrize(("day", "hour"), [(1, 2), (2, 2)])
def test_the_fetch_that_was_chosen_is_stamped(done: tuple[Path, Applied], day: int, hour: int) -> None:
    key = key_of("playlist_item", f"p1\x1f2026-03-0{day}")
    (found,) = [row for row in rows(done[0], STAMPS) if row["key"] == key]
    assert (found["rank"]["fetched_at"].hour, found["on_date"].day, found["fields"]) == (hour, day, 1)


def test_an_entry_of_a_fetch_older_than_the_chosen_one_is_stale_from_then_on(done: tuple[Path, Applied]) -> None:
    model = refined(FIRST, SECOND, THIRD)
    batch = [row for row in rows(done[0], STAMPS) if row["batch"].startswith("apply")]
    model.stamps.append(("apply", stamps_table(batch)))
    model.refine({"late": entry("p1", 0, "t7", hour=1, total=4, day=2)})
    assert model.counts[-1]["playlist_item"] == {"stale": 1}


def stamps_table(found: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(found, schema=STAMPS_SCHEMA)


def test_what_is_applied_twice_is_there_once(
    spark: SparkSession, waiting: Path, done: tuple[Path, Applied], tmp_path: Path
) -> None:
    again = Path(shutil.copytree(done[0], tmp_path / "again"))
    put(spark, again, CHANGES, rows(waiting, CHANGES))
    apply_changes(spark, Lake(str(again)))
    assert contents(again) == contents(done[0])
    assert files(again) == files(done[0]), "where nothing differs no row is written"


def files(folder: Path) -> dict[str, list[str]]:
    tables = (*KEYED, PLAYLIST_ITEMS)
    return {table.name: sorted(Path(uri).name for uri in Reader(folder / table.path).file_uris()) for table in tables}


def contents(folder: Path) -> dict[str, list[str]]:
    """What readers see, but for the time of scoring."""
    tables = (*KEYED, POPULARITY_HISTORY, PLAYLIST_ITEMS, TRACK_CLUSTERS)
    return {table.name: sorted(repr(row | {"scored_at": None}) for row in rows(folder, table)) for table in tables}


def test_it_can_be_done_in_steps_with_batches_between(spark: SparkSession, tmp_path: Path) -> None:
    names = [
        envelope("track", {"id": "t", "name": name}, stamp(hour)) for hour, name in enumerate(("Old", "New", "Late"))
    ]
    model = refined(*[[record] for record in names])
    late = model.changes.pop()
    put_all(spark, tmp_path, model)
    (first, change), (last, clear) = apply.applications(spark, Lake(str(tmp_path)))
    assert (first, last) == (TRACKS, CHANGES)
    change()
    assert [row["track_name"] for row in rows(tmp_path, TRACKS)] == ["New"]
    put_changes(spark, tmp_path, "refine/late", late)
    clear()
    assert [row["batch"] for row in rows(tmp_path, CHANGES)] == ["refine/late"]
    for _, step in apply.applications(spark, Lake(str(tmp_path))):
        step()
    assert [row["track_name"] for row in rows(tmp_path, TRACKS)] == ["Late"]
    assert apply.applications(spark, Lake(str(tmp_path))) == []


def test_many_changes_are_folded_by_all_workers(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = [
        [envelope("track", {"id": f"t{number}", "name": name, "popularity": hour}, stamp(hour)) for number in range(20)]
        for hour, name in enumerate(("Old", "New", "Newest"))
    ]
    model = refined(*batches)
    put_all(spark, tmp_path, model)
    monkeypatch.setattr(apply, "FEW", 0)
    apply_changes(spark, Lake(str(tmp_path)))
    assert Counter(row["track_name"] for row in rows(tmp_path, TRACKS)) == {"Newest": 20}
    assert Counter(row["popularity"] for row in rows(tmp_path, POPULARITY_HISTORY)) == {2: 20}


@pytest.fixture
def deaths(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Lets whoever writes tables, one at a time, die after each write that is not in this set, and puts it in there."""
    died: set[tuple[str, str]] = set()
    opened: list[str] = []
    delta = Lake.delta

    def open_table(lake: Lake, spark: SparkSession, table: Table) -> DeltaTable:
        opened[:] = [table.name]
        return delta(lake, spark, table)

    def die_after(what: str, write: Callable[..., Any]) -> Callable[..., Any]:
        def and_die(*arguments: Any) -> None:
            write(*arguments)
            done = (what, Path(arguments[1]).name if what == "append" else opened[0])
            if done not in died:
                died.add(done)
                raise DiedError

        return and_die

    monkeypatch.setattr(apply, "TABLES_AT_ONCE", 1)
    monkeypatch.setattr(Lake, "delta", open_table)
    monkeypatch.setattr(DeltaMergeBuilder, "execute", die_after("merge", DeltaMergeBuilder.execute))
    monkeypatch.setattr(DataFrameWriter, "save", die_after("append", DataFrameWriter.save))
    monkeypatch.setattr(DeltaTable, "delete", die_after("delete", DeltaTable.delete))
    return died


@pytest.fixture
def some(waiting: Path, tmp_path: Path) -> Path:
    """The waiting lake with changes of those tables only whose application takes more than one write."""
    folder = Path(shutil.copytree(waiting, tmp_path / "some"))
    targets = (TRACK_FEATURES.name, PLAYLIST_ITEMS.name)
    Reader(folder / CHANGES.path).delete(f"target NOT IN {targets}")
    return folder


@pytest.mark.slow
def test_an_application_may_die_after_each_of_its_writes(
    spark: SparkSession, done: tuple[Path, Applied], some: Path, deaths: set[tuple[str, str]]
) -> None:
    has_ended = False
    while not has_ended:
        try:
            apply_changes(spark, Lake(str(some)))
            has_ended = True
        except DiedError:
            pass
    assert deaths == {
        ("merge", "audio_features"),
        ("merge", "track_clusters"),
        ("append", "playlist_items"),
        ("merge", "playlist_items"),
        ("append", "stamps"),
        ("delete", "changes"),
    }
    assert rows(some, CHANGES) == []
    for table in (TRACK_FEATURES, TRACK_CLUSTERS, PLAYLIST_ITEMS):
        assert contents(some)[table.name] == contents(done[0])[table.name]
