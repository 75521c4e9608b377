"""A rebuild makes of bronze what the stream made of it, under the eyes of readers, wherever it dies."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from helpers.dying import DiedError
from helpers.models import publish_model
from helpers.reading import exists, rows, silver
from helpers.records import envelope, stamp
from soundlake import stream
from soundlake.checkpoints import property_name
from soundlake.clusters.features import FEATURES
from soundlake.errors import SoundlakeError
from soundlake.kinds import KINDS
from soundlake.lake import Lake
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.local import spark_environment
from soundlake.ops import rebuild as rebuilding
from soundlake.ops.maintenance import catch_up
from soundlake.ops.rebuild import complete_swap, rebuild
from soundlake.settings import Settings, load_settings
from soundlake.tables import (
    BATCHES,
    EVENTS,
    PLAYS,
    REJECTED,
    TRACK_CLUSTERS,
    TRACKS,
    Table,
)

pytestmark = pytest.mark.slow


def records(turn: int) -> list[dict[str, Any]]:
    """Things of which some are new, some change and some come again; and something that nothing can take."""
    features = dict.fromkeys(FEATURES, 0.1 * turn)
    return [
        *[
            envelope("track", {"id": f"t{n}", "name": f"{n} in {turn // (n % 2 + 1)}", "popularity": turn}, stamp(turn))
            for n in range(3 * turn)
        ],
        *[envelope("audio_features", {"id": f"t{n}", **features}, stamp(turn)) for n in range(2 * turn)],
        *[
            envelope("play", {"user_id": "u", "played_at": stamp(n, turn), "track": {"id": "t1"}}, stamp(turn))
            for n in range(4)
        ],
        envelope("artist", {"id": "a1", "name": "Singer", "followers": {"total": turn}}, stamp(turn)),
        envelope("playlist_item", {"playlist": {"id": "p"}, "position": 0, "track": {"id": f"t{turn}"}}, stamp(turn)),
        envelope("track", {"name": "no id"}),
    ]


def land(landed: Path, turn: int) -> None:
    for record in records(turn):
        folder = landed / f"{record['kind']}s"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{turn}.ndjson").open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


def settings_of(lake: Path, landed: Path) -> Settings:
    return load_settings(None, [f"source.files.path={landed}"], lake=str(lake), env={})


def caught_up(spark: SparkSession, lake: Path) -> Path:
    for kind in KINDS.values():
        if "fetched_at" in kind.volatile and exists(lake, kind.table):
            catch_up(spark, Lake(str(lake)), kind)
    return lake


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("landed")


@pytest.fixture(scope="module")
def streamed(spark: SparkSession, landed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake after two runs of the stream, with a model that was published between them."""
    lake = tmp_path_factory.mktemp("streamed") / "lake"
    land(landed, 1)
    stream.run(spark, settings_of(lake, landed), once=True)
    publish_model(spark, lake)
    land(landed, 2)
    stream.run(spark, settings_of(lake, landed), once=True)
    return lake


