"""A stream goes on in a lake whose logs were trimmed, from where it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from helpers.building import envelope
from helpers.dying import DiedError
from helpers.reading import rows
from soundlake import stream
from soundlake.errors import SoundlakeError
from soundlake.frames import conf_set
from soundlake.lake import Lake
from soundlake.lease import lease
from soundlake.ops import delta_logs
from soundlake.ops import rebuild as rebuilding
from soundlake.ops.delta_logs import is_bronze_unread, refined_version, trim_logs
from soundlake.ops.log_files import LocalLog
from soundlake.ops.maintenance import compact
from soundlake.refine.batch import Refiner
from soundlake.settings import Settings, load_settings
from soundlake.tables import BATCHES, EVENTS, STAMPS, TRACKS

pytestmark = pytest.mark.slow


def commits(lake: Path, name: str) -> list[int]:
    """The versions of a table whose commits are there."""
    return sorted(int(file.stem) for file in (lake / name / "_delta_log").glob("*.json"))


def run(spark: SparkSession, settings: Settings, number: int) -> None:
    """Take a file with one track."""
    folder = Path(str(settings.source.files.path)) / "tracks"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{number}.ndjson").write_text(json.dumps(envelope("track", {"id": f"t{number}", "name": "Song"})))
    stream.run(spark, settings, once=True)


def settings_in(folder: Path) -> Settings:
    """Two commits are kept in each log."""
    made = load_settings(sets=[f"source.files.path={folder / 'records'}"], lake=str(folder / "lake"), env={})
    return made.model_copy(update={"maintain": made.maintain.model_copy(update={"log_commits": 2})})


@pytest.fixture(scope="module")
def after_five_batches(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lake that has a checkpoint at each commit."""
    folder = tmp_path_factory.mktemp("trimmed")
    settings = settings_in(folder)
    run(spark, settings, 0)
    for table in (EVENTS, STAMPS, TRACKS, BATCHES):
        Lake(settings.lake.uri).set_property(spark, table, "delta.checkpointInterval", "1")
    for number in range(1, 5):
        run(spark, settings, number)
    return folder


@pytest.fixture
def settings(after_five_batches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of a copy, in which nothing is too young to be trimmed."""
    shutil.copytree(after_five_batches, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(delta_logs, "LEAST_AGE_SECONDS", -60.0)
    return settings_in(tmp_path)


def append_to_bronze(spark: SparkSession, lake: Lake, commits: int) -> None:
    """Append a record in each of so many commits, without refine."""
    events = spark.read.format("delta").load(lake.path(EVENTS)).limit(1)
    for number in range(commits):
        more = events.withColumn("position", F.lit(f"elsewhere {number}"))
        more.write.format("delta").mode("append").save(lake.path(EVENTS))


def test_records_that_come_later_are_judged_by_all_that_was_there(
    spark: SparkSession, settings: Settings, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    assert trim_logs(spark, Lake(settings.lake.uri), settings) > 20
    assert commits(lake, EVENTS.path)[0] > 0
    assert commits(lake, STAMPS.path)[0] > 0
    run(spark, settings, 5)  # files in a copied folder are new ones: the first five come again
    assert sorted(row["track_id"] for row in rows(lake, TRACKS)) == [f"t{number}" for number in range(6)]
    last = max((row for row in rows(lake, BATCHES) if row["query"] == "refine"), key=lambda row: row["started_at"])
    assert (last["accepted"], last["duplicate"]) == (1, 5)


def test_bronze_that_refine_has_not_read_keeps_its_log(
    spark: SparkSession, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(settings.lake.uri)
    reached = refined_version(spark, lake)
    append_to_bronze(spark, lake, 6)
    trim_logs(spark, lake, settings)
    assert commits(tmp_path / "lake", EVENTS.path)[0] <= reached
    run(spark, settings, 5)
    assert len(rows(tmp_path / "lake", TRACKS)) == 6


def test_all_commits_of_the_last_batch_stay_because_spark_opens_them_again(
    spark: SparkSession, settings: Settings, tmp_path: Path
) -> None:
    lake = Lake(settings.lake.uri)
    append_to_bronze(spark, lake, 6)
    run(spark, settings, 5)  # one batch of refine takes them all
    trim_logs(spark, lake, settings)
    run(spark, settings, 6)
    assert len(rows(tmp_path / "lake", TRACKS)) == 7


@pytest.mark.parametrize(
    "where", [(Refiner, "refine"), (rebuilding, "apply_changes")], ids=["in its first batch", "after its batches"]
)
def test_a_rebuild_that_died_is_resumed_after_the_stream_went_on_and_trimmed_its_logs(
    spark: SparkSession, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: tuple[object, str]
) -> None:
    lake = Lake(settings.lake.uri)

    def die(*_: object, **__: object) -> None:
        raise DiedError

    with monkeypatch.context() as patched:
        patched.setattr(*where, die)
        with pytest.raises((DiedError, SoundlakeError)):
            rebuilding.rebuild(spark, lake, settings, lambda: None, lambda _: None)
    for number in range(5, 9):
        run(spark, settings, number)
    assert trim_logs(spark, lake, settings) > 0
    rebuilding.rebuild(spark, lake, settings, lambda: None, lambda _: None)
    assert sorted(row["track_id"] for row in rows(tmp_path / "lake", TRACKS)) == [f"t{number}" for number in range(9)]


def test_files_of_bronze_are_kept_until_refine_has_read_them(
    spark: SparkSession, settings: Settings, tmp_path: Path
) -> None:
    lake = Lake(settings.lake.uri)
    bronze = tmp_path / "lake" / EVENTS.path
    event = spark.read.format("delta").load(str(bronze)).limit(1).withColumn("position", F.lit("elsewhere"))
    event.write.format("delta").mode("append").save(str(bronze))
    before = set(bronze.glob("ingest_date=*/*.parquet"))
    with conf_set(spark, "spark.databricks.delta.retentionDurationCheck.enabled", "false"):
        compact(spark, lake, EVENTS, 0)
        assert before <= set(bronze.glob("ingest_date=*/*.parquet"))
        run(spark, settings, 5)
        compact(spark, lake, EVENTS, 0)
    assert not before <= set(bronze.glob("ingest_date=*/*.parquet"))
    assert len(rows(tmp_path / "lake", TRACKS)) == 6


def test_of_the_history_of_bronze_only_what_refine_has_not_read_is_looked_at(
    spark: SparkSession, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta_logs, "_MEANWHILE", 0)
    lake = Lake(settings.lake.uri)
    log = tmp_path / "lake" / EVENTS.path / "_delta_log"
    assert refined_version(spark, lake) > 1
    (log / f"{0:020}.json").write_text("not to be read")
    assert not is_bronze_unread(spark, lake, 0)
    bronze = lake.path(EVENTS)
    spark.read.format("delta").load(bronze).limit(1).write.format("delta").mode("append").save(bronze)
    assert is_bronze_unread(spark, lake, 0)


def test_a_log_that_cannot_be_trimmed_keeps_no_other_from_it(
    spark: SparkSession, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trim = LocalLog.delete

    def refused(log: LocalLog, names: Sequence[str]) -> None:
        if EVENTS.name in str(log._folder):
            raise SoundlakeError("S3 says: SlowDown")
        trim(log, names)

    monkeypatch.setattr(LocalLog, "delete", refused)
    assert trim_logs(spark, Lake(settings.lake.uri), settings) > 0
    assert commits(tmp_path / "lake", EVENTS.path)[0] == 0
    assert commits(tmp_path / "lake", STAMPS.path)[0] > 0


def test_while_another_job_runs_no_log_is_trimmed(spark: SparkSession, settings: Settings, tmp_path: Path) -> None:
    with lease(settings, "build_insights", "build_insights"):
        assert trim_logs(spark, Lake(settings.lake.uri), settings) == 0
    assert commits(tmp_path / "lake", EVENTS.path)[0] == 0
    assert trim_logs(spark, Lake(settings.lake.uri), settings) > 0