@pytest.fixture(scope="module")
def expected(spark: SparkSession, streamed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same lake, brought up to date by maintenance: a rebuild leaves nothing behind."""
    return caught_up(spark, Path(shutil.copytree(streamed, tmp_path_factory.mktemp("expected") / "lake")))


@pytest.fixture
def lake(streamed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(streamed, tmp_path / "lake"))


def run(spark: SparkSession, lake: Path, check: Callable[[], None] = lambda: None) -> None:
    settings = load_settings(None, ["refine.max_bytes_per_trigger=1k"], lake=str(lake), env={})
    rebuild(spark, Lake(str(lake)), settings, check, lambda _: None)


def without(lake: Path, table: Table, *names: str) -> list[str]:
    """The rows of a table without columns that hold the clock of a run."""
    return sorted(repr({n: v for n, v in row.items() if n not in names}) for row in rows(lake, table))


def made(lake: Path) -> dict[str, list[str]]:
    """Silver, the rejected and the clusters."""
    rejected, clusters = without(lake, REJECTED, "rejected_at"), without(lake, TRACK_CLUSTERS, "scored_at")
    return {**silver(lake), "rejected": rejected, "clusters": clusters}


def spoilt(spark: SparkSession, lake: Path) -> None:
    """Make silver what no stream makes."""
    spark.sql(f"DELETE FROM delta.`{lake / TRACKS.path}` WHERE track_id = 't1'")
    spark.sql(f"UPDATE delta.`{lake / PLAYS.path}` SET track_name = 'spoilt'")
    spark.sql(f"DELETE FROM delta.`{lake / TRACK_CLUSTERS.path}`")


def test_a_rebuild_gives_the_same_silver_and_clusters(spark: SparkSession, lake: Path, expected: Path) -> None:
    spoilt(spark, lake)
    run(spark, lake)
    assert made(lake) == made(expected)
    assert {row["cluster"] for row in rows(lake, TRACK_CLUSTERS)} <= {7, 3}
    assert len(rows(lake, TRACK_CLUSTERS)) == 4
    assert not list((lake / "_rebuild").iterdir())
    assert_accounted(lake)
    assert_described(lake, TRACKS)


def assert_accounted(lake: Path) -> None:
    """Since the rebuild every bronze record is counted once, under the id of its checkpoint."""
    id_ = json.loads((lake / "_checkpoints" / "refine" / "metadata").read_text())["id"]
    batches = [row for row in rows(lake, BATCHES) if row["query_id"] == id_]
    assert sum(row["read"] for row in batches) == len(rows(lake, EVENTS))
    assert {row["query"] for row in batches} <= {"rebuild", "refine"}
    assert DeltaTable(str(lake / BATCHES.path)).metadata().configuration[property_name("refine")] == id_


def assert_described(lake: Path, table: Table) -> None:
    found = DeltaTable(str(lake / table.path))
    comments = {field.name: field.metadata.get("comment") for field in found.schema().fields}
    assert comments == {column.name: column.comment for column in table.columns}


def test_a_rebuild_leaves_none_of_its_index_behind(spark: SparkSession, lake: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    sets = [f"refine.index_folder={index}", "refine.max_bytes_per_trigger=1b"]  # several batches
    settings = load_settings(sets=sets, lake=str(lake), env={})
    rebuild(spark, Lake(str(lake)), settings, lambda: None, lambda _: None)
    assert index.is_dir()
    assert [file for file in index.rglob("*") if file.is_file()] == []


def test_a_reader_sees_the_old_table_or_the_new_one(spark: SparkSession, lake: Path, expected: Path) -> None:
    spoilt(spark, lake)
    old = silver(lake)
    with polled(lake) as seen:
        run(spark, lake)
    new = silver(lake)
    assert new == silver(expected) != old
    for table in (TRACKS, PLAYS):
        assert {repr(state) for state in seen[table.view]} <= {repr(old[table.view]), repr(new[table.view])}
        assert repr(old[table.view]) in {repr(state) for state in seen[table.view]}


@contextmanager
def polled(lake: Path) -> Iterator[dict[str, list[list[str]]]]:
    """What a reader sees who reads two tables again and again."""
    seen: dict[str, list[list[str]]] = {TRACKS.view: [], PLAYS.view: []}
    ended, begun = threading.Event(), threading.Event()
    troubles: list[Exception] = []

    def poll() -> None:
        try:
            while not ended.is_set():
                for table in (TRACKS, PLAYS):
                    seen[table.view].append(sorted(repr(row) for row in rows(lake, table)))
                begun.set()
        except Exception as error:
            troubles.append(error)

    reader = threading.Thread(target=poll)
    reader.start()
    assert begun.wait(30)
    yield seen
    ended.set()
    reader.join()
    assert not troubles


@pytest.mark.faults
def test_a_stream_after_a_rebuild_adds_what_is_new(
    spark: SparkSession, lake: Path, streamed: Path, landed: Path, tmp_path: Path
) -> None:
    run(spark, lake)
    other = tmp_path / "other"
    shutil.copytree(landed, other)
    land(other, 3)
    # The folder is part of a record's name: what follows is read from a copy that takes its place.
    landed.rename(tmp_path / "aside")
    other.rename(landed)
    try:
        undisturbed = Path(shutil.copytree(streamed, tmp_path / "undisturbed"))
        for each in (lake, undisturbed):
            stream.run(spark, settings_of(each, landed), once=True)
            caught_up(spark, each)
    finally:
        shutil.rmtree(landed)
        (tmp_path / "aside").rename(landed)
    assert made(lake) == made(undisturbed)
    assert len(rows(lake, EVENTS)) == sum(len(records(turn)) for turn in (1, 2, 3))
    assert_accounted(lake)


@pytest.mark.faults
@pytest.mark.parametrize(
    "where",
    [
        "apply_changes",
        pytest.param("catch_up", marks=pytest.mark.faults),
        "_replace",
        *[pytest.param(where, marks=pytest.mark.faults) for where in ("_append_batch_rows", "reassign_all")],
        "move_checkpoint",
    ],
)
def test_a_rebuild_that_died_is_completed(spark: SparkSession, lake: Path, expected: Path, where: str) -> None:
    spoilt(spark, lake)
    work = getattr(rebuilding, where)

    def work_and_die(*arguments: Any) -> None:
        work(*arguments)
        raise DiedError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rebuilding, where, work_and_die)
        with pytest.raises(DiedError):
            run(spark, lake)
    if where in ("apply_changes", "catch_up"):  # nothing has changed places yet
        run(spark, lake)
    else:
        complete_swap(spark, Lake(str(lake)))
    assert made(lake) == made(expected)
    assert not list((lake / "_rebuild").iterdir())
    assert_accounted(lake)


@pytest.mark.faults
def test_a_stream_completes_a_rebuild_first(spark: SparkSession, lake: Path, expected: Path, landed: Path) -> None:
    half_swapped(spark, lake)
    stream.run(spark, settings_of(lake, landed), once=True)
    assert made(lake) == made(expected)
    assert_accounted(lake)


@pytest.mark.faults
def test_maintenance_completes_a_rebuild_first(spark: SparkSession, lake: Path, expected: Path) -> None:
    half_swapped(spark, lake)
    subprocess.run(
        [sys.executable, REGISTRY["maintain"].file, f"--lake={lake}"],
        env=os.environ | spark_environment(cores=2),
        check=True,
    )
    assert made(lake) == made(expected)
    assert not list((lake / "_rebuild").iterdir())
    assert_accounted(lake)


def half_swapped(spark: SparkSession, lake: Path) -> None:
    """Spoil a lake, and let a rebuild die when it has replaced the first two tables."""
    spoilt(spark, lake)
    replace = rebuilding._replace
    replaced: list[tuple[Any, ...]] = []

    def replace_two(*arguments: Any) -> None:
        if len(replaced) == 2:
            raise DiedError
        replaced.append(arguments)
        replace(*arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rebuilding, "_replace", replace_two)
        with pytest.raises(DiedError):
            run(spark, lake)


@pytest.mark.faults
def test_what_other_rules_have_begun_is_not_gone_on_with(
    spark: SparkSession, lake: Path, expected: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = lake / "_rebuild" / "begun by other rules"
    begun.mkdir(parents=True)
    (begun / "rules").write_text("others")
    run(spark, lake)
    assert not list((lake / "_rebuild").iterdir())
    assert made(lake) == made(expected)


@pytest.mark.faults
def test_a_rebuild_stops_when_its_lease_is_lost(spark: SparkSession, lake: Path) -> None:
    before = made(lake)

    def lost() -> None:
        raise SoundlakeError("the lease is lost")

    with pytest.raises(SoundlakeError, match="the lease is lost"):
        run(spark, lake, lost)
    assert made(lake) == before


@pytest.mark.faults
def test_without_bronze_nothing_is_rebuilt(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(SoundlakeError, match="nothing to rebuild from"):
        run(spark, tmp_path / "empty")


@pytest.mark.faults
def test_a_lost_checkpoint_is_made_anew_by_a_rebuild(
    spark: SparkSession, lake: Path, expected: Path, landed: Path
) -> None:
    shutil.rmtree(lake / "_checkpoints" / "refine")
    run(spark, lake)
    stream.run(spark, settings_of(lake, landed), once=True)
    assert made(lake) == made(expected)
